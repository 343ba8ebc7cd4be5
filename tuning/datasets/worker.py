"""The processes that check stretches of a file: the first loads the tokenizer and forks the others.

Loading takes a quarter of a second of one core, and its tables are shared by all; the rest is imported
meanwhile, as far as plain rows need it. A worker reads what is to be done from one pipe and writes what it
found to another; it ends when its first pipe does, so that none outlives the process that started it.
"""

from __future__ import annotations

import gc
import os
from threading import Thread
from typing import TYPE_CHECKING

from tuning.datasets.pipes import receive, send
from tuning.datasets.tokens import count_texts

if TYPE_CHECKING:
    from tuning.datasets.stretch import Job, Part


def main(pipes: list[int]) -> None:
    """Be the first of so many workers; `pipes` are two for each: where to read, where to write."""
    pairs = list(zip(pipes[::2], pipes[1::2], strict=True))
    try:
        encoding: str = receive(pairs[0][0])
    except EOFError:
        return
    _load(encoding)
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
    _serve(*mine)
    for child in children:
        os.waitpid(child, 0)
    os._exit(0)  # nothing is left to be written, and taking the tokenizer's tables down takes its time


def _load(encoding: str) -> None:
    """Load the tokenizer in a thread, which holds no lock of Python's, and import beside it."""
    loading = Thread(target=count_texts, args=([""], encoding))
    loading.start()
    import tuning.datasets.stretch  # noqa: F401

    loading.join()
    gc.freeze()
    gc.set_threshold(100_000)  # rows make no cycles


def _serve(tasks: int, results: int) -> None:
    from tuning.datasets.stretch import check_stretch

    try:
        job: Job = receive(tasks)
        path, settings, collect = job
        while True:
            index, start, end = receive(tasks)
            try:
                result: Part | str = check_stretch(path, settings, start, end, collect)
            except OSError as error:
                result = error.strerror or "the file can't be read"
            send(results, (index, result))
    except (EOFError, BrokenPipeError):
        return
