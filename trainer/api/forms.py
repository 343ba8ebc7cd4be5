"""Multipart bodies: bytes go straight to the disk, so that a large upload costs no memory."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web

from trainer import ids
from trainer.errors import ApiError, bad

CHUNK = 1 << 18
LONGEST_FIELD = 1024


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


async def read_form(request: web.Request, file_field: str, path: Path, limit: int) -> Form:
    """Read a multipart body; its parts may come in any order, the file's bytes go to the path."""
    if not request.content_type.startswith("multipart/"):
        raise bad(f"The body must be multipart/form-data with the field '{file_field}'.")
    form, saved = Form(), False
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise bad("Nested multipart bodies are not understood.")
            if part.name == file_field:
                form.filename, saved = part.filename, True
                await _save(part, path, limit)
            else:
                form.fields[part.name or ""] = (await part.read_chunk(LONGEST_FIELD)).decode(
                    "utf-8", "replace"
                )
    except ValueError as error:
        raise bad(f"The multipart body can't be read: {error}") from error
    if not saved:
        raise bad(f"Missing required parameter: '{file_field}'.", file_field, "missing_required_parameter")
    return form


async def _save(part: BodyPartReader, path: Path, limit: int) -> None:
    written = 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(CHUNK):
            written += len(chunk)
            if written > limit:
                message = f"The data is larger than {limit} bytes."
                raise ApiError(413, message, param=part.name, code="file_too_large")
            file.write(chunk)
        await asyncio.to_thread(to_disk, file)


def to_disk(file: BinaryIO) -> None:
    """Flush a file down to the disk."""
    file.flush()
    os.fsync(file.fileno())


def safe_name(name: str) -> str:
    """The last part of whatever a client calls its file; it is only ever shown, never opened."""
    return Path(name.replace("\\", "/")).name[:255] or "file"
