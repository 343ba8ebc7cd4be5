"""Opening what people bring: gzip, ZIP, UTF-16, Windows text. All of it is bounded against bombs."""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from tuning.datasets.members import data_members

MOST_UNPACKED = 1 << 30
MOST_MEMBERS = 1000
#: Members that an answer names.
NAMED = 8
_COPY = 1 << 20
_DAMAGED_BYTE = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_DAMAGED = (
    *(EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, KeyError),
)
"""What the standard library raises for archives that are broken in one way or another."""


class CannotConvert(Exception):
    """The file can't be converted; the message says why and what to do."""


class Opened(NamedTuple):
    """A plain file, and how it came: `packing` is gzip, zip or empty; `encoding` is of its text."""

    path: Path
    packing: str
    encoding: str


@contextmanager
def unpacked(source: Path, most: int = MOST_UNPACKED, folder: Path | None = None) -> Iterator[Opened]:
    """The file without its packing; what was unpacked, into `folder`, is deleted.

    Raises CannotConvert and OSError.
    """
    with ExitStack() as stack:
        path, packing = source, ""
        must_be_file(source)
        with source.open("rb") as file:
            magic = file.read(8)
        if magic.startswith(b"\x1f\x8b"):
            packed = stack.enter_context(gzip.open(source))
            path, packing = _copy(stack, packed, source.with_suffix("").suffix, most, folder), "gzip"
        elif magic.startswith(b"PK\x03\x04") and (member := _member(source, most)):
            inner = _opened(stack, source, member)
            path, packing = _copy(stack, inner, Path(member).suffix, most, folder), "zip"
        elif magic.startswith(b"PK\x05\x06"):
            raise CannotConvert("The ZIP archive is empty.")
        yield Opened(path, packing, encoding_of(path))


def must_be_file(source: Path) -> None:
    """Refuse folders, and devices and pipes, which have no end or can be read but once."""
    if source.exists() and not source.is_file():
        kind = "is a folder" if source.is_dir() else "isn't a file"
        raise CannotConvert(f"{source.name or source} {kind}.")


def _opened(stack: ExitStack, source: Path, member: str) -> IO[bytes]:
    try:
        archive = stack.enter_context(zipfile.ZipFile(source))
        return stack.enter_context(archive.open(member))
    except (*_DAMAGED, OSError) as error:  # a header that leads before the file's beginning is an OSError
        raise CannotConvert("The ZIP archive is damaged. Pack it again.") from error


def _member(source: Path, most: int) -> str | None:
    """The one file of data in an archive; None for an Excel workbook, which is a ZIP archive too."""
    try:
        with zipfile.ZipFile(source) as archive:
            infos = archive.infolist()
    except _DAMAGED as error:
        raise CannotConvert("The ZIP archive is damaged. Pack it again.") from error
    if len(infos) > MOST_MEMBERS:
        raise CannotConvert(f"The ZIP archive has {len(infos):,} files. Bring one file.")
    names = [i.filename for i in infos]
    if "xl/workbook.xml" in names:
        return None
    found = data_members(names)
    if len(found) != 1:
        raise CannotConvert(_which(found))
    info = next(i for i in infos if i.filename == found[0])
    if info.file_size > most:
        raise CannotConvert(_too_large(most))
    if info.flag_bits & 1:
        raise CannotConvert("The ZIP archive needs a password. Pack it without one.")
    return found[0]


def _which(found: Sequence[str]) -> str:
    """Why no member of the archive can be taken."""
    if not found:
        return "The ZIP archive has no files. Pack the data again."
    shown = ", ".join("`" + name[-60:].replace("`", "'") + "`" for name in found[:NAMED])
    rest = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return (
        f"The ZIP archive has {len(found):,} files that may be the data: {shown}{rest}. "
        "Bring the one to train on by itself, and others, such as validation data, each by itself too."
    )


def _too_large(most: int) -> str:
    return f"Unpacked it has more than {most >> 20:,} MB. Bring a smaller file."


def _copy(
    stack: ExitStack, packed: IO[bytes] | gzip.GzipFile, suffix: str, most: int, folder: Path | None
) -> Path:
    own = Path(tempfile.mkdtemp(prefix="ft-bot-", dir=folder))
    stack.callback(shutil.rmtree, own, ignore_errors=True)
    path = own / f"unpacked{suffix[:10]}"
    done = 0
    try:
        with path.open("wb") as out:
            while chunk := packed.read(_COPY):
                done += len(chunk)
                if done > most:
                    raise CannotConvert(_too_large(most))
                out.write(chunk)
    except _DAMAGED as error:
        raise CannotConvert("The packed file is damaged. Pack it again.") from error
    except OSError as error:
        if error.errno is None:  # bzip2 inside a ZIP archive
            raise CannotConvert("The packed file is damaged. Pack it again.") from error
        raise
    return path


_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """The encoding of a text: by its mark or zero bytes, UTF-8 if it is mostly that, else Windows-1252."""
    with path.open("rb") as file:
        if told := encoding_in(file.read(4096)):
            return told
        file.seek(0)
        return "utf-8" if _is_utf8(file) else "windows-1252"


def encoding_in(head: bytes) -> str:
    """The encoding that a text's first bytes tell, by a mark or by their zero bytes; empty when none does."""
    head = head[:4096]
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head[1::2].count(0) > len(head) // 3 and _reads(head, "utf-16-le"):
        return "utf-16-le"
    if head[::2].count(0) > len(head) // 3 and _reads(head, "utf-16-be"):
        return "utf-16-be"
    return ""


def _reads(head: bytes, encoding: str) -> bool:
    """Whether bytes are text in this encoding: pictures and databases have zero bytes too."""
    start = head[: min(400, len(head) // 2 * 2)].decode(encoding, "replace")
    return all(char.isprintable() or char in "\t\r\n\ufeff" for char in start) and "\ufffd" not in start


def _is_utf8(file: BinaryIO) -> bool:
    """Whether a text is UTF-8, be it with some damaged bytes: in other encodings its sequences are rare."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    whole = damaged = 0
    while chunk := file.read(_COPY):
        text = decoder.decode(chunk)
        if not text.isascii():
            bad = len(_DAMAGED_BYTE.findall(text))
            damaged += bad
            whole += len(_BEYOND_ASCII.findall(text)) - bad
    damaged += len(decoder.decode(b"", True))
    return damaged == 0 or whole > damaged


def open_text(opened: Opened) -> io.TextIOWrapper:
    """The text, decoded; line ends are left as they are. What is damaged becomes half of a surrogate pair."""
    return opened.path.open(encoding=opened.encoding, errors="ft-bot-damaged", newline="")


def _half(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80", error.end


codecs.register_error("ft-bot-damaged", _half)
