"""/v1/uploads: a large file in parts, which may come in any order and at the same time."""

import asyncio
import hashlib
import shutil
from pathlib import Path
from typing import Any

from aiohttp import web

from trainer import ids
from trainer.api import wire
from trainer.api.context import SETTINGS, STORE, json_body, project
from trainer.api.files import purpose_of
from trainer.api.forms import CHUNK, incoming, read_form, safe_name, to_disk
from trainer.errors import ApiError, bad, no_such_upload
from trainer.store import File, Part, Store, Upload

UPLOAD_KEYS = {"filename", "purpose", "bytes", "mime_type", "expires_after"}


def routes() -> list[web.RouteDef]:
    """Every route under /v1/uploads."""
    return [
        web.post("/v1/uploads", create),
        web.post("/v1/uploads/{id}/parts", add_part),
        web.post("/v1/uploads/{id}/complete", complete),
        web.post("/v1/uploads/{id}/cancel", cancel),
    ]


async def create(request: web.Request) -> web.Response:
    """Announce a file."""
    body, limits = await json_body(request), request.app[SETTINGS].limits
    for key in ("filename", "mime_type"):
        if not isinstance(body.get(key), str) or not body[key]:
            raise bad(f"Missing required parameter: '{key}'.", key, "missing_required_parameter")
    unknown = sorted(set(body) - UPLOAD_KEYS)
    if unknown:
        raise bad(f"Unrecognized request argument supplied: {unknown[0]}", unknown[0], "unknown_parameter")
    upload = Upload(
        id=ids.new("upload_"),
        project=project(request),
        filename=safe_name(body["filename"]),
        bytes=_announced(body, limits.upload_bytes),
        purpose=purpose_of(body.get("purpose")),
        created_at=ids.now(),
        expires_at=ids.now() + limits.upload_seconds,
    )
    request.app[STORE].add(upload)
    return web.json_response(wire.upload(upload))


def _announced(body: dict[str, Any], limit: int) -> int:
    size = body.get("bytes")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise bad("Invalid 'bytes': must be a positive integer.", "bytes", "invalid_value")
    if size > limit:
        raise bad(f"Invalid 'bytes': at most {limit} are allowed.", "bytes", "file_too_large")
    return size


async def add_part(request: web.Request) -> web.Response:
    """Take one part."""
    store, limits = request.app[STORE], request.app[SETTINGS].limits
    upload = _pending(request)
    folder = store.uploads / upload.id
    folder.mkdir(exist_ok=True)
    async with incoming(folder) as path:
        await read_form(request, "data", path, min(limits.part_bytes, upload.bytes))
        part = Part(ids.new("part_"), upload.id, path.stat().st_size, ids.now())
        _pending(request)
        path.replace(folder / part.id)
    store.add(part)
    return web.json_response(wire.part(part))


async def complete(request: web.Request) -> web.Response:
    """Join the parts, in the order given, to a file."""
    body, store, upload = await json_body(request), request.app[STORE], _pending(request)
    parts = _chosen(store, upload, body.get("part_ids"))
    size = sum(part.bytes for part in parts)
    if size != upload.bytes:
        message = f"The parts have {size} bytes together, but {upload.bytes} were announced."
        raise bad(message, "part_ids", "size_mismatch")
    folder = store.uploads / upload.id
    file = File(ids.new("file-"), upload.project, upload.filename, size, upload.purpose, ids.now())
    async with incoming(store.files) as path:
        digest = await asyncio.to_thread(_join, [folder / part.id for part in parts], path)
        if body.get("md5") not in (None, digest):
            raise bad(f"The parts' MD5 is {digest}, not {body['md5']}.", "md5", "checksum_mismatch")
        _pending(request)
        path.replace(store.file_path(file))
    with store.transaction():
        store.add(file)
        store.change_upload(upload.id, status="completed", file_id=file.id)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return web.json_response(wire.upload(_find(request), file))


def _chosen(store: Store, upload: Upload, wanted: Any) -> list[Part]:
    if not isinstance(wanted, list) or not wanted:
        raise bad("Invalid 'part_ids': must be a list of part ids.", "part_ids", "invalid_type")
    known = {part.id: part for part in store.where(Part, upload_id=upload.id)}
    for id in wanted:
        if not isinstance(id, str) or id not in known or wanted.count(id) > 1:
            raise bad(f"Invalid 'part_ids': {id!r} is unknown or named twice.", "part_ids", "invalid_value")
    return [known[id] for id in wanted]


def _join(parts: list[Path], path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    whole.write(chunk)
        to_disk(whole)
    return digest.hexdigest()


async def cancel(request: web.Request) -> web.Response:
    """Give an upload up."""
    store, upload = request.app[STORE], _pending(request)
    store.change_upload(upload.id, status="cancelled")
    await asyncio.to_thread(shutil.rmtree, store.uploads / upload.id, ignore_errors=True)
    return web.json_response(wire.upload(_find(request)))


def _find(request: web.Request) -> Upload:
    id = request.match_info["id"]
    upload = request.app[STORE].find(Upload, id, project(request))
    if upload is None:
        raise no_such_upload(id)
    return upload


def _pending(request: web.Request) -> Upload:
    expire(request.app[STORE])
    upload = _find(request)
    if upload.status != "pending":
        raise ApiError(
            400, f"Upload {upload.id} is {upload.status}.", param="upload_id", code="upload_not_pending"
        )
    return upload


def expire(store: Store) -> None:
    """Let go of the uploads that were not completed in time, and of their bytes."""
    for upload in store.where(Upload, status="pending"):
        if upload.expires_at <= ids.now():
            store.change_upload(upload.id, status="expired")
            shutil.rmtree(store.uploads / upload.id, ignore_errors=True)
