"""Rows of a set that stand in the training set too: a set is no test of what was trained on.

The training file is read once, whatever its size; what is kept of it is one row for each that may overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tuning.datasets.columns import Columns, tokens_in
from tuning.datasets.examples import Example, read_examples
from tuning.datasets.near import BATCH, FEWEST_PAIRS, band_values, near
from tuning.datasets.report import Finding
from tuning.datasets.rules import make_finding
from tuning.datasets.words import mark, pairs

MOST_MEETINGS = 1_000_000
Seen = dict[int, tuple[int, int]]
"""Mark of a prompt to the first row of the training set that has it, and the mark of its answer."""


class NothingToCompare(ValueError):
    """The training file has no row with messages."""


def leaks(training: Path, path: Path, columns: Columns, *, closely: bool) -> Iterator[Finding]:
    """Rows whose prompt stands in the training set, or, if `closely`, nearly all of whose text does.

    Raises OSError and NothingToCompare.
    """
    wanted = {prompt for prompt in columns.prompts if prompt}
    seen: Seen = {}
    meetings = _Meetings(columns) if closely else None
    example = None
    for example in read_examples(training):
        prompt = mark(example.prompt)
        if prompt in wanted and prompt not in seen:
            seen[prompt] = example.row, mark(example.answer)
        if meetings:
            meetings.add(example)
    if example is None:
        raise NothingToCompare("it has no row with messages. Convert it first: ft-bot convert.")
    told: set[int] = set()
    for index, prompt in enumerate(columns.prompts):
        if prompt in seen:
            told.add(index)
            yield _same(columns, index, *seen[prompt])
    if meetings:
        yield from _near(training, path, columns, meetings, told)


def _same(columns: Columns, index: int, row: int, answer: int) -> Finding:
    same = "row" if answer == columns.answers[index] else "prompt"
    return _finding(columns, index, f"The same {same} is row {row} of the training set")


def _finding(columns: Columns, index: int, what: str) -> Finding:
    return make_finding("leaked_row", what, row=columns.rows[index], offset=columns.offsets[index])


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
        tokens = pairs(example.text) - self._common
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
    training: Path, path: Path, columns: Columns, meetings: _Meetings, told: set[int]
) -> Iterator[Finding]:
    meetings.finish()
    with training.open("rb") as known, path.open("rb") as file:

        def theirs(number: int) -> set[bytes]:
            return tokens_in(known, meetings.met[number][1], columns.common)

        def ours(index: int) -> set[bytes]:
            return tokens_in(file, columns.offsets[index], columns.common)

        wanted = sorted((who, number) for who, number in meetings.found if who not in told)
        for pair in near(wanted, theirs, ours):
            row = meetings.met[pair.earlier][0]
            what = f"The row shares {pair.share:.0%} of its word pairs with row {row} of the training set"
            yield _finding(columns, pair.later, what)
