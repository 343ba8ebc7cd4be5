"""Where rows of one file stand in another: `python -m tuning.rowfollow OLD NEW '[3]'` prints pairs as JSON.

As `rowdiff` compares: a row that is in both is the same wherever it stands, and between two such rows the
first removed one became the first added one, and so on. Rows are named by their line, from 1.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import compress
from pathlib import Path

from tuning.rowdiff import common, filled, normal_hash


def follow(old: Path, new: Path, rows: Iterable[int]) -> dict[int, int]:
    """The lines of the new file in which these rows of the old one stand, the same or changed."""
    before, after = _Rows(old), _Rows(new)
    before.common, after.common = _places(before.hashes, after.hashes)
    found = {}
    for row in rows:
        at = bisect_left(before.lines, row)
        if at < len(before.lines) and before.lines[at] == row:
            there = _same(before, after, at) if before.is_common(at) else _changed(before, after, at)
            if there is not None:
                found[row] = after.lines[there]
    return found


class _Rows:
    """A file's rows that aren't blank: their lines, their hashes, and the places of those in both files."""

    def __init__(self, path: Path) -> None:
        self.lines, self.hashes = array("Q"), array("Q")
        for line, text in filled(path):
            self.lines.append(line)
            self.hashes.append(normal_hash(text))
        self.common: Sequence[int] = ()

    def is_common(self, at: int) -> bool:
        place = bisect_left(self.common, at)
        return place < len(self.common) and self.common[place] == at


def _places(before: array[int], after: array[int]) -> tuple[array[int], ...]:
    return tuple(array("Q", compress(range(len(flags)), flags)) for flags in common(before, after))


def _same(before: _Rows, after: _Rows, at: int) -> int:
    """The place of the same row; of several of a kind, the first is the first."""
    value = before.hashes[at]
    earlier = sum(before.hashes[one] == value for one in before.common[: bisect_left(before.common, at)])
    same = (one for one in after.common if after.hashes[one] == value)
    return next(one for number, one in enumerate(same) if number == earlier)


def _changed(before: _Rows, after: _Rows, at: int) -> int | None:
    """The place of the row that took this one's; None where it was removed."""
    gap = bisect_left(before.common, at)
    begins = [rows.common[gap - 1] + 1 if gap else 0 for rows in (before, after)]
    ends = after.common[gap] if gap < len(after.common) else len(after.lines)
    there = begins[1] + at - begins[0]
    return there if there < ends else None


if __name__ == "__main__":
    print(json.dumps(list(follow(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])).items())))
