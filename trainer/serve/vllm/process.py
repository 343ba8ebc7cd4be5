"""One `vllm serve` process: started, watched, spoken to and ended.

It listens on a Unix socket in a folder that only this user can enter, and wants a random key besides. A port
on loopback would be open to every user of the machine, and vLLM guards only a part of its routes with its
key: without one, `/adapters` loads an adapter from any path and `/invocations` answers (seen with 0.32).
"""

import asyncio
import contextlib
import json
import logging
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from os import killpg
from pathlib import Path
from typing import Any, ClassVar

import aiohttp

from trainer.jobs import child
from trainer.serve.vllm.adapters import Adapters
from trainer.serve.vllm.command import command, environment
from trainer.serve.vllm.wire import Template
from trainer.settings import Serving

STARTING, READY, ENDED = "starting", "ready", "ended"
POLL_SECONDS = 0.1
#: One line of a stream: twenty alternatives for each of some tokens.
LONGEST_LINE = 2**22
HOST = "http://vllm"

log = logging.getLogger(__name__)


class Process:
    """Serves one source: a base with its adapters, or one fully tuned model."""

    #: The template of each source that was served, which takes some seconds to read.
    templates: ClassVar[dict[str, Template]] = {}

    def __init__(self, source: str, base: dict[str, Any], home: Path, settings: Serving) -> None:
        self.source = source
        self.base = base
        self.settings = settings
        self.log_file = home / "logs" / "vllm.log"
        self.folder = Path(tempfile.mkdtemp(prefix="ft-vllm-"))
        self.key = secrets.token_urlsafe(32)
        self.state = STARTING
        self.was_ready = False
        self.answers = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self.asked = time.monotonic()
        self.adapters = Adapters(home / "jobs", settings.loaded_models, self.call)
        self.session: aiohttp.ClientSession | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.life: asyncio.Task[None] | None = None

    def start(self, ended: Callable[["Process"], None]) -> None:
        """Start it; `ended` is called when it is gone, by whatever cause but `stop`."""
        gpus = ",".join(self.settings.devices) or None
        self.process = child.start(
            "trainer.serve.vllm.guard",
            *command(self.source, self.base, self.settings, self.folder / "socket"),
            threads=self.settings.threads,
            log=self.log_file,
            device=gpus,
        )
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(json.dumps(environment(self.key)).encode() + b"\n")
        self.process.stdin.flush()
        self.session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(self.folder / "socket"), limit=0),
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=LONGEST_LINE,
        )
        self.life = asyncio.create_task(self._live(ended))
        log.info("Started vLLM for %s (%s)", self.source, self.process.pid)

    async def _live(self, ended: Callable[["Process"], None]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.start_seconds):
                await self._until_it_answers()
        async for _ in _ticks():
            if self.state != READY or not self._runs():
                break
        log.error("vLLM for %s has ended or did not start; see %s", self.source, self.log_file)
        await self._kill()
        # Without a pause between the two: who asks meets either this process or its successor.
        self.state = ENDED
        ended(self)
        await self._close()

    async def _until_it_answers(self) -> None:
        template = asyncio.create_task(self._read_template())
        try:
            async for _ in _ticks():
                if not self._runs() or await self._is_healthy():
                    break
            if self._runs():
                self.templates[self.source] = await template
                self.state, self.was_ready = READY, True
                log.info("vLLM answers for %s", self.source)
        except (ValueError, OSError) as error:
            log.error("The chat template of %s can't be read: %s", self.source, error)
        finally:
            template.cancel()

    def _runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    async def _is_healthy(self) -> bool:
        try:
            return (await self.call("GET", "/health"))[0] == 200
        except aiohttp.ClientError:
            return False

    @property
    def template(self) -> Template:
        """What is known of the model's chat template."""
        return self.templates[self.source]

    async def _read_template(self) -> Template:
        if self.source in self.templates:
            return self.template
        trust = ["--trust-remote-code"] if self.base["trust_remote_code"] else []
        reader = child.start(
            "trainer.serve.vllm.template",
            self.source,
            *trust,
            threads=1,
            log=self.log_file,
            stdout=subprocess.PIPE,
        )
        try:
            output, _ = await asyncio.to_thread(reader.communicate)
        finally:
            child.kill(reader)
        return Template(**json.loads(output))

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """One request with a short answer: its status and its JSON body, None for a body that isn't JSON."""
        async with self._session().request(method, HOST + path, json=body) as response:
            text = await response.text()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, None

    @contextlib.asynccontextmanager
    async def stream(self, path: str, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request whose answer comes line by line; leaving it early lets vLLM stop."""
        async with self._session().post(HOST + path, json=body) as response:
            yield response

    def _session(self) -> aiohttp.ClientSession:
        assert self.session is not None  # noqa: S101
        return self.session

    async def stop(self) -> None:
        """End it now."""
        if self.life is not None:
            self.life.cancel()
            await asyncio.gather(self.life, return_exceptions=True)
        self.state = ENDED
        await self._kill()
        await self._close()

    async def _kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                killpg(self.process.pid, signal.SIGKILL)
            await asyncio.to_thread(child.kill, self.process)

    async def _close(self) -> None:
        if self.session is not None:
            await self.session.close()
        shutil.rmtree(self.folder, ignore_errors=True)


async def _ticks() -> AsyncIterator[None]:
    while True:
        yield
        await asyncio.sleep(POLL_SECONDS)
