"""Where a job's worker runs: on this machine, or on a cluster. Both keep one contract.

The job's folder is all that an executor and a worker share, so what differs is only how a process is started,
watched and ended. `tests/contract/test_executors.py` holds every executor to it.
"""

from dataclasses import dataclass
from typing import Protocol

from trainer.folder import JobFolder

WAITING, RUNNING, ENDED = "waiting", "running", "ended"


@dataclass(frozen=True)
class Task:
    """What one worker is to do; `kind` is "check" or "train"."""

    job: str
    kind: str
    folder: JobFolder


@dataclass(frozen=True)
class State:
    """Where a worker stands, and in words why it waits or how it ended; `full`: it found no room for more."""

    phase: str
    words: str = ""
    full: bool = False


class Executor(Protocol):
    """Starts, watches and ends workers, at most one a job; no call of it may block."""

    #: How many trainings may run at a time; None where something else decides on that.
    places: int | None

    def start(self, task: Task) -> None:
        """Have a worker do this."""

    def adopt(self, task: Task) -> bool:
        """Take over the worker that an earlier server started; False if there is none."""

    def poll(self, job: str) -> State:
        """Where the worker stands."""

    def stop(self, job: str) -> None:
        """End the worker without a last word; `poll` says when it is gone."""

    def forget(self, job: str) -> None:
        """Let go of a worker that ended, so that the job may have another."""

    def close(self) -> None:
        """The server ends: workers on this machine end with it, those elsewhere go on."""
