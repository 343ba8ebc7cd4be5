"""Eight bytes for each row, checksum and length, by which rows that stand twice are found at the end."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

MOST_MARKS = 16_000_000
"""Rows after so many aren't marked: 128 MB are enough."""


def _words() -> array[int]:
    return array("I")


@dataclass
class Marks:
    """Marks of rows in the order of the file.

    `gaps` says what stands between them that isn't marked, such as blank lines: (index of the row that
    follows, lines, bytes) for each gap, flat. The tail is what stands after the last marked row.
    """

    sums: array[int] = field(default_factory=_words)
    lengths: array[int] = field(default_factory=_words)
    gaps: array[int] = field(default_factory=lambda: array("Q"))
    tail_lines: int = 0
    tail_bytes: int = 0
    full: bool = False

    def __len__(self) -> int:
        return len(self.sums)

    def add(self, sums: Sequence[int], lengths: Sequence[int]) -> None:
        """Mark rows that follow each other."""
        if sums:
            self._close()
            self.sums.extend(sums)
            self.lengths.extend(lengths)

    def skip(self, lines: int, length: int) -> None:
        """Pass over lines, of so many bytes with their ends, that aren't marked."""
        self.tail_lines += lines
        self.tail_bytes += length

    def _close(self) -> None:
        if self.tail_lines or self.tail_bytes:
            self.gaps.extend((len(self), self.tail_lines, self.tail_bytes))
            self.tail_lines = self.tail_bytes = 0

    def join(self, other: Marks) -> None:
        """Add the marks of the stretch that follows, as far as there is room."""
        self.full = self.full or len(self) + len(other) > MOST_MARKS
        if self.full:
            return
        for index, lines, length in _triples(other.gaps):
            if index:
                self._close()
            self.skip(lines, length)
            self.gaps.extend((len(self) + index, self.tail_lines, self.tail_bytes))
            self.tail_lines = self.tail_bytes = 0
        if len(other):
            self._close()
        self.sums.extend(other.sums)
        self.lengths.extend(other.lengths)
        self.skip(other.tail_lines, other.tail_bytes)

    def places(self, wanted: Iterable[int]) -> dict[int, tuple[int, int]]:
        """The line (from 1) and the offset of each of these rows."""
        found: dict[int, tuple[int, int]] = {}
        gaps = chain(_triples(self.gaps), [(len(self), 0, 0)])
        before, more_lines, more_bytes = next(gaps)
        lines = offset = at = 0
        for index in sorted(wanted):
            while before <= index:
                offset += self._span(at, before) + more_bytes
                at, lines = before, lines + more_lines
                before, more_lines, more_bytes = next(gaps)
            offset, at = offset + self._span(at, index), index
            found[index] = (index + lines + 1, offset)
        return found

    def _span(self, start: int, end: int) -> int:
        return sum(self.lengths[start:end]) + end - start


def _triples(gaps: array[int]) -> Iterator[tuple[int, int, int]]:
    flat = iter(gaps)
    return zip(flat, flat, flat, strict=True)
