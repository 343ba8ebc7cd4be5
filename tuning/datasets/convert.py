"""Turns what people have into chat rows: tables, prompt and completion, Alpaca, ShareGPT, questions, labels.

The shape is recognised from the names of the columns, or told by a template. A record that can't be turned
into a row is skipped and told with its line and the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tuning.datasets.atomic import writing
from tuning.datasets.cells import PROBLEM, Numbered, Row, Skip, Told, listed, printable
from tuning.datasets.records import columns_of, kind_of, records
from tuning.datasets.shapes import Shape, Template, from_template, shape_of
from tuning.datasets.turns import has_system
from tuning.datasets.unpack import CannotConvert, Opened, unpacked

KEPT_SKIPS = 100
#: Records that show the shape, and broken ones before them at most.
LOOKED_AT, MOST_BROKEN = 20, 10_000


@dataclass
class Conversion:
    """What was converted: the shape, how many rows, and the first 100 records that were skipped, with why."""

    shape: str
    columns: list[str]
    packing: str
    encoding: str
    rows: int = 0
    skipped: int = 0
    skips: list[tuple[int, str]] = field(default_factory=list)
    preview: list[Row] = field(default_factory=list)
    #: What was assumed, and what of the file isn't in the rows.
    notes: list[str] = field(default_factory=list)

    def skip(self, number: int, why: str) -> None:
        """Note a record that was left out."""
        self.skipped += 1
        if len(self.skips) < KEPT_SKIPS:
            self.skips.append((number, printable(why)))


def convert_file(
    source: Path, target: Path, *, template: Template | None = None, system: str = "", preview: int = 3
) -> Conversion:
    """Write `target` as JSONL, complete or not at all. Raises CannotConvert and OSError."""
    with unpacked(source) as opened:
        work = _Work(opened, template, system)
        result = work.result
        with writing(target) as out:
            for row, line in work.rows():
                result.rows += 1
                if len(result.preview) < preview:
                    result.preview.append(row)
                out.write(line + b"\n")
            if not result.rows:
                first = f" The first ({result.skips[0][0]}): {result.skips[0][1]}." if result.skips else ""
                raise CannotConvert(f"None of the {result.skipped:,} records could be converted.{first}")
        work.note()
    return result


def preview_file(
    source: Path, *, template: Template | None = None, system: str = "", rows: int = 3
) -> Conversion:
    """The first rows as they would be converted; nothing is written."""
    with unpacked(source) as opened:
        work = _Work(opened, template, system)
        work.result.preview = [row for row, _ in islice(work.rows(), rows)]
        work.result.rows = len(work.result.preview)
        work.note(" of those shown")
    return work.result


class _Work:
    """One conversion: what it reads, how, and what there is to tell."""

    def __init__(self, opened: Opened, template: Template | None, system: str) -> None:
        notes: list[str] = []
        source = records(opened, notes)
        head = _head(source)
        if not head:
            raise CannotConvert("The file has no records.")
        columns = columns_of(iter(head), len(head))
        self._told = Told()
        self._shape = from_template(template, columns) if template else _shape_of(columns, head, self._told)
        self._source = chain(head, source)
        self._system = system
        self._columns = columns
        kind = kind_of(opened)
        encoding = kind if kind in ("excel", "parquet") else opened.encoding
        shown = [printable(name) for name in columns]
        if kind in ("csv", "excel") and self._shape.name == "two columns":
            notes.append(
                f"The first row was taken for the names of the columns: {listed(columns)}."
                " If it is data, put a row of names before it."
            )
        self.result = Conversion(self._shape.name, shown, opened.packing, encoding, notes=notes)

    def rows(self) -> Iterator[tuple[Row, bytes]]:
        """Each row with its line; what can't be one is skipped."""
        for number, record in self._source:
            try:
                if problem := record.get(PROBLEM):
                    raise Skip(str(problem))
                row = _with_system(self._shape.make(record), self._system)
                yield row, _line(row)
            except Skip as skip:
                self.result.skip(number, str(skip))

    def note(self, which: str = "") -> None:
        """Tell what of the file isn't in the rows, once they are read; `which` says that not all were."""
        unused = [name for name in self._columns if name not in self._shape.uses]
        if unused:
            self.result.notes.append(f"Columns that aren't used: {listed(unused)}.")
        for what, times in self._told.items():
            self.result.notes.append(f"In {times:,} {'row' if times == 1 else 'rows'}{which} {what}.")


def _head(source: Iterator[Numbered]) -> list[Numbered]:
    """The first records, until twenty of them can be read."""
    head: list[Numbered] = []
    readable = 0
    while readable < LOOKED_AT and len(head) < MOST_BROKEN and (found := next(source, None)):
        head.append(found)
        readable += PROBLEM not in found[1]
    return head


def _shape_of(columns: list[str], head: list[Numbered], told: Told) -> Shape:
    if not columns:
        number, first = head[0]
        why = printable(str(first.get(PROBLEM, "it has no columns")))
        raise CannotConvert(
            f"None of the first {len(head)} records can be used. The first ({number}): {why}."
        )
    return shape_of(columns, [record for _, record in head], told)


def _line(row: Row) -> bytes:
    """A row as it is written. What no JSON in UTF-8 can say leaves the row out."""
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False, default=_as_json).encode()
    except UnicodeEncodeError as error:
        raise Skip("its text is damaged: it has bytes or halves of characters that mean nothing") from error
    except ValueError as error:
        raise Skip("it has a number that JSON doesn't know (NaN or infinity)") from error


def _as_json(value: Any) -> Any:
    """What Parquet has and JSON hasn't: bytes, dates and decimal numbers, as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _with_system(row: Row, system: str) -> Row:
    messages = row.get("input", row).get("messages") if isinstance(row.get("input", row), dict) else None
    if system and isinstance(messages, list) and not has_system(messages):
        messages.insert(0, {"role": "system", "content": system})
    return row
