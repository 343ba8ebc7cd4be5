"""CSV and TSV: the separator, the row with the names, and rows that don't fit them told instead of cut."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from tuning.datasets.cells import (
    LONGEST_FIELD,
    PROBLEM,
    Numbered,
    Record,
    column_names,
)
from tuning.datasets.headers import MOST_TITLES, header_at
from tuning.datasets.unpack import CannotConvert, Opened, open_text

LONGEST_HEADER = 1 << 20
_SAMPLE = 1 << 16
_SEPARATORS = ",\t;|"
#: The line by which Excel tells what stands between the cells.
_TOLD = re.compile(r"sep=([,;|\t])\r?\n?", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


class Cells(NamedTuple):
    """A row of a table: the line that it begins in, its cells, and why it can't be used if it can't."""

    line: int
    cells: list[str]
    problem: str = ""


def table(opened: Opened, notes: list[str]) -> Iterator[Numbered]:
    """The rows of a table under its columns' names, each with the line that it begins in."""
    csv.field_size_limit(LONGEST_FIELD)
    with open_text(opened) as text:
        told, delimiter = _layout(text)
        rows = _rows(text, delimiter, int(told))
        head = list(islice(rows, MOST_TITLES))
        at = header_at([row.cells for row in head])
        names = column_names(head[at].cells if head else [])
        for row in chain(head[at + 1 :], rows):
            yield row.line, _record(names, row)


def _record(names: list[str], row: Cells) -> Record:
    if row.problem:
        return {PROBLEM: row.problem}
    cells = row.cells
    if any(cells[len(names) :]):
        return {
            PROBLEM: f"it has {len(cells)} cells, and the table {len(names)} columns:"
            " a cell with a separator in it needs quotation marks"
        }
    return dict(zip(names, cells + [""] * (len(names) - len(cells)), strict=False))


def _layout(text: io.TextIOWrapper) -> tuple[bool, str]:
    """Whether a first line tells the separator, as Excel's `sep=;` does, and the separator."""
    first = text.readline(LONGEST_HEADER)
    if len(first) >= LONGEST_HEADER:
        raise CannotConvert(f"The first line is longer than {LONGEST_HEADER >> 20} MB: that is no table.")
    if match := _TOLD.fullmatch(first.lstrip("\ufeff")):
        return True, match[1]
    delimiter = delimiter_of(first + text.read(_SAMPLE))
    text.seek(0)
    return False, delimiter


def delimiter_of(sample: str) -> str:
    """What stands between the cells: outside of quotes most of the first lines have it."""
    lines = [line for line in _QUOTED.sub("x", sample).splitlines()[:MOST_TITLES] if line.strip()]
    header = next((line for line in lines if any(separator in line for separator in _SEPARATORS)), "")
    rest = lines[lines.index(header) + 1 :] if header else []

    def weight(separator: str) -> tuple[int, int]:
        count = header.count(separator)
        return sum(line.count(separator) >= count for line in rest) if count else -1, count

    return max(_SEPARATORS, key=weight)


def _rows(text: io.TextIOWrapper, delimiter: str, before: int) -> Iterator[Cells]:
    """The rows that have any cells. Of one whose quotation marks swallow others the reason is told."""
    kept: list[str] = []
    reader = csv.reader(_keeping(text, kept), delimiter=delimiter)
    while True:
        begins = reader.line_num + before + 1
        kept.clear()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise CannotConvert(
                f"Line {begins:,} of the table can't be read: {error}."
                " Perhaps a quotation mark isn't closed there."
            ) from error
        if cells is None:
            return
        if len(kept) > 1 and not _closed(kept, delimiter):
            last = reader.line_num + before
            why = f"a quotation mark isn't closed in lines {begins:,} to {last:,}"
            yield Cells(begins, cells, why)
        elif any(cells):
            yield Cells(begins, cells)


def _keeping(text: io.TextIOWrapper, kept: list[str]) -> Iterator[str]:
    for line in text:
        kept.append(line)
        yield line


def _closed(lines: list[str], delimiter: str) -> bool:
    """Whether a row of several lines is one: each quotation mark is closed before a separator or the end."""
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False
