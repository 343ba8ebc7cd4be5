"""The vLLM engine: which processes run, and the way of a question through one of them.

A base and its adapters share a process. A fully tuned model shares nothing with its base and has a process of
its own. At most `vllm_processes` run at a time: the one not asked for longest makes room, unless it is
answering or was asked a moment ago, so that two models asked in turn don't stop each other's start for ever.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp

from trainer.errors import ApiError, no_such_model
from trainer.serve.port import Question, Said, unavailable
from trainer.serve.vllm import wire
from trainer.serve.vllm.adapters import Gone
from trainer.serve.vllm.process import ENDED, READY, Process
from trainer.settings import Serving

CHAT = "/v1/chat/completions"
#: A process stays at least this long after its last question.
STAY_SECONDS = 20.0

log = logging.getLogger(__name__)


class Vllm:
    """Answers by vLLM."""

    def __init__(self, home: Path, settings: Serving) -> None:
        self.home = home
        self.settings = settings
        self.processes: dict[str, Process] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    async def answer(self, question: Question) -> AsyncGenerator[Said, None]:
        """What vLLM says of one question; raises ApiError, 503 while the model is being loaded."""
        process = self._ready(question)
        async with _counted(process), aclosing(self._answer(process, question)) as saying:
            try:
                async for said in saying:
                    yield said
            except Gone as error:
                raise no_such_model(question["model"]) from error
            except aiohttp.ClientError as error:
                message = "The process that answers has ended. A new one is being started; try again."
                raise unavailable("answerer_ended", message) from error

    async def _answer(self, process: Process, question: Question) -> AsyncGenerator[Said, None]:
        """A name that vLLM has lost is registered once more."""
        for again in (True, False):
            async with (
                _model(process, question["folder"]) as name,
                process.stream(CHAT, wire.body_of(question, name, process.template)) as response,
            ):
                if response.status == 200:
                    calls = process.template.calls if question["tools"] else None
                    async for said in wire.said_of(response.content, calls):
                        yield said
                    return
                error = wire.refusal(response.status, await _json(response), question)
            if response.status != 404 or not again:
                raise error
            process.adapters.lost(name)

    async def get_ready(self, base: dict[str, Any], folder: str | None) -> None:
        """Start the process that this model needs, if there is room for one."""
        with contextlib.suppress(ApiError):
            self._running(_source(base, folder), base)

    def forget(self, folder: str) -> None:
        """A model was deleted."""
        for process in list(self.processes.values()):
            self._do(process.adapters.forget(folder) if process.source != folder else self._retire(process))

    async def stop(self) -> None:
        """End every process."""
        processes, self.processes = list(self.processes.values()), {}
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*(process.stop() for process in processes), *self.tasks, return_exceptions=True)

    def _ready(self, question: Question) -> Process:
        base, folder = question["base"], question["folder"]
        if folder is not None and not Path(folder).is_dir():
            raise no_such_model(question["model"])
        process = self._running(_source(base, folder), base)
        if process.state != READY:
            message = f"The model `{question['model']}` is being loaded for answering; try again soon."
            raise unavailable("model_loading", message)
        return process

    def _running(self, source: str, base: dict[str, Any]) -> Process:
        """The process of a source, started if need be; a failed start is told once, then tried again."""
        process = self.processes.get(source)
        if process is not None and process.state == ENDED:
            del self.processes[source]
            message = "vLLM did not start with this model; the server's logs/vllm.log says why. Try again."
            raise unavailable("model_not_loadable", message)
        if process is None:
            self._make_room()
            process = self._start(source, base)
        process.asked = time.monotonic()
        return process

    def _start(self, source: str, base: dict[str, Any]) -> Process:
        process = self.processes[source] = Process(source, base, self.home, self.settings)
        process.start(self._ended)
        return process

    def _make_room(self) -> None:
        while len(self.processes) >= max(self.settings.vllm_processes, 1):
            long_ago = time.monotonic() - STAY_SECONDS
            idle = [p for p in self.processes.values() if p.state == ENDED or _idle(p, long_ago)]
            if not idle:
                message = "Other models are answering and there is no room for this one; try again later."
                raise unavailable("models_busy", message, int(STAY_SECONDS))
            process = min(idle, key=lambda process: process.asked)
            del self.processes[process.source]
            self._do(process.stop())

    def _ended(self, process: Process) -> None:
        """One that had answered is started again at once; its adapters are registered when they are asked."""
        if process.was_ready and self.processes.get(process.source) is process:
            self._start(process.source, process.base)

    async def _retire(self, process: Process) -> None:
        """Stop the process of a deleted model after its last answer."""
        self.processes.pop(process.source, None)
        await process.idle.wait()
        await process.stop()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


def _source(base: dict[str, Any], folder: str | None) -> str:
    """What a process must load: the base, unless the model is a whole one."""
    if folder is None or (Path(folder) / "adapter_config.json").exists():
        return str(base["source"])
    return folder


def _idle(process: Process, long_ago: float) -> bool:
    return not process.answers and process.asked < long_ago


@contextlib.asynccontextmanager
async def _counted(process: Process) -> AsyncIterator[None]:
    process.answers += 1
    process.idle.clear()
    try:
        yield
    finally:
        process.answers -= 1
        process.asked = time.monotonic()
        if not process.answers:
            process.idle.set()


@contextlib.asynccontextmanager
async def _model(process: Process, folder: str | None) -> AsyncIterator[str]:
    """The name that vLLM knows a model by, for as long as it is being asked."""
    if folder is None or folder == process.source:
        yield process.base["name"]
        return
    await process.adapters.take(folder)
    try:
        yield folder
    finally:
        process.adapters.release(folder)


async def _json(response: aiohttp.ClientResponse) -> Any:
    try:
        return await response.json(content_type=None)
    except ValueError:
        return None


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except aiohttp.ClientError as error:
        # The process has just ended, and with it what was to be taken out of it.
        log.warning("vLLM could not be told: %s", error)
