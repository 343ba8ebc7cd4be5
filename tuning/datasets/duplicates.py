"""Rows that stand twice: found by a checksum of their bytes, then compared."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tuning.datasets.marks import Marks
from tuning.datasets.report import Finding
from tuning.datasets.rules import make_finding
from tuning.datasets.tally import Tally

COMPARED = 1 << 20
"""Rows longer than this are taken as the same when checksum and length are."""
PART = 250_000
"""Marks looked at together: bounds memory for files of millions of rows."""
TOLD = 50_000
"""Repeats whose places are looked up together: bounds memory for files of millions of equal rows."""


def duplicate_findings(path: Path, tally: Tally) -> Iterator[Finding]:
    """One finding for each row whose bytes stand earlier in the file, in the order of the rows."""
    repeats = merge(*[_repeats(tally.marks, part) for part in _parts(tally.marks)])
    while some := [divmod(pair, 1 << 32) for pair in islice(repeats, TOLD)]:
        places = tally.marks.places({index for pair in some for index in pair})
        with path.open("rb") as file:
            for index, first in some:
                (row, offset), (earlier, start) = places[index], places[first]
                if _same(file, offset, start, tally.marks.lengths[index]):
                    what = f"The row is the same as row {earlier}"
                    yield make_finding("duplicate_row", what, row=row, offset=offset)


def _same(file: BinaryIO, one: int, other: int, length: int) -> bool:
    if length > COMPARED:
        return True
    texts = []
    for offset in (one, other):
        file.seek(offset)
        texts.append(file.readline(length + 80).strip())
    return texts[0] == texts[1]


def _repeats(marks: Marks, part: Sequence[int]) -> array[int]:
    """Rows whose mark stood before, each shifted by 32 bits to make room for the first that had it."""
    keys = _keys(marks, part)
    found = array("Q")
    if len(set(keys)) < len(keys):
        first: dict[int, int] = {}
        for index, key in zip(part, keys, strict=True):
            earlier = first.setdefault(key, index)
            if earlier != index:
                found.append(index << 32 | earlier)
    return found


def _keys(marks: Marks, part: Sequence[int]) -> array[int]:
    """Checksum and length of each row as one number: the two side by side in memory, read as 64 bits."""
    whole = len(part) == len(marks)
    pairs = array("I", bytes(2 * marks.sums.itemsize * len(part)))
    pairs[::2] = marks.lengths if whole else array("I", map(marks.lengths.__getitem__, part))
    pairs[1::2] = marks.sums if whole else array("I", map(marks.sums.__getitem__, part))
    return array("Q", pairs.tobytes())


def _parts(marks: Marks) -> Sequence[Sequence[int]]:
    """The rows' indexes in parts, so that equal rows are in one."""
    count = 1 + len(marks) // PART
    if count == 1:
        return [range(len(marks))]
    parts = [array("I") for _ in range(count)]
    for index, value in enumerate(marks.sums):
        parts[value % count].append(index)
    return parts
