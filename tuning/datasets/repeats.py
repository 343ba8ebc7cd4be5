"""Rows that say what an earlier one says, and rows that ask the same and answer something else.

The columns' marks find them; their texts are read again before anything is told, so that it is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from tuning.datasets.alike import BUT_FOR, rows_alike, same
from tuning.datasets.columns import Columns, repeated, tokens_of
from tuning.datasets.examples import Example, example_in
from tuning.datasets.near import near
from tuning.datasets.report import Finding
from tuning.datasets.rules import make_finding

OPEN_ENDED = 5
NO_ROW = Example(0, 0, "", "", "")


def row_finding(code: str, columns: Columns, index: int, what: str, path: str = "") -> Finding:
    """A finding about the row with this index."""
    return make_finding(code, what, row=columns.rows[index], offset=columns.offsets[index], path=path)


class Texts:
    """The texts of a file's rows, read again where they are needed."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._file, self._columns = file, columns
        self.at = lru_cache(100)(self._at)

    def _at(self, index: int) -> Example:
        """The row with this index; an empty one if the file was changed meanwhile."""
        return example_in(self._file, self._columns.offsets[index]) or NO_ROW

    def tokens(self, index: int) -> set[bytes]:
        """The row's word pairs, without those of the template."""
        return tokens_of(self.at(index)) - self._columns.common

    def same_bytes(self, one: int, other: int) -> bool:
        """Whether two rows are the same line."""
        if self._columns.lengths[one] != self._columns.lengths[other]:
            return False
        lines = []
        for index in (one, other):
            self._file.seek(self._columns.offsets[index])
            lines.append(self._file.readline().strip())
        return lines[0] == lines[1]

    def same_prompt(self, one: int, other: int) -> bool:
        """Whether two rows whose prompts have one mark do ask the same."""
        if self._columns.wordings[one] == self._columns.wordings[other]:
            return True
        return same(self.at(one).prompt, self.at(other).prompt, case_tells=True)

    def same_row(self, one: int, other: int) -> bool:
        """Whether two rows with the same marks do say the same."""
        mine, theirs = self.at(one), self.at(other)
        texts = ("prompt", "answer", "rejected")
        return all(same(getattr(mine, t), getattr(theirs, t), case_tells=False) for t in texts)

    def alike(self, later: int, earlier: int) -> bool:
        """Whether two rows that share most word pairs ask and answer nearly the same."""
        return rows_alike(self.at(later), self.at(earlier))


def near_duplicates(texts: Texts, columns: Columns) -> Iterator[Finding]:
    """Rows that say nearly what an earlier one says; those with the same bytes are another finding's."""
    told: set[int] = set()
    for pair in near(columns.bands.candidates(), texts.tokens, texts.tokens, texts.alike):
        told.add(pair.later)
        if not texts.same_bytes(pair.later, pair.earlier):
            share = f"{pair.share:.0%}" if pair.share < 1 else "all"
            what = f"The row shares {share} of its word pairs with row {columns.rows[pair.earlier]}"
            yield row_finding("near_duplicate", columns, pair.later, what)
    for later, earlier in _same_words(columns, told):
        if not texts.same_bytes(later, earlier) and texts.same_row(later, earlier):
            what = f"The row says the same as row {columns.rows[earlier]}{_but(texts, later, earlier)}"
            yield row_finding("near_duplicate", columns, later, what)


def _but(texts: Texts, one: int, other: int) -> str:
    mine, theirs = texts.at(one), texts.at(other)
    return "" if (mine.system, mine.text) == (theirs.system, theirs.text) else BUT_FOR


def _same_words(columns: Columns, told: set[int]) -> Iterator[tuple[int, int]]:
    """(later, earlier) of rows with the same words, however few they are: of those, near() tells nothing."""
    for group in repeated(columns.keys):
        first: dict[tuple[int, int], int] = {}
        for index in group:
            earlier = first.setdefault((columns.answers[index], columns.rejected[index]), index)
            if earlier != index and index not in told:
                yield index, earlier


def contradictions(texts: Texts, columns: Columns, labels: bool) -> Iterator[Finding]:
    """Rows whose prompt stands in another row with another answer."""
    for marked in repeated(columns.keys):
        if len({columns.answers[index] for index in marked}) > 1 or columns.rejected[marked[0]]:
            for group in _asking_the_same(texts, columns, marked):
                if columns.rejected[group[0]]:
                    yield from _swapped(columns, group)
                else:
                    yield from _differing(columns, group, labels)


def _asking_the_same(texts: Texts, columns: Columns, marked: list[int]) -> list[list[int]]:
    """Rows of one mark in groups that do ask the same: each wording is compared with those of the groups."""
    groups: list[list[int]] = []
    of_wording: dict[int, list[int]] = {}
    for index in marked:
        group = of_wording.get(columns.wordings[index])
        if group is None:
            group = next((found for found in groups if texts.same_prompt(found[0], index)), [])
            if not group:
                groups.append(group)
            of_wording[columns.wordings[index]] = group
        group.append(index)
    return groups


def _prompt(columns: Columns, one: int, other: int) -> str:
    exactly = columns.wordings[one] == columns.wordings[other]
    return "The same prompt" if exactly else f"The same prompt{BUT_FOR}"


def _differing(columns: Columns, group: list[int], labels: bool) -> Iterator[Finding]:
    first, answers = group[0], {columns.answers[index] for index in group}
    if len(answers) > OPEN_ENDED and not labels:
        what = f"The same prompt has {len(answers)} different answers"
        yield row_finding("contradiction", columns, first, what)
        return
    for index in group[1:]:
        if columns.answers[index] != columns.answers[first]:
            what = f"{_prompt(columns, index, first)} has another answer in row {columns.rows[first]}"
            yield row_finding("contradiction", columns, index, what)


def _swapped(columns: Columns, group: list[int]) -> Iterator[Finding]:
    """Several pairs for one prompt are fine, unless one prefers what another rejects."""
    rejected = {columns.rejected[index]: index for index in reversed(group)}
    for index in group:
        other = rejected.get(columns.answers[index])
        if other is not None and other < index:
            what = f"Row {columns.rows[other]} rejects the answer that this row prefers"
            yield row_finding("contradiction", columns, index, what)


def other_references(texts: Texts, columns: Columns) -> Iterator[Finding]:
    """Items that ask what an earlier one asks, with other data for the grader."""
    for marked in repeated(columns.prompts):
        for group in _asking_the_same(texts, columns, marked):
            first: dict[int, int] = {}
            for index in group:
                earlier = first.setdefault(columns.system_mark(columns.systems[index]), index)
                if columns.references[index] != columns.references[earlier]:
                    same = f"{_prompt(columns, index, earlier)} has other data for the grader"
                    what = f"{same} in row {columns.rows[earlier]}"
                    yield row_finding("contradiction", columns, index, what)
