"""All findings as a CSV file: errors first, then warnings; what is so in every row stands there once."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tuning.datasets.atomic import writing
from tuning.datasets.everywhere import EVERYWHERE
from tuning.datasets.front import CannotRead
from tuning.datasets.pool import Sink
from tuning.datasets.report import Finding

#: What makes a spreadsheet read a cell as a formula, when it stands first.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = ("row", "offset", "severity", "code", "path", "message", "source")


@contextmanager
def findings_file(path: Path | None, most: int | None = None) -> Iterator[Sink | None]:
    """A sink that writes findings to a CSV file, all or the first `most`; it appears only when complete."""
    if path is None:
        yield None
        return
    try:
        with writing(path) as file, tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as warnings:
            errors = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
            table = _Table(errors, warnings, sys.maxsize if most is None else most)
            yield table.add
            warnings.seek(0)
            table.append(warnings)
            errors.detach()
    except OSError as error:
        raise CannotRead(f"{path.name or path} can't be written: {error.strerror}.") from error


class _Table:
    """Warnings wait in a file of their own, until it is known which of them are so in every row."""

    def __init__(self, errors: TextIO, warnings: TextIO, most: int) -> None:
        self._errors, self._warnings = csv.writer(errors), csv.writer(warnings)
        self._most = self._left = most
        self._waiting: Counter[str] = Counter()
        self._everywhere: set[str] = set()
        self._errors.writerow(COLUMNS)

    def add(self, found: list[Finding]) -> None:
        """Take in findings."""
        for finding in found:
            if finding.severity == "error":
                self._line(_cells(finding))
                continue
            if finding.row is None and finding.code in EVERYWHERE:
                self._everywhere.add(finding.code)
            elif self._waiting[finding.code] >= self._most:
                continue
            self._waiting[finding.code] += 1
            self._warnings.writerow(_cells(finding))

    def append(self, warnings: TextIO) -> None:
        """Add the warnings that were kept back."""
        row, code = COLUMNS.index("row"), COLUMNS.index("code")
        for cells in csv.reader(warnings):
            if not (cells[row] and cells[code] in self._everywhere):
                self._line(cells)

    def _line(self, cells: list[object] | list[str]) -> None:
        if self._left:
            self._left -= 1
            self._errors.writerow(cells)


def _cells(finding: Finding) -> list[object]:
    return [_safe(getattr(finding, column)) for column in COLUMNS]


def _safe(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
