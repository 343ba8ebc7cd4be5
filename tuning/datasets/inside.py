"""Packed files and UTF-16: their rows are checked as those of any file, and the report says how they came."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from tuning.datasets.plain import Plain, is_plain, plain_file
from tuning.datasets.report import Finding, Report
from tuning.datasets.rules import make_finding
from tuning.datasets.unpack import MOST_UNPACKED, CannotConvert, must_be_file


class Inside(NamedTuple):
    """What opening a file gave: the report of what is inside, or why it can't be opened, or neither."""

    report: Report | None = None
    trouble: str = ""


def look_inside(path: Path, head: bytes, check: Callable[[Path], Report]) -> Inside:
    """Check what is in a packed file, or in one whose characters have two or four bytes. Raises OSError.

    Rows and offsets are those of the text inside, in UTF-8. A file that is plain already isn't opened.
    """
    if is_plain(head[:4096]):
        return Inside()
    with tempfile.TemporaryDirectory(prefix="ft-bot-") as folder:
        target = Path(folder) / "inside.jsonl"
        try:
            how = plain_file(path, target, MOST_UNPACKED)
        except CannotConvert as error:
            return Inside(trouble=str(error))
        return Inside(check(target)) if how != Plain() else Inside()


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """A file as plain UTF-8, wherever that is for the time being. Raises CannotConvert and OSError."""
    must_be_file(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if is_plain(head):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="ft-bot-") as folder:
        target = Path(folder) / "inside.jsonl"
        yield target if plain_file(path, target, MOST_UNPACKED) != Plain() else path


def how_it_came(head: bytes) -> list[Finding]:
    """One finding for the packing or the encoding that a file came in."""
    if head.startswith(b"\x1f\x8b"):
        return [make_finding("packed", "The file is packed with gzip")]
    if head.startswith(b"PK"):
        return [make_finding("packed", "The file is a ZIP archive")]
    return [make_finding("encoding", "The file isn't UTF-8 but UTF-16 or UTF-32")]


def opened_report(report: Report, found: list[Finding], sha256: str, size: int, seconds: float) -> Report:
    """The report of what is inside as that of the file: with what is said of the file itself."""
    codes = dict(report.codes)
    for finding in found:
        codes[finding.code] = codes.get(finding.code, 0) + 1
    return msgspec.structs.replace(
        report,
        findings=(*found, *report.findings),
        warnings=report.warnings + len(found),
        codes=dict(sorted(codes.items())),
        sha256=sha256,
        bytes=size,
        seconds=seconds,
    )
