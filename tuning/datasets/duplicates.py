"""Rows that stand twice: found by a checksum of their bytes, then compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tuning.datasets.report import Finding
from tuning.datasets.rules import make_finding
from tuning.datasets.tally import Tally

COMPARED = 1 << 20
"""Rows longer than this are taken as the same when checksum and length are."""
PART = 250_000
"""Hashes looked at together: bounds memory for files of millions of rows."""


def duplicate_findings(path: Path, tally: Tally) -> Iterator[Finding]:
    """One finding for each row whose bytes stand earlier in the file, in the order of the rows."""
    repeats = sorted(_repeats(tally))
    if not repeats:
        return
    with path.open("rb") as file:
        same = [(index, first) for index, first in repeats if _same(file, tally, index, first)]
    for index, first in same:
        row, offset = tally.hash_rows[index], tally.offsets[index]
        what = f"The row is the same as row {tally.hash_rows[first]}"
        yield make_finding("duplicate_row", what, row=row, offset=offset)


def _same(file: BinaryIO, tally: Tally, one: int, other: int) -> bool:
    length = tally.hashes[one] & 0xFFFFFFFF
    if length > COMPARED:
        return True
    texts = []
    for index in (one, other):
        file.seek(tally.offsets[index])
        texts.append(file.readline(length + 80).strip())
    return texts[0] == texts[1]


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
