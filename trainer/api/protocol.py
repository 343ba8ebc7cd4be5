"""HTTP below the routes: what can't be read as a request is answered in OpenAI's shape too."""

import asyncio
import logging

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong

from trainer.api.middleware import answer_to, standard_headers
from trainer.errors import ApiError, bad, server_error

log = logging.getLogger(__name__)
#: Addresses and headers longer than this are refused before any route sees them.
LONGEST_LINE = 2**16
CONNECTIONS_WAITING = 128


async def listen(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    """Take connections for a runner that is set up."""
    loop, server = asyncio.get_running_loop(), runner.server
    if server is None:
        raise RuntimeError("the runner is not set up")

    def connected() -> Protocol:
        return Protocol(server, loop=loop, max_line_size=LONGEST_LINE, max_field_size=LONGEST_LINE)

    return await loop.create_server(connected, host, port, backlog=CONNECTIONS_WAITING)


class Protocol(web.RequestHandler):
    """aiohttp's own, with other words for its refusals, which say nothing back of what was sent."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what no route has seen, or could not answer."""
        if status >= 500:
            super().handle_error(request, status, exc, message)
            answer = _answer(server_error("The server had an error."))
        else:
            log.info("A request that can't be read: %s", type(exc).__name__)
            answer = _answer(_unreadable(exc))
        answer.force_close()
        return answer

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; a refusal of aiohttp's own, such as of an Expect, gets its body here."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            resp = _answer(ApiError(resp.status, f"The request can't be answered: {resp.reason}."))
        return await super().finish_response(request, resp, start_time)


def _unreadable(error: BaseException | None) -> ApiError:
    if isinstance(error, LineTooLong):
        message = f"The address or a header is longer than {LONGEST_LINE} bytes."
        return ApiError(431, message, code="header_too_large")
    if isinstance(error, ContentEncodingError):
        message = "The Content-Encoding of the body is not understood; send it plain, or with gzip."
        return bad(message, code="unsupported_content_encoding")
    return bad("The request is not valid HTTP.", code="invalid_request")


def _answer(error: ApiError) -> web.Response:
    answer = answer_to(error)
    answer.headers.update(standard_headers())
    return answer
