"""Whether two rows that look alike are: their prompts are read with care, and what differs by itself.

Words are compared first (`words.py`, `near.py`); what is here reads both texts, and judges the few that
met.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from tuning.datasets.examples import Example
from tuning.datasets.near import NEAR
from tuning.datasets.words import SIGNS, mark, normal, words

_T = TypeVar("_T")
BUT_FOR = " but for case, spaces or punctuation"
REWORDED = 0.6
"""The share of word pairs that two wordings of one question have in common."""
SAME_WORDS = 0.5
"""The share of words that two wordings of one answer have in common."""
CODE = 0.1
"""The share of a text's words that are signs of code, in code."""
_CODE = {bytes([byte]) for byte in SIGNS} - {b"'", b"-", b"/"}
_OPERATORS = {bytes([byte]) for byte in b"+-*/<>=|&^~%"}
_NUMBER = re.compile(rb"\d[\d.,:]*")
_SENTENCES = re.compile(r"(?<=[.?!])\s+|\n+|(?<=[。？！])")


def same(one: str, other: str, *, case_tells: bool) -> bool:
    """Whether texts with the same words in lower case are the same: in code, a name's case counts.

    If `case_tells`, so does the case of a single word of prose, such as `polish` and `Polish`.
    """
    if one == other:
        return True
    mine, theirs = words(one, fold=False), words(other, fold=False)
    differing = [(i, *both) for i, both in enumerate(zip(mine, theirs, strict=False)) if both[0] != both[1]]
    if not differing:
        return True
    if _is_code(mine) and any(_beside_a_sign(mine, i) for i, _, _ in differing):
        return False
    if not case_tells or one.isupper() or other.isupper():
        return True
    first, mine_first, theirs_first = differing[0]
    return len(differing) > 1 or (first == 0 and mine_first[1:] == theirs_first[1:])


def _is_code(found: Sequence[bytes]) -> bool:
    return sum(map(_CODE.__contains__, found)) > CODE * len(found)


def _beside_a_sign(found: Sequence[bytes], index: int) -> bool:
    return any(word in _CODE for word in found[max(0, index - 1) : index + 2])


def rows_alike(one: Example, other: Example) -> bool:
    """Whether two rows that share most word pairs ask the same and answer the same."""
    told = ((one.answer, other.answer), (one.rejected, other.rejected))
    if one.reference != other.reference or not all(_answers_alike(*both) for both in told):
        return False
    if mark(one.answer) != mark(other.answer) and _counts_differ(one.prompt, other.prompt):
        return False
    return prompts_alike(one.prompt, other.prompt, REWORDED)


def prompt_leaked(one: Example, other: Example) -> bool:
    """Whether a row's prompt is nearly one of the training set, whatever the answer there."""
    if mark(one.answer) == mark(other.answer):
        return prompts_alike(one.prompt, other.prompt, REWORDED)
    return not _counts_differ(one.prompt, other.prompt) and prompts_alike(one.prompt, other.prompt, NEAR)


def prompts_alike(one: str, other: str, share: float) -> bool:
    """Whether what differs between two prompts is the same question in other words.

    Sentences that both have are left out: rows about one document share all but the question. A change
    inside, with the same beginning and end, is no other question.
    """
    mine, theirs = _sentences(one), _sentences(other)
    own, others = _but(mine, theirs), _but(theirs, mine)
    if not own or not others:
        return True
    if mine[0] == theirs[0] and mine[-1] == theirs[-1]:
        return True
    return _shared(_pairs(own), _pairs(others)) >= share


@lru_cache(2000)
def _sentences(text: str) -> list[str]:
    return [sentence for part in _SENTENCES.split(text) if (sentence := normal(part))]


def _but(mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    known = set(theirs)
    return [sentence for sentence in mine if sentence not in known]


def _pairs(sentences: Sequence[str]) -> set[tuple[str, str]]:
    """Neighbouring words, or characters where words aren't parted by spaces."""
    text = " ".join(sentences)
    return set(pairwise(text if _unspaced(text) else text.split()))


def _answers_alike(one: str, other: str) -> bool:
    mine, theirs = normal(one), normal(other)
    if mine == theirs:
        return True
    parts = (set(text) if _unspaced(text) else set(text.split()) for text in (mine, theirs))
    return _shared(*parts) >= SAME_WORDS and not _counts_differ(one, other)


def _unspaced(text: str) -> bool:
    return len(text.encode("utf-8", "surrogatepass")) > 2 * len(text)


def _counts_differ(one: str, other: str) -> bool:
    """Whether one text has a number or an operator that the other hasn't."""
    mine, theirs = (Counter(filter(_counts, words(text))) for text in (one, other))
    return mine != theirs


def _counts(word: bytes) -> bool:
    return word in _OPERATORS or b"!" in word or bool(_NUMBER.fullmatch(word))


def _shared(one: Set[_T], other: Set[_T]) -> float:
    return len(one & other) / max(1, len(one | other))
