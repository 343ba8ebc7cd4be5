"""The records of a table or list, whatever file they stand in: CSV, TSV, JSON, JSONL, Excel, Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from tuning.datasets.cells import MOST_COLUMNS, PROBLEM, Numbered
from tuning.datasets.csvrows import table
from tuning.datasets.documents import document, is_lines, lines
from tuning.datasets.sheets import workbook
from tuning.datasets.unpack import CannotConvert, Opened, open_text

_HEAD = 1 << 16
#: PDF, pictures, Arrow and SQLite: what may look like text from afar.
_NO_ROWS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"ARROW1", b"SQLite")
_NO_TEXT = "The file is no text. Bring the rows as JSONL, CSV, TSV, Excel or Parquet."
_TEXT_CONTROLS = "\t\n\r\f"


def kind_of(opened: Opened) -> str:
    """How the file is laid out: csv, json, jsonl, excel or parquet."""
    with opened.path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"PAR1"):
        return "parquet"
    if magic.startswith(b"\x1f\x8b"):
        raise CannotConvert("The file is packed twice. Unpack it once.")
    if magic.startswith(_NO_ROWS):
        raise CannotConvert(_NO_TEXT)
    if magic.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "excel"
    with open_text(opened) as text:
        head = text.read(_HEAD).lstrip("\ufeff \t\r\n").replace("\r\n", "\n").replace("\r", "\n")
    if head[:1] in ("[", "{"):
        return "jsonl" if is_lines(head) else "json"
    if not head:
        raise CannotConvert("The file is empty.")
    controls = sum(char < " " and char not in _TEXT_CONTROLS for char in head)
    if controls > 8 and controls > len(head) // 50:
        raise CannotConvert(_NO_TEXT)
    return "csv"


def records(opened: Opened, notes: list[str] | None = None) -> Iterator[Numbered]:
    """Every record with its line or position, from 1; what isn't read is noted. Raises CannotConvert."""
    kind = kind_of(opened)
    readers = {"csv": table, "json": document, "jsonl": lines, "excel": workbook, "parquet": _parquet}
    notes = [] if notes is None else notes
    if opened.encoding == "windows-1252" and kind not in ("excel", "parquet"):
        notes.append(
            "The text isn't UTF-8 and was read as Windows-1252. If letters are wrong, save it as UTF-8."
        )
    return readers[kind](opened, notes)


def _parquet(opened: Opened, notes: list[str]) -> Iterator[Numbered]:
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
                yield number, {key: _without_padding(value) for key, value in record.items()}
    except (pyarrow.ArrowException, OSError) as error:
        raise CannotConvert("The Parquet file can't be read. Write it again.") from error


def _without_padding(value: Any) -> Any:
    """A value without what all objects of its column have and this one doesn't; a message's content stays."""
    if isinstance(value, list):
        return [_without_padding(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_padding(item)
        for key, item in value.items()
        if item is not None or (key == "content" and "role" in value)
    }


def columns_of(rows: Iterator[Numbered], look: int = 20) -> list[str]:
    """The names of the columns that the first records have."""
    names: dict[str, None] = {}
    for _, record in islice(rows, look):
        names.update(dict.fromkeys(key for key in record if key != PROBLEM))
    return list(names)
