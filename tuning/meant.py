"""Whether a person meant a dropped file as training data: told by its name, or seen in its first bytes.

A name such as `train.jsonl.gz` tells. Other files are looked into: what is packed or UTF-16 is opened as far
as its first bytes go. Text without a telling name counts when it begins like JSON lines or a list of objects;
a log, a notebook or source code only when its rows are training rows.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import PurePath

from tuning.datasets.members import ROWS_SUFFIXES, TABLE_SUFFIXES, beside
from tuning.datasets.report import Report
from tuning.datasets.sniff import look
from tuning.datasets.unpack import encoding_in
from tuning.records import SharedFile

#: So many bytes of a file are looked into.
HEAD_BYTES = 64 * 1024
#: Data in another format: answered with a hint instead of silence.
DATA_SUFFIXES = TABLE_SUFFIXES | {".json"}
PACKED_SUFFIXES = frozenset({".gz", ".gzip", ".zip", ".xz", ".bz2", ".zst", ".7z", ".rar"})
#: Names of text that say nothing of what the text is.
PLAIN_SUFFIXES = frozenset({"", ".txt", ".text", ".dat", ".data", ".jl", ".jsonlines"})
OTHER_MEDIA = ("image/", "video/", "audio/", "application/pdf")
_BEGINS = re.compile(rb'\s*(?:\[\s*)?\{\s*["}]')
_LOCAL_MARK = b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<4s2xHH8xI4xHH")


def told_by_name(name: str) -> bool:
    """Whether the name says that it is data, packed or not."""
    return _suffix(_unpacked_name(name)) in ROWS_SUFFIXES | DATA_SUFFIXES


def worth_a_look(file: SharedFile) -> bool:
    """Whether a file whose name doesn't tell may be data all the same."""
    return not file.mimetype.startswith(OTHER_MEDIA)


def begins_like_data(name: str, head: bytes) -> bool:
    """Whether a file that begins with these bytes (at most `HEAD_BYTES`) was meant as data."""
    if head.startswith(b"\x1f\x8b"):
        inside = _inflated(head, 31)
        if inside[257:262] == b"ustar":
            return _suffix(inside[:100].split(b"\0")[0].decode("utf-8", "replace")) in ROWS_SUFFIXES
        return _text_is_data(_suffix(_unpacked_name(name)), inside)
    if head.startswith(_LOCAL_MARK):
        told = [_member_is_data(*member) for member in _members(head)]
        return bool(told) and (told[0] or sum(told) > len(told) / 2)
    return _text_is_data(_suffix(_unpacked_name(name)), head)


def one_column(name: str, report: Report) -> bool:
    """Whether a checked file is a table by its name, and has no second column."""
    unread = report.codes.get("bad_json", 0) + report.codes.get("data_type", 0)
    table = _suffix(_unpacked_name(name)) in (".csv", ".tsv")
    return table and report.looks_like is None and report.format == "unknown" and 0 < report.rows <= unread


def base_name(filename: str) -> str:
    """The file's name without the endings that say how it is packed and laid out."""
    path = PurePath(_unpacked_name(filename))
    known = ROWS_SUFFIXES | DATA_SUFFIXES | PLAIN_SUFFIXES
    return path.stem if path.suffix.lower() in known else path.name


def _unpacked_name(name: str) -> str:
    path = PurePath(name)
    return path.stem if path.suffix.lower() in PACKED_SUFFIXES else path.name


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()


def _text_is_data(suffix: str, head: bytes) -> bool:
    text = _utf8(head)
    if suffix in PLAIN_SUFFIXES:
        return bool(_BEGINS.match(text)) or _mostly_objects(text)
    whole = text[: text.rfind(b"\n") + 1] or text
    return look(whole).format != "unknown"


def _is_list(head: bytes) -> bool:
    """Whether a JSON file holds records, and isn't the settings of some program."""
    text = _utf8(head).lstrip()
    return _mostly_objects(text) or bool(text[:1] == b"[" and _BEGINS.match(text))


def _utf8(head: bytes) -> bytes:
    """The text as UTF-8 without its mark; a character that is cut off at the end is left out."""
    encoding = encoding_in(head)
    text = head.decode(encoding, "ignore") if encoding else head.decode("utf-8-sig", "ignore")
    return text.encode("utf-8", "ignore")


def _mostly_objects(text: bytes) -> bool:
    """Whether at least half of the first lines, and two of them, are JSON objects."""
    lines = [line for line in text.split(b"\n")[:-1] if line.strip()][:20]
    return sum(map(_is_object, lines)) >= max(2, len(lines) / 2)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _inflated(data: bytes, window: int) -> bytes:
    """The beginning of what was packed; empty when it is damaged."""
    try:
        return zlib.decompressobj(window).decompress(data, HEAD_BYTES)
    except zlib.error:
        return b""


def _member_is_data(name: str, head: bytes) -> bool:
    suffix = _suffix(name)
    if suffix in ROWS_SUFFIXES | TABLE_SUFFIXES:
        return True
    return _is_list(head) if suffix == ".json" else _text_is_data(suffix, head)


def _members(head: bytes) -> Iterator[tuple[str, bytes]]:
    """The name and the beginning of each file in a ZIP archive as far as its head goes.

    What lies beside data is passed over. A member may not tell its size, so the next one is looked for.
    """
    at = 0
    while (at := head.find(_LOCAL_MARK, at)) >= 0 and len(head) >= at + _LOCAL_HEADER.size:
        _, flags, method, size, name_size, extra = _LOCAL_HEADER.unpack_from(head, at)
        start = at + _LOCAL_HEADER.size + name_size + extra
        name = head[at + _LOCAL_HEADER.size :][:name_size].decode("utf-8", "replace")
        if not beside(name):
            content = b"" if flags & 1 else head[start : start + size if size else None]
            yield name, _inflated(content, -15) if method == zlib.DEFLATED else content
        at = start + size
