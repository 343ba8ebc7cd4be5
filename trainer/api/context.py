"""What every route needs, found by name instead of by global."""

import asyncio
import re

from aiohttp import web

from trainer.errors import bad
from trainer.jobs.supervisor import Supervisor
from trainer.serve.engines import Engines
from trainer.settings import Settings
from trainer.store import Store

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


def page_of(request: web.Request, default: int, most: int = 100) -> tuple[str | None, int]:
    """The cursor and the size that a list request asks for; a size beyond the most is cut to it."""
    raw = request.query.get("limit", str(default))
    size = int(raw) if re.fullmatch("[0-9]{1,18}", raw) else 0
    if size < 1:
        raise bad(
            f"Invalid 'limit': {raw[:20]!r} must be an integer of at least 1.", "limit", "invalid_value"
        )
    return request.query.get("after") or None, min(size, most)


def ascending(request: web.Request) -> bool:
    """Whether a list is asked for with the oldest first."""
    order = request.query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise bad(f"Invalid 'order': {order[:20]!r} must be 'asc' or 'desc'.", "order", "invalid_value")
    return order == "asc"


def unknown_cursor(error: KeyError) -> Exception:
    """400 for an `after` that names nothing in this list."""
    return bad(
        f"Invalid 'after': nothing in this list has the id {error.args[0]!r}.", "after", "invalid_value"
    )
