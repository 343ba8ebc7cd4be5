"""The demo's three programs, each a process of its own, started on free ports and ended with the demo."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import cast

ROOT = Path(__file__).parents[2]
#: A person's own settings, and proxies, which can't reach this machine's loopback.
NOT_OURS = re.compile("(SLACK|OPENAI|FT)_|(HTTPS?|ALL)_PROXY$", re.IGNORECASE)
START_SECONDS = 120
STOP_SECONDS = 10


class DemoFailed(Exception):
    """A step was not seen; the message says which and what to look at."""


class Processes:
    """Starts programs in a folder of the demo's; each one's standard error goes to a log file there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Process] = []

    async def start(self, name: str, ready: str, arguments: list[str], env: dict[str, str]) -> str:
        """Start `python -m ARGUMENTS`, and return the line in which it says `ready`."""
        log = (self.folder / f"{name}.log").open("wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdout=PIPE,
            stderr=log,
            cwd=self.folder,
            env={**_environment(), **env},
        )
        log.close()
        self._running.append(process)
        try:
            return await asyncio.wait_for(_line(process, ready), START_SECONDS)
        except (TimeoutError, EOFError):
            raise DemoFailed(f"{name} did not start: see {self.folder / f'{name}.log'}") from None

    async def stop(self) -> None:
        """End all, the last started first."""
        for process in reversed(self._running):
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), STOP_SECONDS)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def _line(process: Process, ready: str) -> str:
    """The first line of a process's output that holds `ready`."""
    output = cast(asyncio.StreamReader, process.stdout)
    while line := (await output.readline()).decode():
        if ready in line:
            return line.strip()
    raise EOFError


def _environment() -> dict[str, str]:
    """What the three programs inherit."""
    kept = {name: value for name, value in os.environ.items() if not NOT_OURS.match(name)}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path}
