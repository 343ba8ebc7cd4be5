"""What every route needs, found by name instead of by global."""

from typing import Any

from aiohttp import web

from trainer.errors import bad
from trainer.jobs.supervisor import Supervisor
from trainer.serve.client import Answerer
from trainer.settings import Settings
from trainer.store import Store

STORE = web.AppKey("store", Store)
SETTINGS = web.AppKey("settings", Settings)
SUPERVISOR = web.AppKey("supervisor", Supervisor)
ANSWERER = web.AppKey("answerer", Answerer)
API_KEY = web.AppKey("api_key", str)
PROJECT = "project"


def project(request: web.Request) -> str:
    """The project behind the request's key."""
    return str(request[PROJECT])


async def json_body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object."""
    try:
        body = await request.json()
    except ValueError as error:
        raise bad(f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(body, dict):
        raise bad("The body of your request must be a JSON object.")
    return body


def page_of(request: web.Request, default: int, most: int = 100) -> tuple[str | None, int]:
    """The cursor and the size that a list request asks for."""
    raw = request.query.get("limit", str(default))
    if not raw.isdigit() or int(raw) < 1:
        raise bad(f"Invalid 'limit': {raw!r} must be an integer of at least 1.", "limit", "invalid_value")
    return request.query.get("after") or None, min(int(raw), most)


def unknown_cursor(error: KeyError) -> Exception:
    """400 for an `after` that names nothing in this list."""
    return bad(
        f"Invalid 'after': nothing in this list has the id {error.args[0]!r}.", "after", "invalid_value"
    )
