"""The wire of the fake backend: requests, replies and faults, and the two ways in."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import httpx2
from aiohttp import web

Handle = Callable[["Request"], Awaitable["Reply"]]


class Dropped(Exception):
    """The connection is cut instead of an answer."""


@dataclass
class Request:
    method: str
    #: Without the base URL's path, as it was sent.
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    route: str = ""
    id: str = ""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer; a body of several pieces is streamed, and cut off after them when `cut`."""

    status: int
    headers: dict[str, str]
    body: list[bytes]
    cut: bool = False

    @classmethod
    def json(cls, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        head = {"content-type": "application/json", "x-request-id": "req-fake", **(headers or {})}
        return cls(status, head, [json.dumps(body).encode()])


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request.

    A `status` or a raw `body` takes the place of the answer, and no work is done; `work_first` does
    it all the same. `drop` cuts the connection before the work, after it, or in the middle of a
    stream. Of a spoiled stream come `keep` pieces (one when not said) and then `piece`.
    """

    status: int | None = None
    code: str | None = None
    message: str = "Injected."
    headers: dict[str, str] | None = None
    body: str | bytes | None = None
    content_type: str = "text/html"
    drop: Literal["", "before", "after", "middle"] = ""
    keep: int | None = None
    piece: bytes = b""
    work_first: bool = False

    @property
    def replaces(self) -> bool:
        return not self.work_first and (self.status is not None or self.body is not None)

    def reply(self) -> Reply:
        if self.body is None:
            return refusal(self.status or 500, self.message, self.code, self.headers)
        raw = self.body.encode() if isinstance(self.body, str) else self.body
        head = {"content-type": self.content_type, **(self.headers or {})}
        return Reply(self.status or 200, head, [raw])

    def spoiled(self, reply: Reply) -> Reply:
        """What becomes of an answer whose work was done."""
        if self.status is not None or self.body is not None:
            return self.reply()
        if self.drop == "middle" or self.piece or self.keep is not None:
            kept = 1 if self.keep is None else self.keep
            pieces = [*reply.body[:kept], *([self.piece] if self.piece else [])]
            return replace(reply, body=pieces, cut=self.drop == "middle")
        return reply


def refusal(
    status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None
) -> Reply:
    """An error as OpenAI writes it."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Reply.json({"error": error}, status, headers)


def sse(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def chunks(text: str, asked: Any, usage: Any) -> list[bytes]:
    """The stream of an answer: a chunk a word, the end, the counts when asked for, [DONE]."""

    def chunk(choices: list[Any], **more: Any) -> bytes:
        return sse({"object": "chat.completion.chunk", "choices": choices, **more})

    words = re.findall(r"\S+\s*|\s+", text)
    pieces = [chunk([{"index": 0, "delta": {"content": word}, "finish_reason": None}]) for word in words]
    pieces.append(chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if (asked.get("stream_options") or {}).get("include_usage"):
        pieces.append(chunk([], usage=usage))
    return [*pieces, b"data: [DONE]\n\n"]


def without(body: Any, names: set[str]) -> Any:
    """A copy of JSON without these fields."""
    if isinstance(body, dict):
        return {key: without(value, names) for key, value in body.items() if key not in names}
    return [without(entry, names) for entry in body] if isinstance(body, list) else body


def text_fields(request: Request) -> dict[str, tuple[str, bytes]]:
    """The fields of a multipart form: name -> (file name, content)."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    fields: dict[str, tuple[str, bytes]] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        fields[str(name)] = (part.get_filename() or "", bytes(part.get_payload(decode=True)))
    return fields


def mock_client(handle: Handle) -> httpx2.AsyncClient:
    """A client whose transport calls the handler."""

    async def respond(sent: httpx2.Request) -> httpx2.Response:
        request = _request(
            sent.method,
            sent.url.raw_path.decode().partition("?")[0],
            dict(sent.url.params),
            sent.headers,
            await sent.aread(),
        )
        try:
            reply = await handle(request)
        except Dropped:
            raise httpx2.RemoteProtocolError("Server disconnected", request=sent) from None
        if len(reply.body) == 1 and not reply.cut:
            return httpx2.Response(reply.status, headers=reply.headers, content=reply.body[0])
        return httpx2.Response(reply.status, headers=reply.headers, content=_pieces(reply))

    return httpx2.AsyncClient(transport=httpx2.MockTransport(respond))


async def _pieces(reply: Reply) -> AsyncIterator[bytes]:
    for piece in reply.body:
        yield piece
    if reply.cut:
        raise httpx2.RemoteProtocolError("peer closed connection without sending complete message body")


@asynccontextmanager
async def served(handle: Handle) -> AsyncIterator[str]:
    """An HTTP server on loopback; the port is the system's choice."""

    async def respond(sent: web.Request) -> web.StreamResponse:
        request = _request(
            sent.method, sent.rel_url.raw_path, dict(sent.query), sent.headers, await sent.read()
        )
        try:
            reply = await handle(request)
        except Dropped:
            return _hang_up(sent)
        if len(reply.body) == 1 and not reply.cut:
            return web.Response(status=reply.status, headers=reply.headers, body=reply.body[0])
        stream = web.StreamResponse(status=reply.status, headers=reply.headers)
        await stream.prepare(sent)
        for piece in reply.body:
            await stream.write(piece)
        return _hang_up(sent) if reply.cut else stream

    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/v1/{rest:.*}", respond)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def _hang_up(sent: web.Request) -> web.Response:
    if sent.transport:
        sent.transport.close()
    return web.Response()


def _request(method: str, path: str, query: Any, headers: Any, body: bytes) -> Request:
    lower = {key.lower(): value for key, value in headers.items()}
    return Request(method, path.removeprefix("/v1"), dict(query), lower, body)
