"""Starts the processes that work for the server; none of them outlives it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

SOURCE = Path(__file__).parent.parent.parent
SECRET_ENDINGS = ("_KEY", "_SECRET", "_PASSWORD", "_TOKEN")
#: A worker that fetches a gated base needs it.
NEEDED = {"HF_TOKEN"}


class Process(Protocol):
    """The part of a subprocess.Popen that an executor uses."""

    @property
    def stdin(self) -> Any: ...
    def poll(self) -> int | None: ...
    def kill(self) -> None: ...
    def wait(self) -> int: ...


def environment(threads: int, device: str | None = None) -> dict[str, str]:
    """The server's environment without its secrets, with its share of the processors and GPUs."""
    secret = {name for name in os.environ if name.endswith(SECRET_ENDINGS)} - NEEDED
    inherited = {name: value for name, value in os.environ.items() if name not in secret}
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **({} if device is None else {"CUDA_VISIBLE_DEVICES": device}),
    }


def start(
    module: str,
    *args: str,
    threads: int,
    log: Path,
    stdout: int | None = None,
    device: str | None = None,
    keep: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Run one of our modules; its standard input is the lifeline, what it prints goes to the log.

    `keep` are further file descriptors that it gets.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *args],
            stdin=subprocess.PIPE,
            stdout=file if stdout is None else stdout,
            stderr=file,
            env=environment(threads, device),
            start_new_session=True,
            pass_fds=keep,
        )


def kill(process: Process) -> None:
    """End a process now and wait until it is gone."""
    process.kill()
    process.wait()
    if process.stdin:
        process.stdin.close()
