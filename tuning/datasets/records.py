"""The records of a table or list, whatever file they stand in: CSV, TSV, JSON, JSONL, Excel, Parquet."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from tuning.datasets.unpack import CannotConvert, Opened, open_text

MOST_COLUMNS = 1000
LONGEST_HEADER = 1 << 20
LONGEST_FIELD = 32 << 20
MOST_TITLES = 20
LARGEST_JSON = 256 << 20
Record = dict[str, Any]
Numbered = tuple[int, Record]
#: The key under which a record that can't be read says why; no column is called so.
PROBLEM = "\0"
#: The line by which Excel tells what stands between the cells.
_SEPARATOR = re.compile(r"sep=([,;|\t])", re.IGNORECASE)
_VALUE = re.compile(r"[^\s,]")
_LISTS = ("data", "rows", "examples", "items", "train")
_ROW_KEYS = {
    "messages",
    "conversations",
    "conversation",
    "prompt",
    "input",
    "question",
    "text",
    "instruction",
}


def kind_of(opened: Opened) -> str:
    """How the file is laid out: csv, json, jsonl, excel or parquet."""
    with opened.path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"PAR1"):
        return "parquet"
    if magic.startswith(b"\x1f\x8b"):
        raise CannotConvert("The file is packed twice. Unpack it once.")
    if magic.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "excel"
    with open_text(opened) as text:
        head = text.read(1 << 16).lstrip("\ufeff \t\r\n").replace("\r\n", "\n").replace("\r", "\n")
    if head[:1] == "[":
        return "jsonl" if _first_is_whole(head) else "json"
    if head[:1] == "{":
        return "jsonl" if _first_is_whole(head) else "json"
    if not head:
        raise CannotConvert("The file is empty.")
    return "csv"


def _first_is_whole(head: str) -> bool:
    first, *rest = head.split("\n", 1)
    if not any(part.strip() for part in rest):
        return len(head) >= 1 << 15 and head[:1] == "{"
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def records(opened: Opened) -> Iterator[Numbered]:
    """Every record with its line or position, from 1. Raises CannotConvert."""
    kind = kind_of(opened)
    readers = {"csv": _table, "json": _json, "jsonl": _lines, "excel": _excel, "parquet": _parquet}
    return readers[kind](opened)


def _table(opened: Opened) -> Iterator[Numbered]:
    csv.field_size_limit(LONGEST_FIELD)
    with open_text(opened) as text:
        told, header = _first_line(text)
        if len(header) >= LONGEST_HEADER:
            raise CannotConvert(f"The first line is longer than {LONGEST_HEADER >> 20} MB: that is no table.")
        delimiter = told or delimiter_of(header)
        if header.count(delimiter) >= MOST_COLUMNS:
            raise CannotConvert(f"The table has more than {MOST_COLUMNS:,} columns. Keep those that matter.")
        text.seek(0)
        before = bool(told and text.readline())
        reader = csv.reader(text, delimiter=delimiter)
        try:
            names = _names(next(reader, []))
            for cells in reader:
                if any(cells):
                    cells += [""] * (len(names) - len(cells))
                    yield reader.line_num + before, dict(zip(names, cells, strict=False))
        except csv.Error as error:
            raise CannotConvert(f"Line {reader.line_num} of the table can't be read: {error}.") from error


def _first_line(text: io.TextIOWrapper) -> tuple[str, str]:
    """The separator that Excel's `sep=;` tells, or empty, and the line with the names of the columns."""
    header = text.readline(LONGEST_HEADER)
    if match := _SEPARATOR.fullmatch(header.lstrip("\ufeff").rstrip("\r\n")):
        return match[1], text.readline(LONGEST_HEADER)
    return "", header


def _names(cells: list[str]) -> list[str]:
    """A name for each column: "column 3" for one without, "text (2)" for the second that is called text."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = base = " ".join(cell.lstrip("\ufeff").split()) or f"column {number}"
        again = 1
        while name in names:
            again += 1
            name = f"{base} ({again})"
        names.append(name)
    return names


def delimiter_of(header: str) -> str:
    """What stands between the cells of a table's first line."""
    return max(",\t;|", key=header.count)


def _lines(opened: Opened) -> Iterator[Numbered]:
    with open_text(opened) as text:
        for number, line in enumerate(iter(lambda: text.readline(LONGEST_FIELD), ""), 1):
            if line.strip():
                yield number, _parsed(line.lstrip("\ufeff"))


def _parsed(line: str) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {PROBLEM: "it isn't JSON"}
    return value if isinstance(value, dict) else {PROBLEM: "it isn't an object"}


def _json(opened: Opened) -> Iterator[Numbered]:
    if opened.path.stat().st_size > LARGEST_JSON:
        raise CannotConvert(
            f"One JSON value may have {LARGEST_JSON >> 20} MB. Bring one object a line instead."
        )
    with open_text(opened) as text:
        try:
            values = _values(text.read().lstrip("\ufeff"))
        except RecursionError as error:
            raise CannotConvert("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise CannotConvert(f"The file isn't valid JSON: {error}.") from error
    yield from enumerate(_list_of(values[0] if len(values) == 1 else values), 1)


def _values(text: str) -> list[Any]:
    """The JSON values that a text has, one after the other: rows that are spread over several lines."""
    decoder, values, at = json.JSONDecoder(), [], 0
    while match := _VALUE.search(text, at):
        value, at = decoder.raw_decode(text, match.start())
        values.append(value)
    if not values:
        raise ValueError("it is empty")
    return values


def list_in(value: Any) -> str | None:
    """The key under which an object that is no row holds the rows."""
    if not isinstance(value, dict) or value.keys() & _ROW_KEYS:
        return None
    return next((key for key in _LISTS if isinstance(value.get(key), list)), None)


def _list_of(value: Any) -> list[Record]:
    if isinstance(value, dict):
        key = list_in(value)
        return _list_of(value[key] if key else [value])
    if not isinstance(value, list):
        raise CannotConvert("The JSON is neither a list nor an object.")
    return [item if isinstance(item, dict) else {PROBLEM: "it isn't an object"} for item in value]


def _excel(opened: Opened) -> Iterator[Numbered]:
    try:
        import python_calamine
    except ImportError as error:
        raise CannotConvert(
            "Excel needs an extra: pip install 'ft-bot[excel]', or save it as CSV."
        ) from error
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(opened.path))
        hidden = [
            s.name for s in book.sheets_metadata if s.visible != python_calamine.SheetVisibleEnum.Visible
        ]
        names = sorted(book.sheet_names, key=lambda name: name in hidden)
        sheets = (book.get_sheet_by_name(name).to_python() for name in names)
        rows = next((rows for rows in sheets if rows), [])
    except (python_calamine.CalamineError, OSError) as error:
        raise CannotConvert("The workbook can't be read. Save it as CSV.") from error
    first = _header_at(rows)
    names = _names([_cell(cell) for cell in rows[first]]) if rows else []
    if len(names) > MOST_COLUMNS:
        raise CannotConvert(f"The sheet has more than {MOST_COLUMNS:,} columns. Keep those that matter.")
    for number, cells in enumerate(rows[first + 1 :], first + 2):
        if any(cell != "" for cell in cells):
            yield number, dict(zip(names, map(_cell, cells), strict=False))


def _header_at(rows: list[list[Any]]) -> int:
    """Which row names the columns: the first with two cells or more, since a title has one."""
    filled = (sum(cell != "" for cell in cells) for cells in rows[:MOST_TITLES])
    return next((index for index, cells in enumerate(filled) if cells > 1), 0)


def _cell(value: Any) -> str:
    """A cell as a person sees it: Excel shows 15 digits, and its times are days that were rounded."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return str((value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0))
    return str(value)


def _parquet(opened: Opened) -> Iterator[Numbered]:
    try:
        import pyarrow  # type: ignore[import-untyped]
        import pyarrow.parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise CannotConvert("Parquet needs an extra: pip install 'ft-bot[parquet]'.") from error
    try:
        file = pyarrow.parquet.ParquetFile(opened.path)
        if len(file.schema_arrow) > MOST_COLUMNS:
            raise CannotConvert(f"The file has more than {MOST_COLUMNS:,} columns. Keep those that matter.")
        number = 0
        for batch in file.iter_batches(batch_size=1000):
            for record in batch.to_pylist():
                number += 1
                yield number, record
    except (pyarrow.ArrowException, OSError) as error:
        raise CannotConvert("The Parquet file can't be read. Write it again.") from error


def columns_of(rows: Iterator[Numbered], look: int = 20) -> list[str]:
    """The names of the columns that the first records have."""
    names: dict[str, None] = {}
    for _, record in islice(rows, look):
        names.update(dict.fromkeys(key for key in record if key != PROBLEM))
    return list(names)


def as_text(value: Any) -> str:
    """A cell as text; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict | list):
        out = io.StringIO()
        json.dump(value, out, ensure_ascii=False, default=str)
        return out.getvalue()
    return str(value)
