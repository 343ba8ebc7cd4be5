"""A first look at a file: is it JSONL at all, and of which format are its rows?"""

from __future__ import annotations

import json
from typing import NamedTuple

from tuning.datasets.formats import vote
from tuning.datasets.nested import list_in
from tuning.datasets.ranges import BOM
from tuning.datasets.report import Format
from tuning.datasets.strict import read_line, shown
from tuning.datasets.unpack import encoding_in

HEAD = 1 << 20
MOST_ROWS = 200

_UNPACK = "Unpack it, or pack it with gzip or ZIP."
_ROWS = "Bring the rows as JSONL, CSV, TSV, Excel or Parquet."
_MAGIC = (
    (b"PAR1", "parquet", "Parquet", ""),
    (b"PK\x03\x04", "zip", "a ZIP archive or an Excel file", ""),
    (b"PK\x05\x06", "zip", "a ZIP archive", ""),
    (b"\xd0\xcf\x11\xe0", "excel", "an Excel file", ""),
    (b"\x1f\x8b", "gzip", "gzip", ""),
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32 text", ""),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32 text", ""),
    (b"\xff\xfe", "utf-16", "UTF-16 text", ""),
    (b"\xfe\xff", "utf-16", "UTF-16 text", ""),
    (b"BZh", None, "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", None, "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", None, "packed with Zstandard", _UNPACK),
    (b"7z\xbc\xaf", None, "a 7-Zip archive", _UNPACK),
    (b"Rar!", None, "a RAR archive", _UNPACK),
    (b"%PDF", None, "a PDF", _ROWS),
    (b"\x89PNG", None, "a picture", _ROWS),
    (b"\xff\xd8\xff", None, "a picture", _ROWS),
    (b"GIF8", None, "a picture", _ROWS),
    (b"ARROW1", None, "Arrow", _ROWS),
    (b"SQLite format 3", None, "an SQLite database", _ROWS),
    (b"version https://git-lfs", None, "a Git LFS pointer", "Fetch the file itself with git lfs pull."),
)


class Look(NamedTuple):
    """What the head of a file shows. `container` names what the file is if it isn't lines of JSON.

    `trouble` says what to do about it when it can be neither opened nor converted as it is.
    """

    format: Format
    looks_like: str | None
    container: str | None
    trouble: str = ""


def look(head: bytes, method: str | None = None) -> Look:
    """Recognise a file by its first bytes and rows; `head` is its first megabyte or first rows."""
    if other := _other(head):
        return other
    text = head.removeprefix(BOM)
    lines = [line for line in text.split(b"\n")[:MOST_ROWS] if line.strip()]
    if len(lines) > 1 and len(head) >= HEAD and not head.endswith(b"\n"):
        lines.pop()
    read = [line for line in map(read_line, lines) if line.readable]
    objects = sum(isinstance(line.value, dict) for line in read)
    if lines and objects <= len(lines) // 2:
        if text.lstrip()[:1] == b"[":
            return Look("unknown", "json-array", "a JSON array")
        if lines[0].strip() == b"{" or _spans_lines(text):
            return Look("unknown", "json-document", "JSON that is spread over several lines")
    if len(lines) == len(read) == 1 and (key := list_in(read[0].value)):
        return Look("unknown", "json-document", f"one object with the rows in {shown(key)}")
    if not read and _is_table(lines):
        return Look("unknown", "csv", "a table (CSV or TSV)")
    found, looks_like = vote((line.value for line in read), method)
    return Look(found, looks_like, None)


def _other(head: bytes) -> Look | None:
    """What isn't text in UTF-8, or not lines."""
    for magic, name, words, trouble in _MAGIC:
        if head.startswith(magic):
            return Look("unknown", name, words, trouble)
    if b"\x00" in head[:1000]:
        if told := encoding_in(head):
            return Look("unknown", "utf-16", f"{told[:6].upper()} text without its mark")
        return Look("unknown", None, "binary data", _ROWS)
    start = head.removeprefix(BOM).lstrip()[:15].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return Look("unknown", None, "a web page", "Download the file itself, then bring it again.")
    if b"\r" in head and b"\n" not in head and start[:1] in (b"{", b"["):
        return Look("unknown", "cr-lines", "text whose lines end in CR alone, as on old Macs")
    return None


def _spans_lines(text: bytes) -> bool:
    """Whether the text begins with an object that goes on over several lines."""
    start = text.lstrip()[:HEAD].decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return False
    return start[:1] == "{" and "\n" in start[:end]


def _is_table(lines: list[bytes]) -> bool:
    if len(lines) < 2 or lines[0].lstrip()[:1] in (b"{", b"["):
        return False
    return any(
        lines[0].count(separator) >= 1 and all(line.count(separator) >= 1 for line in lines[1:3])
        for separator in (b",", b"\t", b";")
    )
