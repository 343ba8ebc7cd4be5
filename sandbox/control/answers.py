"""How the control API reads requests and answers: JSON both ways, every refusal a 400 with its reason."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ..delivery.ack import Ack
from ..workspace.errors import SlackError

Handler = Callable[[web.Request], Awaitable[Any]]
log = logging.getLogger(__name__)


def ack_json(ack: Ack) -> dict[str, Any]:
    return {"ok": ack.ok, "error": ack.error, "body": ack.body}


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body; none is an empty one."""
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body


def need(body: Any, name: str) -> str:
    """A required text of the body or the query; `missing_field` names it."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise SlackError("missing_field", field=name)
    return value


def answering(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Turns what a handler returns or raises into JSON."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response({"ok": True, **await handler(request)})
        except SlackError as error:
            return web.json_response({"ok": False, "error": error.code, **error.extra}, status=400)
        except (ValueError, TypeError, KeyError) as error:
            log.warning("control: %s %s: %r", request.method, request.path, error)
            return web.json_response(
                {"ok": False, "error": "invalid_request", "detail": str(error)}, status=400
            )

    return answer
