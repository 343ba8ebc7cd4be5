"""JSON bodies: one object in UTF-8, without what Python's parser takes and JSON does not have."""

import json
from typing import Any, NoReturn

from aiohttp import web

from trainer.errors import ApiError, bad
from trainer.nesting import MOST, too_deep

JSON_TYPES = {"application/json", "application/octet-stream"}


async def json_body(request: web.Request, known: frozenset[str] | set[str] | None = None) -> dict[str, Any]:
    """The request's JSON object; raises ApiError for another body, and for a key that isn't known."""
    # A request without the header counts as application/octet-stream here.
    if request.content_type not in JSON_TYPES:
        message = (
            f"Unsupported content type: {request.content_type!r}. This endpoint accepts 'application/json'."
        )
        raise ApiError(415, message, code="unsupported_content_type")
    body = _parsed(await request.read())
    if not isinstance(body, dict):
        raise bad("The body of your request must be a JSON object.")
    unknown = sorted(set(body) - known) if known is not None else []
    if unknown:
        raise bad(f"Unrecognized request argument supplied: {unknown[0]}", unknown[0], "unknown_parameter")
    return body


def _parsed(raw: bytes) -> Any:
    try:
        body = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
        if too_deep(body):
            raise RecursionError
        if b"\\ud" in raw.lower():
            # An escape can name half of a character, which no text that is kept or sent may hold.
            json.dumps(body, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise bad(f"We could not parse the JSON body of your request: {error}") from error
    except UnicodeError as error:
        raise bad("We could not parse the JSON body of your request: it is not valid UTF-8.") from error
    except RecursionError as error:
        message = (
            f"We could not parse the JSON body of your request: it is nested too deep, at most {MOST} levels."
        )
        raise bad(message) from error
    except ValueError as error:
        message = (
            "We could not parse the JSON body of your request: it holds a number that JSON does not have."
        )
        raise bad(message) from error
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
