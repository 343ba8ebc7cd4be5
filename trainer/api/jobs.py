"""/v1/fine_tuning/jobs."""

import json
import re
from dataclasses import replace
from typing import Any

from aiohttp import web

from trainer import keys
from trainer.api import wire
from trainer.api.bodies import json_body
from trainer.api.context import SETTINGS, STORE, SUPERVISOR, limit_of, page, project
from trainer.errors import ApiError, bad
from trainer.jobs.request import job_from
from trainer.store import Checkpoint, Event, Job

JOBS = "/v1/fine_tuning/jobs"
EVERY = 10**9


def routes() -> list[web.RouteDef]:
    """Every route under /v1/fine_tuning/jobs."""
    return [
        web.post(JOBS, create),
        web.get(JOBS, index),
        web.get(f"{JOBS}/{{id}}", retrieve),
        web.post(f"{JOBS}/{{id}}/cancel", cancel),
        web.post(f"{JOBS}/{{id}}/pause", pause),
        web.post(f"{JOBS}/{{id}}/resume", resume),
        web.get(f"{JOBS}/{{id}}/events", events),
        web.get(f"{JOBS}/{{id}}/checkpoints", checkpoints),
    ]


async def create(request: web.Request) -> web.Response:
    """Accept a job; its file is checked by a worker right after.

    A request that is repeated with its Idempotency-Key gets the job that the first one made.
    """
    app, body = request.app, await json_body(request)
    key = request.headers.get("Idempotency-Key")
    mark = keys.hashed(key) if key else None
    asked = keys.hashed(json.dumps(body, sort_keys=True))
    if mark and (made := app[STORE].where(Job, project=project(request), idempotency_key=mark)):
        return _json(request, _same(made[0], asked))
    job = job_from(body, app[STORE], app[SETTINGS], project(request))
    created = await app[SUPERVISOR].create(replace(job, idempotency_key=mark, asked=asked))
    return _json(request, _same(created, asked))


def _same(job: Job, asked: str) -> Job:
    # A job of an older home has no note of what was asked.
    if job.asked not in (None, asked):
        message = f"This Idempotency-Key was used for another request, which made {job.id}."
        raise ApiError(409, message, code="idempotency_key_reused")
    return job


async def index(request: web.Request) -> web.Response:
    """List jobs, newest first, optionally those whose metadata has these pairs."""
    limit, wanted = limit_of(request, 20), _metadata_filter(request)
    found, more = page(request, Job, limit if wanted is None else EVERY, project=project(request))
    if wanted is not None:
        found = [job for job in found if _matches(job, wanted)]
        found, more = found[:limit], len(found) > limit
    return web.json_response(wire.listing([_wire(request, job) for job in found], has_more=more))


def _metadata_filter(request: web.Request) -> dict[str, str] | None:
    """metadata[k]=v pairs; metadata=null, here the empty dictionary, asks for jobs without any."""
    if request.query.get("metadata") == "null":
        return {}
    for name in request.query:
        if name.startswith("metadata") and not re.fullmatch(r"metadata\[.+\]", name, re.DOTALL):
            message = "Invalid 'metadata': must be pairs, metadata[name]=value, or metadata=null for none."
            raise bad(message, "metadata", "invalid_value")
    pairs = {
        key.removeprefix("metadata[").removesuffix("]"): value
        for key, value in request.query.items()
        if key.startswith("metadata[") and key.endswith("]")
    }
    return pairs or None


def _matches(job: Job, wanted: dict[str, str]) -> bool:
    has = job.metadata or {}
    return not has if not wanted else wanted.items() <= has.items()


def _find(request: web.Request) -> Job:
    return request.app[SUPERVISOR].find(request.match_info["id"], project(request))


def _wire(request: web.Request, job: Job) -> dict[str, Any]:
    return wire.job(job, request.app[SETTINGS])


def _json(request: web.Request, job: Job) -> web.Response:
    return web.json_response(_wire(request, job))


async def retrieve(request: web.Request) -> web.Response:
    """One job, as it is at this moment."""
    return _json(request, _find(request))


async def cancel(request: web.Request) -> web.Response:
    """End a job."""
    return _json(request, request.app[SUPERVISOR].cancel(_find(request)))


async def pause(request: web.Request) -> web.Response:
    """Stop a job so that it can go on later."""
    return _json(request, request.app[SUPERVISOR].pause(_find(request)))


async def resume(request: web.Request) -> web.Response:
    """Let a paused job go on."""
    return _json(request, request.app[SUPERVISOR].resume(_find(request)))


async def events(request: web.Request) -> web.Response:
    """What was said of a job, newest first."""
    job = _find(request)
    found, more = page(request, Event, limit_of(request, 20), job_id=job.id)
    return web.json_response(wire.listing([wire.event(event) for event in found], has_more=more))


async def checkpoints(request: web.Request) -> web.Response:
    """The models that a job left on its way, newest first."""
    job = _find(request)
    found, more = page(request, Checkpoint, limit_of(request, 10), job_id=job.id)
    return web.json_response(wire.listing([wire.checkpoint(item) for item in found], has_more=more))
