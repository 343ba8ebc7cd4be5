"""Rows that say nearly the same: candidates by MinHash (rensa) and banding, then compared exactly.

Two texts are near when they share 80 % of their pairs of neighbouring words. Pairs that stand in a fifth of
all rows don't count: they are the template around what differs. Of each row only 16 numbers of 32 bits are
kept; with 16 bands of 4 values, rows that share 80 % meet in two of them with a chance of 99.7 %.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import rensa  # type: ignore[import-untyped]

NEAR = 0.8
BANDS = 16
VALUES = 4
COMMON = 0.2
FEWEST_PAIRS = 6
BATCH = 2000
MOST_CANDIDATES = 1_000_000
PART = 250_000
"""Values looked at together: bounds memory for files of millions of rows."""
_SEED = 42
_LOW = 0xFFFFFFFF


class Near(NamedTuple):
    """Indexes of two rows, the later first, and the share of word pairs that they have in common."""

    later: int
    earlier: int
    share: float


class Bands:
    """The bands of rows: what two rows must have in common to be compared."""

    def __init__(self) -> None:
        self.who = array("I")
        self.bands = [array("I") for _ in range(BANDS)]
        self._batch: list[set[bytes]] = []

    def add(self, index: int, tokens: set[bytes]) -> None:
        """Remember a row; one with few word pairs isn't compared."""
        if len(tokens) >= FEWEST_PAIRS:
            self.who.append(index)
            self._batch.append(tokens)
            if len(self._batch) >= BATCH:
                self.finish()

    def finish(self) -> None:
        """Take in what is still to be taken in; to be called at the end."""
        for values in band_values(self._batch):
            for band, value in zip(self.bands, values, strict=True):
                band.append(value)
        self._batch = []

    def candidates(self) -> list[tuple[int, int]]:
        """Pairs of rows (later, earlier) that share two bands, in the order of the later rows; bounded."""
        found: set[int] = set()
        for number, band in enumerate(self.bands):
            rest = self.bands[number + 1 :]
            for later, earlier in _meetings(band):
                if any(other[later] == other[earlier] for other in rest):
                    found.add(self.who[later] << 32 | self.who[earlier])
            if len(found) > MOST_CANDIDATES:
                break
        return [divmod(pair, 1 << 32) for pair in sorted(found)]


def band_values(sets: Sequence[set[bytes]]) -> Iterator[list[int]]:
    """The 16 numbers of each set of word pairs."""
    if not sets:
        return
    matrix = rensa.RMinHash.digest_matrix_from_token_byte_sets(list(sets), BANDS * VALUES, _SEED)
    for row in matrix.to_rows():
        yield [hash(tuple(row[i : i + VALUES])) & _LOW for i in range(0, BANDS * VALUES, VALUES)]


def _meetings(band: array[int]) -> Iterator[tuple[int, int]]:
    """Each row with the first and with the last one before it that has the same value."""
    parts = 1 + len(band) // PART
    for part in range(parts):
        seen: dict[int, tuple[int, int]] = {}
        for index, value in enumerate(band):
            if value % parts != part:
                continue
            if before := seen.get(value):
                first, last = before
                yield index, first
                if last != first:
                    yield index, last
                seen[value] = (first, index)
            else:
                seen[value] = (index, index)


def common_pairs(sets: Sequence[set[bytes]]) -> frozenset[bytes]:
    """The word pairs of a template: those that stand in a fifth of these rows."""
    if len(sets) < 20:
        return frozenset()
    rows: Counter[bytes] = Counter()
    for tokens in sets:
        rows.update(tokens)
    return frozenset(token for token, times in rows.items() if times > COMMON * len(sets))


def near(
    candidates: Sequence[tuple[int, int]],
    earlier_tokens: Callable[[int], set[bytes]],
    later_tokens: Callable[[int], set[bytes]],
    alike: Callable[[int, int], bool],
) -> Iterator[Near]:
    """For each later row, the first earlier one that is nearly the same; tokens are without the template.

    `alike` has the last word on a later row and an earlier one that share enough.
    """
    of_earlier, of_later = (lru_cache(2000)(tokens) for tokens in (earlier_tokens, later_tokens))
    done = -1
    for later, earlier in candidates:
        if later == done:
            continue
        one, other = of_later(later), of_earlier(earlier)
        share = len(one & other) / max(1, len(one | other))
        if share >= NEAR and alike(later, earlier):
            done = later
            yield Near(later, earlier, share)
