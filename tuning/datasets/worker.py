"""The processes that check stretches of a file: the first loads the tokenizer and forks the others.

Loading takes a quarter of a second of one core, and its tables are shared by all. A worker reads what is to
be done from one pipe and writes what it found to another; it ends when its first pipe does, so that none
outlives the process that started it. Nothing is imported here that plain rows don't need.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import NamedTuple

from tuning.datasets.checker import Settings
from tuning.datasets.pipes import receive, send
from tuning.datasets.stretch import Part, check_stretch
from tuning.datasets.tokens import count_texts


class Job(NamedTuple):
    """What all workers are told first."""

    path: Path
    settings: Settings
    collect: bool


def main(pipes: list[int]) -> None:
    """Be the first of so many workers; `pipes` are two for each: where to read, where to write."""
    pairs = list(zip(pipes[::2], pipes[1::2], strict=True))
    try:
        job = Job(*receive(pairs[0][0]))
    except EOFError:
        return
    count_texts([""], job.settings.encoding)
    gc.freeze()
    gc.set_threshold(100_000)  # rows make no cycles
    children: list[int] = []
    mine = pairs[0]
    for pair in pairs[1:]:
        child = os.fork()
        if not child:
            mine, children = pair, []
            break
        children.append(child)
    for pipe in set(pipes).difference(mine):
        os.close(pipe)
    _serve(job, *mine)
    for child in children:
        os.waitpid(child, 0)


def _serve(job: Job, tasks: int, results: int) -> None:
    while True:
        try:
            index, start, end = receive(tasks)
        except EOFError:
            return
        try:
            result: Part | str = check_stretch(job.path, job.settings, start, end, job.collect)
        except OSError as error:
            result = error.strerror or "the file can't be read"
        try:
            send(results, (index, result))
        except BrokenPipeError:
            return
