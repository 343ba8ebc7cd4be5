"""Rows that stand twice, found by the 64-bit hashes of their bytes."""

from __future__ import annotations

from collections.abc import Iterator

from tuning.datasets.report import Finding
from tuning.datasets.rules import make_finding
from tuning.datasets.tally import Tally

PART = 250_000
"""Hashes looked at together: bounds memory for files of millions of rows."""


def duplicate_findings(tally: Tally) -> Iterator[Finding]:
    """One finding for each row whose bytes stand earlier in the file, in the order of the rows."""
    repeats = sorted(_repeats(tally))
    for index, first in repeats:
        row, offset = tally.hash_rows[index], tally.offsets[index]
        what = f"The row is the same as row {tally.hash_rows[first]}"
        yield make_finding("duplicate_row", what, row=row, offset=offset)


def _repeats(tally: Tally) -> Iterator[tuple[int, int]]:
    parts = 1 + len(tally.hashes) // PART
    for part in range(parts):
        first: dict[int, int] = {}
        for index, value in enumerate(tally.hashes):
            if value % parts != part:
                continue
            earlier = first.setdefault(value, index)
            if earlier != index:
                yield index, earlier
