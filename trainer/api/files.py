"""/v1/files: bytes go straight to the disk, so that a large upload costs no memory."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web

from trainer import ids
from trainer.api import wire
from trainer.api.context import SETTINGS, STORE, page_of, project, unknown_cursor
from trainer.errors import ApiError, bad, no_such_file
from trainer.store import File

CHUNK = 1 << 18
PURPOSES = {"fine-tune", "batch", "assistants", "vision", "user_data", "evals"}
MOST_FILES = 10_000


def routes() -> list[web.RouteDef]:
    """Every route under /v1/files."""
    return [
        web.post("/v1/files", create),
        web.get("/v1/files", index),
        web.get("/v1/files/{id}", retrieve),
        web.delete("/v1/files/{id}", delete),
        web.get("/v1/files/{id}/content", content),
    ]


async def create(request: web.Request) -> web.Response:
    """Take a file; the parts of the form may come in any order."""
    if not request.content_type.startswith("multipart/"):
        raise bad("The body must be multipart/form-data with the fields 'purpose' and 'file'.")
    store, limit = request.app[STORE], request.app[SETTINGS].limits.file_bytes
    async with incoming(store.files) as path:
        purpose, filename = await _read_form(request, path, limit)
        if filename is None:
            raise bad("Missing required parameter: 'file'.", "file", "missing_required_parameter")
        if purpose not in PURPOSES:
            message = f"Invalid 'purpose': {purpose!r} must be one of {', '.join(sorted(PURPOSES))}."
            raise bad(message, "purpose", "invalid_value")
        record = File(ids.new("file-"), project(request), filename, path.stat().st_size, purpose, ids.now())
        path.replace(store.file_path(record))
    store.add(record)
    return web.json_response(wire.file(record))


@asynccontextmanager
async def incoming(folder: Path) -> AsyncIterator[Path]:
    """A place for bytes that are on their way; what isn't moved away by the end is removed."""
    path = folder / ids.new("incoming-")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _read_form(request: web.Request, path: Path, limit: int) -> tuple[str | None, str | None]:
    purpose = filename = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise bad("Nested multipart bodies are not understood.")
            if part.name == "purpose":
                purpose = (await part.read_chunk(256)).decode("utf-8", "replace")
            elif part.name == "file":
                filename = Path((part.filename or "file").replace("\\", "/")).name[:255] or "file"
                await save(part, path, limit)
    except ValueError as error:
        raise bad(f"The multipart body can't be read: {error}") from error
    return purpose, filename


async def save(part: BodyPartReader, path: Path, limit: int) -> int:
    """Stream one part to the disk; raises 413 as soon as it is too large."""
    written = 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(CHUNK):
            written += len(chunk)
            if written > limit:
                raise ApiError(
                    413, f"The file is larger than {limit} bytes.", param="file", code="file_too_large"
                )
            file.write(chunk)
        await asyncio.to_thread(_to_disk, file)
    return written


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


async def index(request: web.Request) -> web.Response:
    """List files, newest first unless order=asc."""
    after, limit = page_of(request, MOST_FILES, MOST_FILES)
    where = {"project": project(request)}
    if "purpose" in request.query:
        where["purpose"] = request.query["purpose"]
    ascending = request.query.get("order") == "asc"
    try:
        page, more = request.app[STORE].page(File, after=after, limit=limit, ascending=ascending, **where)
    except KeyError as error:
        raise unknown_cursor(error) from error
    listing = wire.listing([wire.file(record) for record in page], has_more=more)
    # Unlike other lists, the contract has strings here even when the list is empty.
    return web.json_response(
        {**listing, "first_id": listing["first_id"] or "", "last_id": listing["last_id"] or ""}
    )


def _find(request: web.Request) -> File:
    id = request.match_info["id"]
    record = request.app[STORE].find(File, id, project(request))
    if record is None:
        raise no_such_file(id)
    return record


async def retrieve(request: web.Request) -> web.Response:
    """One file's record."""
    return web.json_response(wire.file(_find(request)))


async def delete(request: web.Request) -> web.Response:
    """Forget a file; jobs that use it have their own link to the bytes."""
    record, store = _find(request), request.app[STORE]
    store.remove(record)
    store.file_path(record).unlink(missing_ok=True)
    return web.json_response({"object": "file", "id": record.id, "deleted": True})


async def content(request: web.Request) -> web.StreamResponse:
    """The bytes, streamed from the disk."""
    record = _find(request)
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
    return web.FileResponse(request.app[STORE].file_path(record), headers=headers, chunk_size=CHUNK)
