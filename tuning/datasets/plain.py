"""From a file as it came to plain text: unpacked from gzip or ZIP, and UTF-8 in the place of UTF-16.

So its rows are checked as those of any file, and a finding names the row of the text that was packed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tuning.datasets.atomic import writing
from tuning.datasets.unpack import CannotConvert, Opened, encoding_in, must_be_file, unpacked

_CHARACTERS = 1 << 20
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")
_BINARY = (b"PAR1", b"\xd0\xcf\x11\xe0")
_UNKNOWN = (
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
)


class Plain(NamedTuple):
    """How a file came: `packing` is gzip, zip or empty, `encoding` utf-16, utf-32 or empty."""

    packing: str = ""
    encoding: str = ""


def is_plain(head: bytes) -> bool:
    """Whether nothing is to be done to a file that begins with these bytes."""
    if head.startswith((*_PACKED, *(magic for magic, _ in _UNKNOWN))):
        return False
    return head.startswith(_BINARY) or _wide(encoding_in(head)) == ""


def plain_file(source: Path, target: Path, most: int) -> Plain:
    """Write `target` (which may be `source`) in plain UTF-8; what is neither packed nor UTF-16 is left alone.

    `most` bounds what is unpacked, in bytes. Raises CannotConvert and OSError.
    """
    _openable(source)
    with unpacked(source, most, target.parent) as opened:
        with opened.path.open("rb") as file:
            head = file.read(4096)
        if head[257:262] == b"ustar":
            raise CannotConvert("It is a tar archive. Pack the one file with gzip or ZIP alone.")
        wide = "" if head.startswith((*_BINARY, *_PACKED)) else _wide(opened.encoding)
        if wide:
            _to_utf8(opened, target)
        elif opened.packing:
            os.replace(opened.path, target)
        return Plain(opened.packing, wide)


def _openable(source: Path) -> None:
    must_be_file(source)
    with source.open("rb") as file:
        head = file.read(8)
    for magic, name in _UNKNOWN:
        if head.startswith(magic):
            raise CannotConvert(f"It is packed with {name}, which can't be opened here. Use gzip or ZIP.")


def _wide(encoding: str) -> str:
    """The family of an encoding whose characters have two or four bytes; empty for others."""
    return encoding[:6] if encoding.startswith(("utf-16", "utf-32")) else ""


def _to_utf8(opened: Opened, target: Path) -> None:
    try:
        with (
            opened.path.open(encoding=opened.encoding, errors="strict", newline="") as text,
            writing(target) as out,
        ):
            while piece := text.read(_CHARACTERS):
                out.write(piece.encode())
    except UnicodeError as error:
        raise CannotConvert(
            f"The {_wide(opened.encoding).upper()} text is damaged. Save it as UTF-8."
        ) from error
