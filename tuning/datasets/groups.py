"""Rows that a split keeps together: with the same prompt or nearly the same one, or of one group.

Else a row to validate with would stand, nearly to the letter, among those that are trained on.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tuning.datasets.alike import prompt_leaked
from tuning.datasets.columns import sample_of, tokens_of
from tuning.datasets.examples import Example, example_in, read_examples
from tuning.datasets.near import NEAR, Bands, common_pairs
from tuning.datasets.ranges import BOM
from tuning.datasets.strict import read_line
from tuning.datasets.words import normal

MOST_LABELS = 50
LONGEST_LABEL = 60
MOST_ALIKE = 0.05
"""Rows made from one template may be alike all along: no more than so many of all stay together for it."""


class CannotSplit(ValueError):
    """The file can't be split as asked; the message says why."""


class Row(NamedTuple):
    """A row of the file: where it begins, the name of what it belongs to, and its answer if it is a label."""

    row: int
    offset: int
    key: bytes
    label: str


class Group(NamedTuple):
    """Rows that go to one part; the least name among them, and the label of the first."""

    key: bytes
    label: str
    rows: list[int]


def read_rows(path: Path, group_by: str | None) -> tuple[list[Row], list[Group]]:
    """All readable rows, and which belong together: by prompt, by `group_by`, by being alike, and in chains.

    Of a row some hundred bytes are kept. Raises CannotSplit and OSError.
    """
    rows: list[Row] = []
    together, labels, bands = _Together(), _Labels(), Bands()
    common = common_pairs([tokens_of(example) for example in sample_of(path, _lines_in(path))])
    for example in read_examples(path):
        bands.add(len(rows), tokens_of(example) - common)
        key = _name(b"prompt", normal(example.prompt) or f"\0{example.row}")
        if group_by is not None:
            own = _name(b"group", _group_of(path, example, group_by))
            together.join(own, key)
            key = own
        rows.append(Row(example.row, example.offset, key, labels.add(example.answer)))
    bands.finish()
    _join_alike(path, rows, bands, common, together)
    return rows, _grouped(rows, together, labels=labels.found())


def _grouped(rows: Sequence[Row], together: _Together, *, labels: bool) -> list[Group]:
    found: dict[bytes, Group] = {}
    for row in rows:
        root = together.root(row.key)
        found.setdefault(root, Group(root, row.label if labels else "", [])).rows.append(row.row)
    return list(found.values())


def _join_alike(
    path: Path, rows: Sequence[Row], bands: Bands, common: frozenset[bytes], together: _Together
) -> None:
    """Join rows of which one would be told as a leak of the other, as `leaks.py` tells it."""
    sizes = Counter(together.root(row.key) for row in rows)
    most = max(2, int(MOST_ALIKE * len(rows)))
    with path.open("rb") as file:

        @lru_cache(1000)
        def at(index: int) -> Example | None:
            return example_in(file, rows[index].offset)

        for later, earlier in bands.candidates():
            one, other = together.root(rows[later].key), together.root(rows[earlier].key)
            if one != other and sizes[one] + sizes[other] <= most and _alike(at(later), at(earlier), common):
                together.join(one, other)
                sizes[together.root(one)] = sizes[one] + sizes[other]


def _alike(later: Example | None, earlier: Example | None, common: frozenset[bytes]) -> bool:
    if later is None or earlier is None:
        return False
    one, other = tokens_of(later) - common, tokens_of(earlier) - common
    return len(one & other) >= NEAR * len(one | other) and prompt_leaked(later, earlier)


def _name(kind: bytes, text: str) -> bytes:
    return kind[:1] + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _lines_in(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


class _Together:
    """Names that belong together, each led by the least of them."""

    def __init__(self) -> None:
        self._leads: dict[bytes, bytes] = {}

    def root(self, name: bytes) -> bytes:
        """The least name of those that this one belongs to."""
        path = []
        while (lead := self._leads.get(name, name)) != name:
            path.append(name)
            name = lead
        self._leads.update(dict.fromkeys(path, name))
        return name

    def join(self, one: bytes, other: bytes) -> None:
        """Both names belong together."""
        least, most = sorted((self.root(one), self.root(other)))
        if least != most:
            self._leads[most] = least


class _Labels:
    """Whether answers are labels: few, short and repeated."""

    def __init__(self) -> None:
        self._seen: set[str] | None = set()
        self._rows = 0

    def add(self, answer: str) -> str:
        """Take in an answer; the label that it may be."""
        self._rows += 1
        if self._seen is None or not 0 < len(answer) <= LONGEST_LABEL:
            self._seen = None
            return ""
        self._seen.add(answer)
        if len(self._seen) > MOST_LABELS:
            self._seen = None
        return sys.intern(answer)

    def found(self) -> bool:
        return self._seen is not None and 2 <= len(self._seen) <= self._rows // 2


def _group_of(path: Path, example: Example, group_by: str) -> str:
    with path.open("rb") as file:
        file.seek(example.offset)
        read = read_line(file.readline().removeprefix(BOM).strip())
    if not isinstance(read.value, dict) or group_by not in read.value:
        raise CannotSplit(f"Row {example.row} has no key {group_by!r} to group by.")
    return json.dumps(read.value[group_by], sort_keys=True, default=str)
