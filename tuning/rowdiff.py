"""What changed between two versions, row by row: `python -m tuning.rowdiff OLD NEW` prints it as JSON.

Rows are compared by a 64-bit hash of their normalised JSON: the order of keys and white space don't
count. A row that is in both is unchanged wherever it stands. Between two unchanged rows, a removed
and an added one make one changed row. A row takes 13 bytes of memory, however long it is.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import compress
from pathlib import Path

import msgspec

from tuning.records import Diff

BUCKETS = 256
#: A longer row is compared by its pieces' bytes.
LONGEST = 32 << 20
_WIDE = (1 << 64) - 1


def compare(old: Path, new: Path) -> Diff:
    """Count the rows that were added, removed and changed from one file to the other."""
    before, after = _hashes(old), _hashes(new)
    in_both_before, in_both_after = common(before, after)
    removed, added = _gaps(in_both_before), _gaps(in_both_after)
    changed = sum(map(min, removed, added))
    return Diff(added=sum(added) - changed, removed=sum(removed) - changed, changed=changed)


def _hashes(path: Path) -> array[int]:
    """A hash of each row that isn't blank, in their order."""
    return array("Q", (normal_hash(text) for _, text in filled(path)))


def filled(path: Path) -> Iterator[tuple[int, bytes]]:
    """The rows that aren't blank, with their lines."""
    with path.open("rb") as file:
        first = file.read(3)
        if first != b"\xef\xbb\xbf":
            file.seek(0)
        number = 1
        while line := file.readline(LONGEST):
            if text := line.strip():
                yield number, text
            number += line.endswith(b"\n")


def normal_hash(row: bytes) -> int:
    return hash(_normal(row)) & _WIDE


def _normal(line: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(line), order="deterministic")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return line


def common(before: array[int], after: array[int]) -> tuple[bytearray, bytearray]:
    """For each row of both files, 1 if it is in the other one too; the same row twice needs it twice."""
    flags = bytearray(len(before)), bytearray(len(after))
    for old, new in zip(_buckets(before), _buckets(after), strict=True):
        both = Counter(before[at] for at in old) & Counter(after[at] for at in new)
        for places, hashes, mine in ((old, before, flags[0]), (new, after, flags[1])):
            left = dict(both)
            for at in places:
                if left.get(hashes[at]):
                    left[hashes[at]] -= 1
                    mine[at] = 1
    return flags


def _buckets(hashes: array[int]) -> list[array[int]]:
    """The rows' places, by a part of their hash: one bucket at a time is counted in memory."""
    found = [array("I") for _ in range(BUCKETS)]
    for at, value in enumerate(hashes):
        found[value % BUCKETS].append(at)
    return found


def _gaps(flags: bytearray) -> array[int]:
    """How many rows that aren't common stand before each common one, and after the last."""
    return array("I", _gap_lengths(flags))


def _gap_lengths(flags: bytearray) -> Iterator[int]:
    start = 0
    for at in compress(range(len(flags)), flags):
        yield at - start
        start = at + 1
    yield len(flags) - start


if __name__ == "__main__":
    print(msgspec.json.encode(compare(Path(sys.argv[1]), Path(sys.argv[2]))).decode())
