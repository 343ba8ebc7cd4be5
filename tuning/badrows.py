"""Which rows of a rejected file are bad: all of them, from the table of findings that its check wrote.

A report holds only the first findings of each kind; the table holds up to `MOST_FINDINGS` (see `findings`).
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tuning.datasets.report import Finding, Report
from tuning.findings import bad_rows
from tuning.ports import DatasetFiles
from tuning.records import Drop

log = logging.getLogger(__name__)

#: The longest cell: a message quotes the file, but never much of it.
_LONGEST_CELL = 1 << 20


@dataclass(frozen=True, slots=True)
class BadRows:
    """Where each bad row begins, by its number and in order; what is wrong there is read when it is asked."""

    offsets: dict[int, int]
    table: Path | None = None
    named: dict[int, Sequence[Finding]] = field(default_factory=dict)

    def findings(self, row: int) -> Sequence[Finding]:
        """The errors of a row; none of one that isn't bad. Raises OSError."""
        if row not in self.offsets:
            return ()
        return [one for one in _errors(self.table) if one.row == row] if self.table else self.named[row]

    def after(self, row: int, decided: frozenset[int] = frozenset()) -> int | None:
        """The first bad row behind this one that nothing was decided on."""
        return next((one for one in self.offsets if one > row and one not in decided), None)

    def before(self, row: int) -> int | None:
        """The last bad row before this one."""
        return max((one for one in self.offsets if one < row), default=None)

    def position(self, row: int) -> int:
        """Which one it is, from 1; 0 for a row that isn't bad."""
        return next((at for at, one in enumerate(self.offsets, 1) if one == row), 0)


def load(drop: Drop, report: Report, files: DatasetFiles) -> BadRows:
    """The bad rows of a rejected drop: those that its report names, where there is no table any more."""
    if drop.findings:
        table = files.path(drop.findings)
        with suppress(FileNotFoundError):
            found = {one.row: one.offset for one in _errors(table) if one.row and one.offset is not None}
            return BadRows(dict(sorted(found.items())), table)
        log.warning("the findings of drop %s are gone: only some of its bad rows are known", drop.id)
    named = bad_rows(report)
    return BadRows(
        {row: offset for row, (offset, _) in named.items()},
        named={row: findings for row, (_, findings) in named.items()},
    )


def _errors(table: Path) -> Iterator[Finding]:
    """The errors of a table that `python -m tuning.datasets --findings-csv` wrote."""
    csv.field_size_limit(_LONGEST_CELL)
    with table.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if line["severity"] == "error":
                yield Finding(
                    line["code"],
                    "error",
                    _number(line["row"]),
                    # a quote keeps a spreadsheet from reading a cell as a formula
                    line["path"].removeprefix("'"),
                    line["message"].removeprefix("'"),
                    _number(line["offset"]),
                )


def _number(cell: str) -> int | None:
    return int(cell) if cell else None
