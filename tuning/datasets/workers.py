"""Starts the processes that check a big file, and talks to them over pipes of their own.

If this process dies, the pipes end and the workers with them; if a worker dies, this process says so instead
of waiting. Little is imported here, so that they start soon.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from select import select
from typing import TYPE_CHECKING

from tuning.datasets.pipes import receive, send

if TYPE_CHECKING:
    from tuning.datasets.stretch import Job, Part

SMALL = 12 << 20
MOST_PROCESSES = 4
AHEAD = 3
"""So many stretches for each worker may be checked before the first of them is; bounds memory."""


class WorkerDied(RuntimeError):
    """A process that checked a part of the file ended early."""


def processes_for(size: int) -> int:
    """How many processes a file of this size deserves: starting one costs more than 12 MB take."""
    if size <= SMALL:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MOST_PROCESSES, size // (SMALL // 2)))


class _Link:
    """This end of a worker's pipes; `waiting` is how many results are still to come."""

    def __init__(self, tasks: int, results: int) -> None:
        self.tasks = tasks
        self.results = results
        self.waiting = 0

    def give(self, task: object) -> None:
        """Send something to do."""
        try:
            send(self.tasks, task)
        except BrokenPipeError as error:
            raise WorkerDied("A process that was checking the file ended early.") from error

    def take(self) -> tuple[int, Part]:
        """The next result, with the number of its stretch."""
        try:
            index, result = receive(self.results)
        except EOFError as error:
            raise WorkerDied("A process that was checking the file ended early.") from error
        if isinstance(result, str):
            raise WorkerDied(f"A process that was checking the file failed: {result}")
        self.waiting -= 1
        return index, result


class Workers:
    """Processes that each check one stretch after another; they load a tokenizer, then get their job."""

    def __init__(self, count: int) -> None:
        self._links: list[_Link] = []
        theirs: list[int] = []
        for _ in range(count):
            (task, give), (take, result) = os.pipe(), os.pipe()
            self._links.append(_Link(give, take))
            theirs += [task, result]
        self._busy = True
        self._process = _start(theirs)
        for pipe in theirs:
            os.close(pipe)

    def close(self) -> None:
        """Wait for their end; stop them when they have something to do that nobody waits for."""
        if self._busy:  # the check was ended early, went wrong, or never came to the rows
            self._let_go()
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def load(self, encoding: str) -> None:
        """Say which tokenizer to load."""
        self._links[0].give(encoding)

    def run(self, job: Job, stretches: list[tuple[int, int]]) -> Iterator[Part]:
        """Results in the order of the stretches, each as soon as all before it are there."""
        for link in self._links:
            link.give(job)
        ready: dict[int, Part] = {}
        given = 0
        for wanted in range(len(stretches)):
            given = self._give(stretches, given, wanted)
            while wanted not in ready:
                for link in self._talking():
                    index, result = link.take()
                    ready[index] = result
                given = self._give(stretches, given, wanted)
            yield ready.pop(wanted)
        self._busy = False
        self._let_go()

    def _let_go(self) -> None:
        """Close the pipes: the workers end when they see it."""
        for link in self._links:
            os.close(link.tasks)
            os.close(link.results)

    def _give(self, stretches: list[tuple[int, int]], given: int, wanted: int) -> int:
        """Give out stretches, a second one to each worker so that it needn't wait, but not of the last."""
        end = min(len(stretches), wanted + AHEAD * len(self._links))
        for depth in (1, 2):
            for link in self._links:
                few_left = len(stretches) - given <= len(self._links)
                if given < end and link.waiting < depth and (depth == 1 or not few_left):
                    link.give((given, *stretches[given]))
                    link.waiting += 1
                    given += 1
        return given

    def _talking(self) -> list[_Link]:
        talking, _, _ = select([link.results for link in self._links if link.waiting], [], [])
        return [link for link in self._links if link.results in talking]


def _start(pipes: list[int]) -> subprocess.Popen[bytes]:
    """The first worker, which starts the others; it finds modules where this process does."""
    places = [place or os.getcwd() for place in sys.path]
    code = f"import sys; sys.path[:] = {places}; from tuning.datasets.worker import main; main({pipes})"
    return subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        pass_fds=pipes,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
