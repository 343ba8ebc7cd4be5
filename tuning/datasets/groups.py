"""Rows that a split keeps together: with the same prompt or nearly the same one, or of one group.

Else a row to validate with would stand, nearly to the letter, among those that are trained on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuning.datasets.alike import prompt_leaked
from tuning.datasets.columns import SAMPLE, tokens_of
from tuning.datasets.examples import Example
from tuning.datasets.near import NEAR, Bands, common_pairs
from tuning.datasets.strict import read_line
from tuning.datasets.words import normal

MOST_LABELS = 50
LONGEST_LABEL = 60
MOST_ALIKE = 0.05
"""Rows made from one template may be alike all along: no more than so many of all stay together for it."""
_LAST = "\U0010ffff"


class CannotSplit(ValueError):
    """The file can't be split as asked; the message says why."""


class Group(NamedTuple):
    """Rows that go to one part; the least name among them, and the label of the first."""

    key: str
    label: str
    rows: list[int]


def groups_of(examples: Sequence[Example], lines: dict[int, bytes], group_by: str | None) -> list[Group]:
    """Rows that belong together: by their prompt, by the key, by what is alike, and from one to the next."""
    labels = labels_in(examples)
    together = _Together()
    keys = []
    for example in examples:
        key = normal(example.prompt) or f"\0{example.row}"
        if group_by is not None:
            own = _group_of(example, lines[example.row], group_by)
            together.join(own, _LAST + key)  # so that the group's own name leads
            key = own
        keys.append(key)
    _join_alike(examples, keys, together)
    found: dict[str, Group] = {}
    for key, example in zip(keys, examples, strict=True):
        root = together.root(key)
        label = example.answer if labels else ""
        found.setdefault(root, Group(root, label, [])).rows.append(example.row)
    return list(found.values())


def _join_alike(examples: Sequence[Example], keys: Sequence[str], together: _Together) -> None:
    rows = Counter(map(together.root, keys))
    most = max(2, int(MOST_ALIKE * len(examples)))
    for later, earlier in _alike(examples):
        one, other = together.root(keys[later]), together.root(keys[earlier])
        if one != other and rows[one] + rows[other] <= most:
            together.join(one, other)
            rows[together.root(one)] = rows[one] + rows[other]


def _alike(examples: Sequence[Example]) -> Iterator[tuple[int, int]]:
    """Indexes of rows of which one would be told as a leak of the other, as `leaks.py` tells it."""
    step = max(1, len(examples) // SAMPLE)
    common = common_pairs([tokens_of(example) for example in examples[::step]])
    bands = Bands()
    for index, example in enumerate(examples):
        bands.add(index, tokens_of(example) - common)
    bands.finish()
    for later, earlier in bands.candidates():
        one, other = (tokens_of(examples[index]) - common for index in (later, earlier))
        alike = len(one & other) >= NEAR * len(one | other)
        if alike and prompt_leaked(examples[later], examples[earlier]):
            yield later, earlier


class _Together:
    """Names that belong together, each led by the least of them."""

    def __init__(self) -> None:
        self._leads: dict[str, str] = {}

    def root(self, name: str) -> str:
        """The least name of those that this one belongs to."""
        path = []
        while (lead := self._leads.get(name, name)) != name:
            path.append(name)
            name = lead
        self._leads.update(dict.fromkeys(path, name))
        return name

    def join(self, one: str, other: str) -> None:
        """Both names belong together."""
        least, most = sorted((self.root(one), self.root(other)))
        if least != most:
            self._leads[most] = least


def labels_in(examples: Sequence[Example]) -> set[str]:
    """The labels, if answers are labels; nothing otherwise."""
    answers = {example.answer for example in examples}
    few = 2 <= len(answers) <= min(MOST_LABELS, len(examples) // 2)
    return answers if few and all(0 < len(answer) <= LONGEST_LABEL for answer in answers) else set()


def _group_of(example: Example, line: bytes, group_by: str) -> str:
    read = read_line(line)
    if not isinstance(read.value, dict) or group_by not in read.value:
        raise CannotSplit(f"Row {example.row} has no key {group_by!r} to group by.")
    return json.dumps(read.value[group_by], sort_keys=True, default=str)
