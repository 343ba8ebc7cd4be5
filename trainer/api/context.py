"""What every route needs, found by name instead of by global."""

import asyncio
import re
from typing import TypeVar

from aiohttp import web

from trainer.errors import bad
from trainer.jobs.supervisor import Supervisor
from trainer.serve.engines import Engines
from trainer.settings import Settings
from trainer.store import Checkpoint, Event, File, Job, Store

R = TypeVar("R", Checkpoint, Event, File, Job)

STORE = web.AppKey("store", Store)
SETTINGS = web.AppKey("settings", Settings)
SUPERVISOR = web.AppKey("supervisor", Supervisor)
ANSWERER = web.AppKey("answerer", Engines)
#: How many uploads have their turn at the same time, to take a piece or to write it to the disk.
WRITERS = web.AppKey("writers", asyncio.Semaphore)
API_KEY = web.AppKey("api_key", str)
PROJECT = web.RequestKey("project", str)


def project(request: web.Request) -> str:
    """The project behind the request's key."""
    return request[PROJECT]


def limit_of(request: web.Request, default: int, most: int = 100) -> int:
    """The size of the page that a list request asks for; one beyond the most is cut to it."""
    raw = request.query.get("limit", str(default))
    size = int(raw) if re.fullmatch("[0-9]{1,18}", raw) else 0
    if size < 1:
        raise bad(
            f"Invalid 'limit': {raw[:20]!r} must be an integer of at least 1, in at most 18 digits.",
            "limit",
            "invalid_value",
        )
    return min(size, most)


def ascending(request: web.Request) -> bool:
    """Whether a list is asked for with the oldest first."""
    order = request.query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise bad(f"Invalid 'order': {order[:20]!r} must be 'asc' or 'desc'.", "order", "invalid_value")
    return order == "asc"


def page(
    request: web.Request, kind: type[R], limit: int, *, ascending: bool = False, **equal: str
) -> tuple[list[R], bool]:
    """The records behind a request's cursor, and whether more follow; 400 for one that isn't in this list."""
    after = request.query.get("after") or None
    try:
        return request.app[STORE].page(kind, after=after, limit=limit, ascending=ascending, **equal)
    except KeyError as error:
        message = f"Invalid 'after': nothing in this list has the id {error.args[0]!r}."
        raise bad(message, "after", "invalid_value") from error
