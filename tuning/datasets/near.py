"""Rows that say nearly the same: candidates by MinHash and LSH (rensa), then compared exactly.

Two texts are near when they share 80 % of their pairs of neighbouring words. Pairs that stand in a fifth of
all rows don't count: they are the template around what differs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import rensa  # type: ignore[import-untyped]

NEAR = 0.8
PERMUTATIONS = 128
BANDS = 32
COMMON = 0.2
FEWEST_PAIRS = 6
MOST_CANDIDATES = 100
_WORD = re.compile(r"\w+")


class Pair(NamedTuple):
    """Positions of two texts, the later first, and the share of word pairs that they have in common."""

    later: int
    earlier: int
    share: float


def normal(text: str) -> str:
    """A text without case, punctuation and spacing."""
    return " ".join(_WORD.findall(text.casefold()))


def shingles(text: str) -> set[str]:
    """Pairs of neighbouring words; for scripts without spaces, runs of four characters."""
    words = _WORD.findall(text.casefold())
    letters = sum(map(len, words))
    if words and letters > 12 * len(words):
        run = "".join(words)
        return {run[i : i + 4] for i in range(max(1, len(run) - 3))}
    return {f"{one} {two}" for one, two in pairwise(words)}


def near_pairs(texts: Sequence[str], known: int = 0) -> Iterator[Pair]:
    """For each text, the first earlier one that is nearly the same.

    With `known`, only texts from that position on are compared, and only with those before it: the overlap of
    a validation set with its training set.
    """
    sets = [shingles(text) for text in texts]
    _drop_common(sets)
    index = rensa.RMinHashLSH(threshold=NEAR, num_perm=PERMUTATIONS, num_bands=BANDS)
    hashes = rensa.RMinHash.from_token_sets([list(s) for s in sets], PERMUTATIONS, 42)
    for i, (tokens, minhash) in enumerate(zip(sets, hashes, strict=True)):
        if len(tokens) < FEWEST_PAIRS:
            continue
        if i >= known:
            best = _nearest(sets, i, index.query(minhash)[:MOST_CANDIDATES])
            if best:
                yield best
        if not known or i < known:
            index.insert(i, minhash)


def _nearest(sets: list[set[str]], i: int, candidates: list[int]) -> Pair | None:
    for j in sorted(candidates):
        share = len(sets[i] & sets[j]) / len(sets[i] | sets[j])
        if share >= NEAR:
            return Pair(i, j, share)
    return None


def _drop_common(sets: list[set[str]]) -> None:
    if len(sets) < 20:
        return
    rows: Counter[str] = Counter()
    for tokens in sets:
        rows.update(tokens)
    common = {token for token, times in rows.items() if times > COMMON * len(sets)}
    for tokens in sets:
        tokens -= common
