"""Around every request: an id, who asks, and errors in OpenAI's words."""

import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from trainer import disk, keys
from trainer.api.context import API_KEY, PROJECT, STORE
from trainer.errors import ApiError, server_error
from trainer.store import Key

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OPEN_PATHS = {"/healthz"}


@web.middleware
async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id and turn whatever goes wrong into an error body."""
    request_id = f"req_{secrets.token_hex(16)}"
    request["began"], request["id"] = time.perf_counter(), request_id
    try:
        return await handler(request)
    except ApiError as error:
        return _answer(error)
    except web.HTTPRequestEntityTooLarge:
        return _answer(ApiError(413, "The body of your request is too large.", code="request_too_large"))
    except web.HTTPNotFound:
        return _answer(
            ApiError(404, f"Invalid URL ({request.method} {request.path}): not offered by this server.")
        )
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        message = f"Not allowed to {request.method} on {request.path}; allowed: {allowed}."
        return _answer(ApiError(405, message, code="method_not_allowed"))
    except (ConnectionResetError, web.HTTPException):
        raise
    except Exception as error:
        log.exception("Request %s (%s %s) failed", request_id, request.method, request.path)
        if disk.is_full(error):
            message = "The disk of the trainer's machine is full. Its administrator must free some space."
            return _answer(ApiError(507, message, code="disk_full", kind="server_error"))
        return _answer(server_error(f"The server had an error. Its log has the details under {request_id}."))


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The headers that clients show when something is wrong."""
    response.headers["x-request-id"] = request.get("id", "")
    milliseconds = (time.perf_counter() - request.get("began", time.perf_counter())) * 1000
    response.headers["openai-processing-ms"] = str(int(milliseconds))


def _answer(error: ApiError) -> web.Response:
    return web.json_response(error.body(), status=error.status)


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find the project behind the key."""
    if request.path not in OPEN_PATHS:
        request[PROJECT] = _project(request)
    return await handler(request)


def _project(request: web.Request) -> str:
    wanted, store = request.app[API_KEY], request.app[STORE]
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    known = store.find(Key, keys.hashed(given.strip()))
    if known is not None:
        return known.project
    if not wanted and not store.where(Key):
        return keys.DEFAULT_PROJECT
    if scheme.lower() != "bearer" or not given:
        message = "You didn't provide an API key. Send it as 'Authorization: Bearer YOUR_KEY'."
        raise ApiError(401, message, code="missing_api_key")
    if not wanted or not hmac.compare_digest(given.strip().encode(), wanted.encode()):
        raise ApiError(401, f"Incorrect API key provided: {_masked(given)}.", code="invalid_api_key")
    return keys.DEFAULT_PROJECT


def _masked(key: str) -> str:
    return f"{key[:3]}***" if len(key) > 12 else "***"
