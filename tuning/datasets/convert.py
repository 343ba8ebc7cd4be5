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

from tuning.datasets.atomic import writing
from tuning.datasets.records import PROBLEM, Numbered, columns_of, kind_of, records
from tuning.datasets.shapes import Row, Shape, Skip, Template, from_template, shape_of
from tuning.datasets.unpack import CannotConvert, Opened, unpacked

KEPT_SKIPS = 100


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

    def skip(self, number: int, why: str) -> None:
        """Note a record that was left out."""
        self.skipped += 1
        if len(self.skips) < KEPT_SKIPS:
            self.skips.append((number, why))


def convert_file(
    source: Path, target: Path, *, template: Template | None = None, system: str = "", preview: int = 3
) -> Conversion:
    """Write `target` as JSONL, complete or not at all. Raises CannotConvert and OSError."""
    with unpacked(source) as opened:
        result, rows = _converted(opened, template, system)
        with writing(target) as out:
            for row in rows:
                result.rows += 1
                if len(result.preview) < preview:
                    result.preview.append(row)
                out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            if not result.rows:
                why = f" The first: {result.skips[0][1]}." if result.skips else ""
                raise CannotConvert(f"None of the {result.skipped:,} records could be converted.{why}")
    return result


def preview_file(
    source: Path, *, template: Template | None = None, system: str = "", rows: int = 3
) -> Conversion:
    """The first rows as they would be converted; nothing is written."""
    with unpacked(source) as opened:
        result, made = _converted(opened, template, system)
        result.preview = list(islice(made, rows))
        result.rows = len(result.preview)
    return result


def _converted(opened: Opened, template: Template | None, system: str) -> tuple[Conversion, Iterator[Row]]:
    source = records(opened)
    head = list(islice(source, 20))
    if not head:
        raise CannotConvert("The file has no records.")
    columns = columns_of(iter(head))
    name, shape = ("template", from_template(template, columns)) if template else shape_of(columns)
    kind = kind_of(opened)
    encoding = kind if kind in ("excel", "parquet") else opened.encoding
    result = Conversion(name, columns, opened.packing, encoding)
    return result, _rows(chain(head, source), shape, system, result)


def _rows(source: Iterator[Numbered], shape: Shape, system: str, result: Conversion) -> Iterator[Row]:
    for number, record in source:
        try:
            if problem := record.get(PROBLEM):
                raise Skip(str(problem))
            row = shape(record)
        except Skip as skip:
            result.skip(number, str(skip))
            continue
        yield _with_system(row, system)


def _with_system(row: Row, system: str) -> Row:
    holder = row.get("input", row)
    messages = holder.get("messages")
    if system and isinstance(messages, list) and not any(m.get("role") == "system" for m in messages):
        messages.insert(0, {"role": "system", "content": system})
    return row
