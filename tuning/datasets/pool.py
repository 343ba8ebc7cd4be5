"""Runs the checker over a file: in this process when it is small, in several when it is big.

A worker talks over a pipe of its own. If the parent dies, the pipe ends and the worker with it; if a worker
dies, the parent says so instead of waiting.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from tuning.datasets.checker import Checker, Settings
from tuning.datasets.progress import Teller
from tuning.datasets.ranges import BOM, LONGEST_ROW, blocks, ramp
from tuning.datasets.report import Finding
from tuning.datasets.tally import Tally

STRETCH = 8 << 20
SMALL = 12 << 20
MOST_PROCESSES = 4


class WorkerDied(RuntimeError):
    """A process that checked a part of the file ended early."""


def check_stretch(
    path: Path, settings: Settings, start: int, end: int, collect: bool
) -> tuple[Tally, list[Finding]]:
    """Check the lines that begin in [start, end). With `collect`, every finding is returned as well."""
    every: list[Finding] = []
    checker = Checker(settings, every.extend if collect else None)
    file = os.open(path, os.O_RDONLY)
    try:
        for block in blocks(file, start, end):
            if block.skipped:
                _skipped(checker, block.offset, block.skipped)
            elif block.offset == 0 and block.data.startswith(BOM):
                checker.tally.marks.skip(0, len(BOM))
                checker.feed(block.data[len(BOM) :], len(BOM))
            else:
                checker.feed(block.data, block.offset)
    finally:
        os.close(file)
    return checker.tally, every


def _skipped(checker: Checker, offset: int, length: int) -> None:
    mega = 1 << 20
    what = f"The row has {length / mega:.0f} MB; rows of more than {LONGEST_ROW // mega} MB aren't read"
    checker.note("row_too_long", what, length, offset)


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
    stretches = ramp(size, STRETCH)
    collect = sink is not None
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

    def all(self, parts: Iterator[tuple[Tally, list[Finding]]]) -> Tally:
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


class _Workers:
    """Processes that each check one stretch after another."""

    def __init__(self, path: Path, settings: Settings, count: int, collect: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._all: list[tuple[BaseProcess, Connection]] = []
        for _ in range(count):
            mine, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, path, settings, collect), daemon=True)
            process.start()
            theirs.close()
            self._all.append((process, mine))

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process, connection in self._all:
            connection.close()
            process.join(2)
            if process.is_alive():
                process.kill()
                process.join()

    def run(self, stretches: list[tuple[int, int]]) -> Iterator[tuple[Tally, list[Finding]]]:
        """Results in the order of the stretches, each as soon as all before it are there."""
        connections = [connection for _, connection in self._all]
        ready: dict[int, tuple[Tally, list[Finding]]] = {}
        given = 0
        for connection in connections:
            given += _give(connection, stretches, given)
        for wanted in range(len(stretches)):
            while wanted not in ready:
                for connection in _talking(connections):
                    index, result = _receive(connection)
                    ready[index] = result
                    given += _give(connection, stretches, given)
            yield ready.pop(wanted)


def _talking(connections: list[Connection]) -> list[Connection]:
    talking = wait(connections)
    return [connection for connection in connections if connection in talking]


def _give(connection: Connection, stretches: list[tuple[int, int]], index: int) -> int:
    if index >= len(stretches):
        return 0
    try:
        connection.send((index, *stretches[index]))
    except OSError as error:
        raise WorkerDied("A process that was checking the file ended early.") from error
    return 1


def _receive(connection: Connection) -> tuple[int, tuple[Tally, list[Finding]]]:
    try:
        index, result = connection.recv()
    except (EOFError, OSError) as error:
        raise WorkerDied("A process that was checking the file ended early.") from error
    if isinstance(result, str):
        raise WorkerDied(f"A process that was checking the file failed: {result}")
    return index, result


def _work(connection: Connection, path: Path, settings: Settings, collect: bool) -> None:
    """Check what is given until the pipe ends; what an interrupt means is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            index, start, end = connection.recv()
        except EOFError:
            return
        try:
            result: tuple[Tally, list[Finding]] | str = check_stretch(path, settings, start, end, collect)
        except OSError as error:
            result = error.strerror or "the file can't be read"
        try:
            connection.send((index, result))
        except (BrokenPipeError, ConnectionResetError):
            return
