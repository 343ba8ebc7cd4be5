"""Excel: the sheet with the data, read in a process of its own, since two cells far apart end the reader."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from tuning.datasets.cells import Numbered, column_names, listed
from tuning.datasets.headers import MOST_TITLES, header_at
from tuning.datasets.pipes import receive
from tuning.datasets.unpack import MOST_UNPACKED, CannotConvert, Opened


class Sheet(NamedTuple):
    """Which sheet is read, and which ones aren't."""

    name: str
    others: tuple[str, ...]


class Refused(NamedTuple):
    """Why a workbook can't be read."""

    why: str


def workbook(opened: Opened, notes: list[str]) -> Iterator[Numbered]:
    """The rows of the sheet that has the data, with their numbers as Excel shows them."""
    if importlib.util.find_spec("python_calamine") is None:
        raise CannotConvert("Excel needs an extra: pip install 'ft-bot[excel]', or save it as CSV.")
    _bounded(opened.path)
    with _reader(opened.path) as pipe:
        sheet = _next(pipe)
        if sheet.others:
            notes.append(f"Only the sheet {listed([sheet.name])} was read, not {listed(sheet.others)}.")
        rows = _rows(pipe)
        head = [row for _, row in zip(range(MOST_TITLES), rows, strict=False)]
        at = header_at([cells for _, cells in head])
        names = column_names(head[at][1]) if head else []
        for number, cells in chain(head[at + 1 :], rows):
            yield number, dict(zip(names, cells, strict=False))


def _bounded(path: Path) -> None:
    """A workbook is a ZIP archive: what its members unpack to is bounded as that of any archive is."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return  # the reader says so
    if size > MOST_UNPACKED:
        raise CannotConvert(
            f"Unpacked the workbook has more than {MOST_UNPACKED >> 20:,} MB. Save it as CSV."
        )


def _rows(pipe: int) -> Iterator[tuple[int, list[str]]]:
    """The rows that have any cells, with their numbers."""
    cells_of_all = chain.from_iterable(iter(lambda: _next(pipe), []))
    return ((number, cells) for number, cells in enumerate(cells_of_all, 1) if any(cells))


def _next(pipe: int) -> Any:
    try:
        value = receive(pipe)
    except EOFError as error:
        raise CannotConvert(
            "The workbook takes too much memory: its sheet is too large, or its cells lie too far apart."
            " Copy the rows into a new workbook, or save it as CSV."
        ) from error
    if isinstance(value, Refused):
        raise CannotConvert(value.why)
    return value


@contextmanager
def _reader(path: Path) -> Iterator[int]:
    """The pipe from which a process sends what is in a workbook; the process ends with it."""
    take, give = os.pipe()
    places = [place or os.getcwd() for place in sys.path]
    code = (
        f"import sys; sys.path[:] = {places};"
        f" from tuning.datasets.sheetreader import main; main({str(path)!r}, {give})"
    )
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", code], pass_fds=[give], stdin=nothing, stdout=nothing, stderr=nothing
    )
    os.close(give)
    try:
        yield take
    finally:
        os.close(take)
        process.kill()
        process.wait()
