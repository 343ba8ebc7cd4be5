"""The bot as a process of its own that can be killed with -9: the real command, or a quick start of it.

A `python -m bot run` takes two seconds of processor time to import. So a nursery imports the bot once
and forks: each child reads its settings from its environment and calls what the command calls, with a
quicker pace. `command=True` starts the real command instead, at its usual pace.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: As quick as one machine's stand-ins allow, and nothing waits out of politeness.
QUICK: dict[str, Any] = {
    "deliver_seconds": 0.1,
    "resume_seconds": 0.2,
    "renew_seconds": 5.0,
    "burst": 100,
    "per_second": 100.0,
    "edit_every": timedelta(0),
    "grace": timedelta(0),
    "first_wait": timedelta(seconds=0.1),
    "watch_seconds": 0.05,
    "tell_every": timedelta(0),
}
#: In a bot's environment: how many bytes go to the backend at once, and in a part.
LIMITS = "KILLED_BOT_LIMITS"
_PR_SET_PDEATHSIG = 1


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(pid: int) -> None:
    """kill -9, and wait until the process is no more."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while alive(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} outlives kill -9")
        time.sleep(0.001)


class Nursery:
    """A process that has imported the bot and forks it; what it bore dies with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def bear(self, environment: dict[str, str], folder: Path) -> int:
        """Fork a bot with this environment, working in `folder`; its pid."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([environment, str(folder)]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


@dataclass
class BotProcess:
    """One bot, started again as often as it is killed; its data and its log lie in `folder`."""

    nursery: Nursery
    environment: dict[str, str]
    folder: Path
    command: bool = False
    pid: int = 0
    lives: int = 0
    _commands: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        self.lives += 1
        self.pid = self._run() if self.command else self.nursery.bear(self.environment, self.folder)

    def _run(self) -> int:
        with (self.folder / "bot.log").open("ab") as log:
            one = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.environment},
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        self._commands.append(one)
        return one.pid

    def kill(self) -> None:
        """kill -9."""
        kill(self.pid)

    @property
    def alive(self) -> bool:
        for one in self._commands:
            one.poll()
        return bool(self.pid) and alive(self.pid)

    def log(self) -> str:
        path = self.folder / "bot.log"
        return path.read_text() if path.exists() else ""

    def close(self) -> None:
        if self.pid:
            self.kill()
        for one in self._commands:
            one.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


# -- inside the nursery ---------------------------------------------------------------------------


def _nursery() -> None:
    """Import once, then fork for each line of standard input."""
    import bot.__main__  # imported before the first fork, which is the whole point
    import bot.web  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _die_with_parent()
    for line in _lines():
        environment, folder = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _live(environment, Path(folder))
        os.write(1, f"{pid}\n".encode())


def _lines() -> Iterator[str]:
    while line := sys.stdin.readline():
        yield line


def _live(environment: dict[str, str], folder: Path) -> None:
    """A bot's life, from its settings to its end; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _die_with_parent()
        os.environ.update(environment)
        os.chdir(folder)
        _redirect(folder / "bot.log")
        from bot.logs import set_up_logs
        from bot.pace import Pace
        from bot.settings import read_settings
        from bot.web import run_socket
        from tuning.sending import Limits

        settings = read_settings("run")
        set_up_logs(settings.ft_log_level, settings.secrets)
        limits = Limits(*json.loads(environment[LIMITS])) if LIMITS in environment else None
        asyncio.run(run_socket(settings, Pace(**QUICK, limits=limits)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _redirect(log: Path) -> None:
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


if __name__ == "__main__":
    _nursery()
