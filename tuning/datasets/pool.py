"""Checks a file in stretches: in this process when it is small, in several when it is big.

A worker talks over pipes of its own. If this process dies, the pipes end and the worker with them; if a
worker dies, this process says so instead of waiting.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select
from typing import NamedTuple

from tuning.datasets.checker import Settings
from tuning.datasets.pipes import receive, send
from tuning.datasets.progress import Teller
from tuning.datasets.ranges import ramp
from tuning.datasets.report import Finding
from tuning.datasets.stretch import Part, check_stretch
from tuning.datasets.tally import Tally

STRETCH = 4 << 20
SMALL = 12 << 20
MOST_PROCESSES = 4
TOLD_STRETCH = 1 << 20
"""Stretches are shorter when every finding is wanted: a stretch may have more findings than rows."""
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


Sink = Callable[[list[Finding]], None]


def check_all(
    path: Path,
    size: int,
    settings: Settings,
    processes: int,
    sink: Sink | None = None,
    teller: Teller | None = None,
) -> Tally:
    """The tally of the whole file, or of its beginning when who is told the progress ends the check.

    `sink` gets every finding, in the order of the rows.
    """
    collect = sink is not None
    stretches = ramp(size, min(STRETCH, TOLD_STRETCH) if collect else STRETCH)
    join = _Join(stretches, settings.keep, sink, teller or Teller(None, size))
    if processes <= 1 or len(stretches) <= 1:
        return join.all(check_stretch(path, settings, start, end, collect) for start, end in stretches)
    with _Workers(path, settings, processes, collect) as workers:
        return join.all(workers.run(stretches))


class _Join(NamedTuple):
    """Adds up the tallies of the stretches and tells the progress."""

    stretches: list[tuple[int, int]]
    keep: int
    sink: Sink | None
    teller: Teller

    def all(self, parts: Iterable[Part]) -> Tally:
        """The sum of all parts, or of those before the listener ended the check."""
        whole = Tally()
        for (_, end), (tally, every) in zip(self.stretches, parts, strict=True):
            if self.sink and every:
                shifted = Tally(findings=every)
                shifted.shift(whole.lines)
                self.sink(shifted.findings)
            whole.join(tally, self.keep)
            if self.teller.tell(whole, end):
                break
        return whole


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


class _Workers:
    """Processes that each check one stretch after another."""

    def __init__(self, path: Path, settings: Settings, count: int, collect: bool) -> None:
        self._links: list[_Link] = []
        theirs: list[int] = []
        for _ in range(count):
            (task, give), (take, result) = os.pipe(), os.pipe()
            self._links.append(_Link(give, take))
            theirs += [task, result]
        self._process = _start(theirs)
        for pipe in theirs:
            os.close(pipe)
        self._links[0].give((path, settings, collect))

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for link in self._links:
            os.close(link.tasks)
            os.close(link.results)
        if any(link.waiting for link in self._links):  # the check was ended early, or went wrong
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def run(self, stretches: list[tuple[int, int]]) -> Iterator[Part]:
        """Results in the order of the stretches, each as soon as all before it are there."""
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
