"""A first look at a file: is it JSONL at all, and of which format are its rows?"""

from __future__ import annotations

from typing import NamedTuple

from tuning.datasets.formats import vote
from tuning.datasets.ranges import BOM
from tuning.datasets.report import Format
from tuning.datasets.strict import read_line

HEAD = 1 << 20
MOST_ROWS = 200

_MAGIC = (
    (b"PAR1", "parquet", "Parquet"),
    (b"PK\x03\x04", "zip", "a ZIP archive or an Excel file"),
    (b"\x1f\x8b", "gzip", "gzip"),
    (b"\xff\xfe", "utf-16", "UTF-16 text"),
    (b"\xfe\xff", "utf-16", "UTF-16 text"),
    (b"%PDF", "pdf", "PDF"),
    (b"ARROW1", "arrow", "Arrow"),
)


class Look(NamedTuple):
    """What the head of a file shows. `container` names what the file is if it isn't lines of JSON."""

    format: Format
    looks_like: str | None
    container: str | None


def look(head: bytes, method: str | None = None) -> Look:
    """Recognise a file by its first bytes and rows; `head` is at most its first megabyte."""
    for magic, name, words in _MAGIC:
        if head.startswith(magic):
            return Look("unknown", name, words)
    if b"\x00" in head[:1000]:
        return Look("unknown", None, "binary data or UTF-16 text without its mark")
    text = head.removeprefix(BOM)
    lines = [line for line in text.split(b"\n")[:MOST_ROWS] if line.strip()]
    if len(lines) > 1 and len(head) >= HEAD:
        lines.pop()
    read = [line for line in map(read_line, lines) if line.readable]
    objects = sum(isinstance(line.value, dict) for line in read)
    if lines and objects <= len(lines) // 2:
        if text.lstrip()[:1] == b"[":
            return Look("unknown", "json-array", "a JSON array")
        if lines[0].strip() == b"{":
            return Look("unknown", "json-document", "JSON that is spread over several lines")
    if not read and _is_table(lines):
        return Look("unknown", "csv", "a table (CSV or TSV)")
    found, looks_like = vote((line.value for line in read), method)
    return Look(found, looks_like, None)


def _is_table(lines: list[bytes]) -> bool:
    if len(lines) < 2 or lines[0].lstrip()[:1] in (b"{", b"["):
        return False
    return any(
        lines[0].count(separator) >= 1 and all(line.count(separator) >= 1 for line in lines[1:3])
        for separator in (b",", b"\t", b";")
    )
