"""Plain rows laid side by side, so that a block is looked at in a few passes; and rows of another kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from tuning.datasets.fast import PlainRow

LETTERS = {"system": "s", "developer": "d", "user": "u", "assistant": "a"}


class Pattern(NamedTuple):
    """What a sequence of roles means for a row of plain text messages."""

    good: bool
    fixed: int
    no_user: bool
    no_system: bool
    has_prompt: bool


class Plain(NamedTuple):
    """Plain rows laid side by side: row j stands in line `at[j]` and its messages end before `ends[j]`.

    `letters` is one letter for each message's role, `patterns` the roles of each row, `kinds` how often each
    sequence of roles stands.
    """

    at: Sequence[int]
    ends: list[int]
    contents: list[str]
    letters: str
    patterns: list[str]
    kinds: Counter[str]


class Other(NamedTuple):
    """Any other row whose tokens are still to be counted: its texts, and which of them are whose turn.

    `fixed` is 0 for a row that has no messages: it isn't counted.
    """

    line: int
    fixed: int
    texts: list[str]
    turns: list[tuple[int, int]]
    readable: bool


def lay_out(rows: list[PlainRow], at: Sequence[int]) -> Plain:
    messages = [message for row in rows for message in row.messages]
    ends = list(accumulate([len(row.messages) for row in rows]))
    letters = "".join([LETTERS[message.role] for message in messages])
    patterns = [letters[start:end] for start, end in pairwise([0, *ends])]
    contents = [message.content for message in messages]
    return Plain(at, ends, contents, letters, patterns, Counter(patterns))
