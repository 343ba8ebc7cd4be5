"""/v1/uploads: a large file in parts, which may come in any order and at the same time."""

import asyncio
import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

from aiohttp import web

from trainer import fields, ids
from trainer.api import wire
from trainer.api.bodies import json_body
from trainer.api.context import SETTINGS, STORE, project
from trainer.api.expiry import expire_uploads, seconds_of
from trainer.api.files import purpose_of
from trainer.api.forms import CHUNK, incoming, read_form, safe_name, to_disk
from trainer.errors import ApiError, bad, no_such_upload
from trainer.store import File, Part, Store, Upload

COMPLETE_KEYS = {"part_ids", "md5"}
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
    body, limits = await json_body(request, UPLOAD_KEYS), request.app[SETTINGS].limits
    for key in ("filename", "mime_type"):
        if not isinstance(body.get(key), str) or not body[key]:
            raise bad(f"Missing required parameter: '{key}'.", key, "missing_required_parameter")
    now = ids.now()
    upload = Upload(
        id=ids.new("upload_"),
        project=project(request),
        filename=safe_name(body["filename"]),
        bytes=_announced(body, limits.upload_bytes),
        purpose=purpose_of(body.get("purpose")),
        created_at=now,
        expires_at=now + limits.upload_seconds,
        file_seconds=_file_seconds(body.get("expires_after")),
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


def _file_seconds(given: Any) -> int | None:
    if given is None:
        return None
    fields.holding(anchor=fields.text, seconds=_whole)(given, "expires_after")
    return seconds_of(given.get("anchor", ""), given.get("seconds"))


def _whole(value: Any, param: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise fields.wrong_type(param, "an integer")


async def add_part(request: web.Request) -> web.Response:
    """Take one part."""
    store, limits = request.app[STORE], request.app[SETTINGS].limits
    upload = _pending(request)
    _refuse_too_much(store, upload)
    folder = store.uploads / upload.id
    folder.mkdir(exist_ok=True)
    async with incoming(folder) as path:
        await read_form(request, "data", path, min(limits.part_bytes, upload.bytes))
        _pending(request)
        part = Part(ids.new("part_"), upload.id, path.stat().st_size, ids.now())
        path.replace(folder / part.id)
    store.add(part)
    return web.json_response(wire.part(part))


def _refuse_too_much(store: Store, upload: Upload) -> None:
    """A part may be sent again, but not for ever: together they take at most twice the announced room."""
    if sum(part.bytes for part in store.where(Part, upload_id=upload.id)) > 2 * upload.bytes:
        message = f"The parts have more than twice the {upload.bytes} bytes that were announced."
        raise ApiError(413, message, param="data", code="file_too_large")


async def complete(request: web.Request) -> web.Response:
    """Join the parts, in the order given, to a file."""
    body, store, upload = await json_body(request, COMPLETE_KEYS), request.app[STORE], _pending(request)
    fields.check(body, {"md5": _checksum})
    parts = _chosen(store, upload, body.get("part_ids"))
    size = sum(part.bytes for part in parts)
    if size != upload.bytes:
        message = f"The parts have {size} bytes together, but {upload.bytes} were announced."
        raise bad(message, "part_ids", "size_mismatch")
    folder = store.uploads / upload.id
    now = ids.now()
    ends = now + upload.file_seconds if upload.file_seconds else None
    file = File(ids.new("file-"), upload.project, upload.filename, size, upload.purpose, now, ends)
    async with incoming(store.files) as path:
        try:
            digest = await asyncio.to_thread(_join, [folder / part.id for part in parts], path)
        finally:
            # Parts that are gone mean that the upload was cancelled or expired in the meantime.
            _pending(request)
        if (body.get("md5") or digest).lower() != digest:
            raise bad(f"The parts' MD5 is {digest}, not {body['md5']}.", "md5", "checksum_mismatch")
        path.replace(store.file_path(file))
    with store.transaction():
        store.add(file)
        store.change_upload(upload.id, status="completed", file_id=file.id)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return web.json_response(wire.upload(_find(request), file))


def _checksum(value: Any, param: str) -> None:
    fields.text(value, param)
    if not re.fullmatch("[0-9a-fA-F]{32}", value):
        raise bad(f"Invalid '{param}': must be 32 hexadecimal digits.", param, "invalid_value")


def _chosen(store: Store, upload: Upload, wanted: Any) -> list[Part]:
    if not isinstance(wanted, list) or not wanted:
        raise bad("Invalid 'part_ids': must be a list of part ids.", "part_ids", "invalid_type")
    known = {part.id: part for part in store.where(Part, upload_id=upload.id)}
    seen: set[str] = set()
    for id in wanted:
        if not isinstance(id, str) or id not in known or id in seen:
            raise bad(f"Invalid 'part_ids': {id!r} is unknown or named twice.", "part_ids", "invalid_value")
        seen.add(id)
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
    expire_uploads(request.app[STORE])
    upload = _find(request)
    if upload.status != "pending":
        raise ApiError(
            400, f"Upload {upload.id} is {upload.status}.", param="upload_id", code="upload_not_pending"
        )
    return upload
