"""Who holds a lease or a temporary file: a process, recognised also after it died.

A process id alone is given to others again, and containers may share a host's name. So the place
includes the running kernel and the process namespace, and the id goes with the time of the start.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One run of one program; `place` is where its pid means something."""

    place: str
    pid: int
    #: Another run with the same pid has another one.
    nonce: str

    def __str__(self) -> str:
        return f"{self.place}_{self.pid}_{self.nonce}"

    def knows_dead(self, other: Process) -> bool:
        """Whether `other` certainly runs no more; of other places nothing is certain."""
        if other.place != self.place:
            return False
        if other.pid == self.pid:
            return other.nonce != self.nonce
        if _has_proc():
            return _started(other.pid) != other.nonce
        return not _answers(other.pid)


def parse(text: str) -> Process | None:
    """Read what str() wrote; None for anything else."""
    place, _, rest = text.rpartition("_")[0].rpartition("_")
    nonce = text.rpartition("_")[2]
    return Process(place, int(rest), nonce) if place and rest.isdecimal() else None


@cache
def this_process() -> Process:
    pid = os.getpid()
    return Process(_place(), pid, _started(pid) or secrets.token_hex(4))


def _has_proc() -> bool:
    return (_PROC / "self" / "stat").exists()


def _started(pid: int) -> str | None:
    """When a live process started, in the kernel's ticks; None when there is none, or a zombie."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    state, *numbers = stat.rpartition(")")[2].split()
    return None if state in "ZX" else numbers[18]


def _place() -> str:
    """This host, kernel and process namespace."""
    parts = [socket.gethostname()]
    for name, read in (("sys/kernel/random/boot_id", Path.read_text), ("self/ns/pid", os.readlink)):
        try:
            parts.append(str(read(_PROC / name)))
        except OSError:
            parts.append("")
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"{socket.gethostname()}-{digest}"


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
