"""Single rows of a kept file: read by place or by number, and a copy with some of them replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

#: A row is read up to here; what is longer is told to be.
READ = 256 << 10
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file, by its number from 1; `whole` is False when only its beginning was read."""

    number: int
    text: str
    whole: bool = True


def examples(path: Path, start: int, count: int) -> tuple[list[Row], bool]:
    """`count` filled rows from the `start`-th (from 0) on, and whether more follow. Raises OSError."""
    found = list(islice(_filled(path), start, start + count + 1))
    return found[:count], len(found) > count


def row_at(path: Path, number: int, offset: int) -> Row:
    """The row whose first byte is at this offset. Raises OSError."""
    with path.open("rb") as file:
        file.seek(offset)
        return _row(number, file.readline(READ + 1))


def row_numbered(path: Path, number: int) -> Row | None:
    """The row of this number, read from the beginning on; None when there are fewer. Raises OSError."""
    with path.open("rb") as file:
        at = 1
        while at < number and (piece := file.readline(READ)):
            at += piece.endswith(b"\n")
        line = file.readline(READ + 1)
    return _row(number, line) if at == number and line else None


def copy_row(source: Path, target: Path, number: int) -> None:
    """Copy the row of this number, however long it is; nothing when there are fewer. Raises OSError."""
    with source.open("rb") as lines, target.open("wb") as out:
        at = 1
        while at <= number and (piece := lines.readline(READ)):
            if at == number:
                out.write(piece)
            at += piece.endswith(b"\n")


def with_edits(source: Path, target: Path, edits: Mapping[int, str | None]) -> None:
    """Copy the lines of a file; a row in `edits` gets this text, or is left out where that is None."""
    with source.open("rb") as lines, target.open("wb") as out:
        number, begins = 1, True
        while piece := lines.readline(READ):
            if number not in edits:
                out.write(piece)
            elif begins and (text := edits[number]) is not None:
                out.write(text.encode("utf-8", "replace") + b"\n")
            begins = piece.endswith(b"\n")
            number += begins


def _filled(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        number, begins = 1, True
        while line := file.readline(READ + 1):
            if begins and line.strip():
                yield _row(number, line)
            begins = line.endswith(b"\n")
            number += begins


def _row(number: int, line: bytes) -> Row:
    text = line.removeprefix(BOM)[:READ].decode("utf-8", "replace").strip("\r\n")
    return Row(number, text, whole=len(line) <= READ)
