"""Multipart bodies: bytes go straight to the disk, so that a large upload costs no memory."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from trainer import ids
from trainer.api.context import WRITERS
from trainer.errors import ApiError, bad

CHUNK = 1 << 18
#: How much of an upload may wait in memory for the disk: what the database commits must wait behind it.
UNWRITTEN = 8 << 20
LONGEST_FIELD = 1024
LONGEST_NAME = 255


@dataclass
class Form:
    """What a multipart body held besides the file's bytes."""

    filename: str | None = None
    fields: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def incoming(folder: Path) -> AsyncIterator[Path]:
    """A place for bytes that are on their way; what isn't moved away by the end is removed."""
    path = folder / ids.new("incoming-")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def read_form(
    request: web.Request, file_field: str, path: Path, limit: int, known: Iterable[str] = ()
) -> Form:
    """Read a multipart body; its parts may come in any order, the file's bytes go to the path.

    Every field may come once; one that is neither the file nor known is refused by name.
    """
    if not request.content_type.startswith("multipart/"):
        raise bad(f"The body must be multipart/form-data with the field '{file_field}'.")
    form, left = Form(), {file_field, *known}
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise bad("Nested multipart bodies are not understood.")
            if part.name is None:
                raise bad("A part of the multipart body has no name, or is cut short within its header.")
            _take_name(part.name, left, {file_field, *known})
            if part.name == file_field:
                form.filename = part.filename
                await _save(part, path, limit, request.app[WRITERS])
            else:
                form.fields[part.name] = await _text(part)
    except (ValueError, BadHttpMessage) as error:
        raise bad(
            "The multipart body can't be read: it is cut short, or is not what its header says."
        ) from error
    if file_field in left:
        raise bad(f"Missing required parameter: '{file_field}'.", file_field, "missing_required_parameter")
    return form


def _take_name(name: str, left: set[str], known: set[str]) -> None:
    if name not in known:
        shown = clean(name)[:100]
        raise bad(f"Unrecognized request argument supplied: {shown}", shown, "unknown_parameter")
    if name not in left:
        raise bad(f"The field '{name}' came twice.", name, "duplicate_parameter")
    left.remove(name)


async def _text(part: BodyPartReader) -> str:
    """A short field; its bytes may come in pieces."""
    data = bytearray()
    while chunk := await part.read_chunk(LONGEST_FIELD):
        data += chunk
        if len(data) > LONGEST_FIELD:
            raise bad(f"The field '{part.name}' is longer than {LONGEST_FIELD} bytes.", part.name)
    return data.decode("utf-8", "replace")


async def _save(part: BodyPartReader, path: Path, limit: int, writers: asyncio.Semaphore) -> None:
    written = on_disk = 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(CHUNK):
            written += len(chunk)
            if written > limit:
                message = f"The data is larger than {limit} bytes."
                raise ApiError(413, message, param=part.name, code="file_too_large")
            async with writers:
                file.write(chunk)
                if written - on_disk >= UNWRITTEN:
                    await asyncio.to_thread(to_disk, file)
                    on_disk = written
                else:
                    # Who asks something small has its turn before the next piece of any upload.
                    await asyncio.sleep(0)
        async with writers:
            await asyncio.to_thread(to_disk, file)


def to_disk(file: BinaryIO) -> None:
    """Flush a file down to the disk."""
    file.flush()
    os.fsync(file.fileno())


def clean(text: str) -> str:
    """Text without control characters and halves of characters, which come from bytes that are not UTF-8."""
    return "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in text)


def safe_name(name: str) -> str:
    """The last part of whatever a client calls its file; it is only ever shown, never opened."""
    last = clean(name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return last[:LONGEST_NAME] if last.strip(". ") else "file"
