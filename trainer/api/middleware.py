"""Around every request: an id, who asks, and errors in OpenAI's words."""

import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from yarl import URL

from trainer import disk, keys
from trainer.addresses import is_loopback
from trainer.api.context import API_KEY, PROJECT, STORE
from trainer.errors import ApiError, bad, server_error
from trainer.store import Key

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BEGAN = web.RequestKey("began", float)
REQUEST_ID = web.RequestKey("request_id", str)
OPEN_PATHS = {"/healthz"}


@web.middleware
async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id and turn whatever goes wrong into an error body."""
    request_id = new_id()
    request[BEGAN], request[REQUEST_ID] = time.perf_counter(), request_id
    try:
        if not request.app[STORE].is_there():
            raise _no_home(request)
        return await _with_room(request, handler)
    except ApiError as error:
        return answer_to(error)
    except web.HTTPRequestEntityTooLarge:
        return answer_to(ApiError(413, "The body of your request is too large.", code="request_too_large"))
    except web.RequestPayloadError:
        return answer_to(bad("The body of your request can't be read: it is not what its headers say."))
    except web.HTTPNotFound:
        return answer_to(ApiError(404, f"Invalid URL ({request.method} {request.path})", code="unknown_url"))
    except web.HTTPMethodNotAllowed as error:
        return answer_to(_not_allowed(request, error.allowed_methods))
    except (ConnectionResetError, web.HTTPException):
        raise
    except Exception as error:
        if disk.is_full(error):
            log.error("Request %s (%s %s): %s", request_id, request.method, request.path, error)
            message = "The disk of the trainer's machine is full. Its administrator must free some space."
            return answer_to(ApiError(507, message, code="disk_full", kind="server_error"))
        log.exception("Request %s (%s %s) failed", request_id, request.method, request.path)
        return answer_to(
            server_error(f"The server had an error. Its log has the details under {request_id}.")
        )


def _no_home(request: web.Request) -> ApiError:
    message = (
        f"The folder {request.app[STORE].home} of this server was removed while it ran, or put in its place "
        "anew. Its administrator must bring it back, or start the server again."
    )
    return ApiError(503, message, code="home_missing", kind="server_error")


async def _with_room(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What frees room, or ends a job that takes more, may have the room that was kept back."""
    try:
        return await handler(request)
    except Exception as error:
        frees = request.method == "DELETE" or request.path.endswith("/cancel")
        if not (frees and disk.is_full(error) and request.app[STORE].reserve.release()):
            raise
    return await handler(request)


def _not_allowed(request: web.Request, methods: set[str]) -> ApiError:
    allowed = ", ".join(sorted(methods))
    message = f"Not allowed to {request.method} on {request.path}; allowed: {allowed}."
    return ApiError(405, message, code="method_not_allowed", headers={"Allow": allowed})


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The headers that clients show when something is wrong."""
    began = request.get(BEGAN, time.perf_counter())
    response.headers.update(standard_headers(request.get(REQUEST_ID), time.perf_counter() - began))


def standard_headers(request_id: str | None = None, seconds: float = 0) -> dict[str, str]:
    """What every answer says of itself."""
    return {
        "x-request-id": request_id or new_id(),
        "openai-version": "2020-10-01",
        "X-Content-Type-Options": "nosniff",
        "openai-processing-ms": str(int(seconds * 1000)),
    }


def new_id() -> str:
    """A fresh id of a request."""
    return f"req_{secrets.token_hex(16)}"


def answer_to(error: ApiError) -> web.Response:
    """An error as it goes over the wire."""
    return web.json_response(error.body(), status=error.status, headers=error.headers)


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Without a key, any page in a browser on this machine could ask: refuse what such a page can send.

    A page names itself in Origin; one whose name was pointed at this machine ("DNS rebinding") is in Host.
    """
    if not _has_keys(request):
        for header, host in (("Host", request.headers.get("Host")), ("Origin", _origin(request))):
            if host and not is_loopback(_name(host)):
                message = f"Without an API key this server answers its own machine only, not this {header}."
                raise ApiError(403, message, code="foreign_origin")
    return await handler(request)


def _has_keys(request: web.Request) -> bool:
    return bool(request.app[API_KEY]) or bool(request.app[STORE].any(Key))


def _origin(request: web.Request) -> str | None:
    """The host of the page that asks; a page without an address ("null") is a foreign one."""
    origin = request.headers.get("Origin")
    return (origin.partition("://")[2] or origin) if origin else None


def _name(host: str) -> str:
    """A host without its port."""
    try:
        return URL(f"//{host}").host or host
    except ValueError:
        return host


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find the project behind the key."""
    if request.path not in OPEN_PATHS:
        request[PROJECT] = _project(request)
    return await handler(request)


def _project(request: web.Request) -> str:
    wanted, store = request.app[API_KEY], request.app[STORE]
    if not _has_keys(request):
        return keys.DEFAULT_PROJECT
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given = given.strip()
    if scheme.lower() != "bearer" or not given:
        message = "You didn't provide an API key. Send it as 'Authorization: Bearer YOUR_KEY'."
        raise ApiError(401, message, code="missing_api_key")
    if wanted and hmac.compare_digest(keys.hashed(given), keys.hashed(wanted)):
        return keys.DEFAULT_PROJECT
    # Looked up by its hash, so that the time it takes says nothing of a key.
    known = store.find(Key, keys.hashed(given))
    if known is None:
        raise ApiError(401, f"Incorrect API key provided: {_masked(given)}.", code="invalid_api_key")
    return known.project


def _masked(key: str) -> str:
    return f"{key[:3]}***" if len(key) > 12 and key.isascii() else "***"
