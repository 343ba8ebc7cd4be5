"""Rows of a set that stand in the training set too: a set is no test of what was trained on.

The training file is read once, whatever its size; what is kept of it is one row for each that may overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from tuning.datasets.alike import BUT_FOR, prompt_leaked, same
from tuning.datasets.columns import Columns, tokens_of
from tuning.datasets.examples import Example, example_in, read_examples
from tuning.datasets.near import BATCH, FEWEST_PAIRS, band_values, near
from tuning.datasets.repeats import NO_ROW, Texts, row_finding
from tuning.datasets.report import Finding
from tuning.datasets.words import mark

MOST_MEETINGS = 1_000_000
_NONE = (0, 0, 0)


class NothingToCompare(ValueError):
    """The training file has no row with messages."""


def leaks(training: Path, path: Path, columns: Columns, *, closely: bool) -> Iterator[Finding]:
    """Rows whose prompt stands in the training set, or, if `closely`, nearly all of whose text does.

    Raises OSError and NothingToCompare.
    """
    seen = _Seen(columns)
    meetings = _Meetings(columns) if closely else None
    example = None
    for example in read_examples(training):
        seen.add(example)
        if meetings:
            meetings.add(example)
    if example is None:
        raise NothingToCompare("it has no row with messages. Convert it first: ft-bot convert.")
    with training.open("rb") as known, path.open("rb") as file:
        texts = Texts(file, columns)
        told: set[int] = set()
        for index in range(len(columns)):
            if what := seen.told(known, texts, index):
                told.add(index)
                yield row_finding("leaked_row", columns, index, what)
        if meetings:
            yield from _near(known, texts, columns, meetings, told)


class _Seen:
    """The first row of the training set with each of our prompts: as it is written, and by its mark."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._wanted = {*columns.wordings, *columns.prompts} - {0}
        self._seen: dict[int, tuple[int, int, int]] = {}
        """(row, offset, mark of its answer) of the training set, by wording and by mark."""

    def add(self, example: Example) -> None:
        """Take in the next row of the training set."""
        if prompt := mark(example.prompt):
            for key in {hash(example.prompt), prompt} & self._wanted - self._seen.keys():
                self._seen[key] = example.row, example.offset, mark(example.answer)

    def told(self, known: BinaryIO, texts: Texts, index: int) -> str:
        """What to say of our row; nothing when its prompt isn't in the training set."""
        row, offset, answer = self._seen.get(self._columns.wordings[index], _NONE)
        but = ""
        if not row:
            row, offset, answer = self._seen.get(self._columns.prompts[index], _NONE)
            theirs = example_in(known, offset) if row else None
            if not theirs or not _same(texts.at(index), theirs):
                return ""
            but = BUT_FOR
        both = "row" if answer == self._columns.answers[index] else "prompt"
        return f"The same {both}{but} is row {row} of the training set"


def _same(ours: Example, theirs: Example) -> bool:
    """Case tells one prompt from another only when the answer is another too."""
    case_tells = mark(ours.answer) != mark(theirs.answer)
    return same(ours.prompt, theirs.prompt, case_tells=case_tells)


class _Meetings:
    """Rows of the training set that share a band with a row of ours: (our index, its number in `met`)."""

    def __init__(self, columns: Columns) -> None:
        self._common = columns.common
        self._bands: list[defaultdict[int, list[int]]] = [defaultdict(list) for _ in columns.bands.bands]
        for mine, band in zip(self._bands, columns.bands.bands, strict=True):
            for who, value in zip(columns.bands.who, band, strict=True):
                mine[value].append(who)
        self._batch: list[tuple[Example, set[bytes]]] = []
        self.met: list[tuple[int, int]] = []
        """(row, offset) of the training set."""
        self.found: set[tuple[int, int]] = set()

    def add(self, example: Example) -> None:
        """Take in the next row of the training set."""
        tokens = tokens_of(example) - self._common
        if len(tokens) >= FEWEST_PAIRS:
            self._batch.append((example, tokens))
            if len(self._batch) >= BATCH:
                self.finish()

    def finish(self) -> None:
        """Take in what is still to be taken in; to be called at the end."""
        values = band_values([tokens for _, tokens in self._batch])
        for (example, _), row in zip(self._batch, values, strict=True):
            ours = {who for mine, value in zip(self._bands, row, strict=True) for who in mine.get(value, ())}
            if ours and len(self.found) < MOST_MEETINGS:
                self.found.update((who, len(self.met)) for who in ours)
                self.met.append((example.row, example.offset))
        self._batch = []


def _near(
    known: BinaryIO, texts: Texts, columns: Columns, meetings: _Meetings, told: set[int]
) -> Iterator[Finding]:
    meetings.finish()

    @lru_cache(100)
    def theirs(number: int) -> Example:
        return example_in(known, meetings.met[number][1]) or NO_ROW

    def tokens(number: int) -> set[bytes]:
        return tokens_of(theirs(number)) - columns.common

    def leaked(index: int, number: int) -> bool:
        return prompt_leaked(texts.at(index), theirs(number))

    wanted = sorted((who, number) for who, number in meetings.found if who not in told)
    for pair in near(wanted, tokens, texts.tokens, leaked):
        row = meetings.met[pair.earlier][0]
        what = f"The row shares {pair.share:.0%} of its word pairs with row {row} of the training set"
        yield row_finding("leaked_row", columns, pair.later, what)
