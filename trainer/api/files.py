"""/v1/files: bytes go straight to the disk, so that a large upload costs no memory."""

from aiohttp import web

from trainer import ids
from trainer.api import wire
from trainer.api.context import SETTINGS, STORE, ascending, limit_of, page, project
from trainer.api.expiry import FIELDS, seconds_of
from trainer.api.forms import CHUNK, incoming, read_form, safe_name
from trainer.api.ranges import refuse_unmet
from trainer.errors import bad, no_such_file
from trainer.store import File

# OpenAI takes "evals" too, but its file object has no such purpose, and nothing here evaluates.
PURPOSES = {"fine-tune", "batch", "assistants", "vision", "user_data"}
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
    store, limit = request.app[STORE], request.app[SETTINGS].limits.file_bytes
    async with incoming(store.files) as path:
        form = await read_form(request, "file", path, limit, {"purpose", *FIELDS})
        seconds, now = seconds_of(form.fields.get(FIELDS[0]), form.fields.get(FIELDS[1])), ids.now()
        record = File(
            id=ids.new("file-"),
            project=project(request),
            filename=safe_name(form.filename or "file"),
            bytes=path.stat().st_size,
            purpose=purpose_of(form.fields.get("purpose")),
            created_at=now,
            expires_at=now + seconds if seconds else None,
        )
        path.replace(store.file_path(record))
    store.add(record)
    return web.json_response(wire.file(record))


def purpose_of(given: object) -> str:
    """A purpose that this server knows."""
    if given is None:
        raise bad("Missing required parameter: 'purpose'.", "purpose", "missing_required_parameter")
    if not isinstance(given, str) or given not in PURPOSES:
        message = f"Invalid 'purpose': {given!r} must be one of {', '.join(sorted(PURPOSES))}."
        raise bad(message, "purpose", "invalid_value")
    return given


async def index(request: web.Request) -> web.Response:
    """List files, newest first unless order=asc."""
    limit = limit_of(request, MOST_FILES, MOST_FILES)
    where = {"project": project(request)}
    if "purpose" in request.query:
        where["purpose"] = request.query["purpose"]
    found, more = page(request, File, limit, ascending=ascending(request), **where)
    listing = wire.listing([wire.file(record) for record in found], has_more=more)
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
    record = _find(request)
    request.app[STORE].remove_file(record)
    return web.json_response({"object": "file", "id": record.id, "deleted": True})


async def content(request: web.Request) -> web.StreamResponse:
    """The bytes, streamed from the disk."""
    record = _find(request)
    path = request.app[STORE].file_path(record)
    if not path.exists():
        raise no_such_file(record.id)
    refuse_unmet(request, path)
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
    return web.FileResponse(path, headers=headers, chunk_size=CHUNK)
