"""Starts the processes that work for the server; none of them outlives it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

SOURCE = Path(__file__).parent.parent.parent
SECRET_ENDINGS = ("_KEY", "_SECRET")


def environment(threads: int) -> dict[str, str]:
    """The server's environment without its secrets, with a thread count that leaves room for the others."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith(SECRET_ENDINGS)}
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def start(
    module: str, *args: str, threads: int, log: Path, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Run one of our modules; its standard input is the lifeline, what it prints goes to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return _popen([sys.executable, "-m", module, *args], threads, file, stdout)


def _popen(command: list[str], threads: int, log: IO[Any], stdout: int | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=log if stdout is None else stdout,
        stderr=log,
        env=environment(threads),
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process now and wait until it is gone."""
    process.kill()
    process.wait()
    if process.stdin:
        process.stdin.close()
