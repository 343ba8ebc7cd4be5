"""The bot as a process of its own, as a platform starts it: what tests of signals, exits and timing need."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.server import Sandbox
from tests.fakes.backend import FakeBackend

BIN = Path(sys.executable).parent
#: As after activating the environment.
PATH = f"{BIN}{os.pathsep}{os.environ['PATH']}"
START_SECONDS = 60


class Ended(Exception):
    """The process ended before it was ready; says with which code, and its last words."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"exit code {code}: {said}")
        self.code, self.said = code, said


class BotProcess:
    """One `ft-bot` command; `words` is what it wrote to standard error so far."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.line = ""

    @property
    def words(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def url(self) -> str:
        """Where `ft-bot serve` listens, without a path."""
        return self.line.split()[-1].removesuffix("/slack/events")

    async def ready(self) -> BotProcess:
        """Wait for the line in which it says that it serves; raises Ended."""
        assert self._process.stdout
        line = await asyncio.wait_for(self._process.stdout.readline(), START_SECONDS)
        if not line:
            raise Ended(await self._process.wait(), self.words)
        self.line = line.decode().strip()
        return self

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, as a platform does, and return the exit code."""
        self._process.send_signal(number)
        return await asyncio.wait_for(self._process.wait(), 20)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def bot_process(
    *arguments: str, env: Mapping[str, str], folder: Path, program: str = "ft-bot"
) -> AsyncIterator[BotProcess]:
    """`ft-bot ARGUMENTS` in `folder`, with its settings from `env`; killed at the end."""
    log = folder / "bot.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, "PATH": PATH, **env},
        )
    running = BotProcess(process, log)
    try:
        yield running
    finally:
        await running.kill()


async def run_to_end(*arguments: str, env: Mapping[str, str], folder: Path) -> tuple[int, str, str]:
    """Run `ft-bot ARGUMENTS` until it ends by itself: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        str(BIN / "ft-bot"),
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **env},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), START_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, out.decode(), err.decode()


def environment(sandbox: Sandbox, backend_url: str, backend: FakeBackend, folder: Path) -> dict[str, str]:
    """All settings, as a platform would set them."""
    return {
        "SLACK_BOT_TOKEN": sandbox.credentials.bot_token,
        "SLACK_APP_TOKEN": sandbox.credentials.app_token,
        "SLACK_SIGNING_SECRET": sandbox.credentials.signing_secret,
        "SLACK_API_URL": sandbox.api_url,
        "OPENAI_API_KEY": backend.key,
        "OPENAI_BASE_URL": backend_url,
        "FT_DATA_DIR": str(folder / "data"),
        "FT_POLL_SECONDS": "1",
    }
