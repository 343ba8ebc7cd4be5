"""Socket Mode: single-use WebSocket URLs, envelopes, acknowledgements, several connections an app."""

import asyncio
import contextlib
import json
import logging
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from ..workspace.journal import Journal
from ..workspace.records import App
from .ack import Ack

MOST_CONNECTIONS = 10
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Connection:
    app_id: str
    socket: web.WebSocketResponse
    number: int
    pending: dict[str, "asyncio.Future[Any]"] = field(default_factory=dict)


class SocketHub:
    """All WebSocket connections of all apps."""

    def __init__(self, journal: Journal, ack_seconds: float) -> None:
        self._ack_seconds = ack_seconds
        self._journal = journal
        self._tickets: dict[str, str] = {}
        self._connections: dict[str, list[Connection]] = {}
        self._turn = 0
        self._count = 0
        self.base_url = ""

    def open_url(self, app: App) -> str:
        """A URL that works once."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = app.id
        host = self.base_url.replace("http://", "ws://", 1)
        return f"{host}/link/?ticket={ticket}&app_id={app.id}"

    def connections(self, app_id: str) -> list[Connection]:
        return list(self._connections.get(app_id, ()))

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """The WebSocket end of one connection."""
        app_id = self._tickets.pop(request.query.get("ticket", ""), None)
        if app_id is None:
            raise web.HTTPForbidden(text="the ticket is unknown or was used")
        socket = web.WebSocketResponse(heartbeat=10.0)
        await socket.prepare(request)
        open_now = self._connections.setdefault(app_id, [])
        if len(open_now) >= MOST_CONNECTIONS:
            await _send(
                socket, {"type": "disconnect", "reason": "too_many_websockets", "debug_info": _debug()}
            )
            await socket.close()
            return socket
        self._count += 1
        connection = Connection(app_id, socket, self._count)
        open_now.append(connection)
        self._journal.add("socket_open", app_id=app_id, connection=connection.number, open=len(open_now))
        try:
            await _send(socket, _hello(app_id, len(open_now)))
            await self._listen(connection)
        finally:
            open_now.remove(connection)
            for future in connection.pending.values():
                if not future.done():
                    future.set_exception(ConnectionResetError())
            self._journal.add(
                "socket_closed", app_id=app_id, connection=connection.number, open=len(open_now)
            )
        return socket

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                ack = json.loads(message.data)
                future = connection.pending.pop(ack["envelope_id"], None)
            except (ValueError, TypeError, KeyError):
                self._journal.add(
                    "warning", app_id=connection.app_id, text="not an acknowledgement", data=message.data
                )
                log.warning("Socket Mode: %s sent something that is no acknowledgement", connection.app_id)
                continue
            if future and not future.done():
                future.set_result(ack.get("payload"))

    async def send(
        self, app_id: str, kind: str, payload: Any, accepts_payload: bool, attempt: int, why: str
    ) -> Ack:
        """Sends one envelope over one of the connections and waits for its acknowledgement."""
        connection = self._pick(app_id)
        if connection is None:
            return Ack("dispatch_failed")
        envelope: dict[str, Any] = {
            "envelope_id": str(uuid.uuid4()),
            "payload": payload,
            "type": kind,
            "accepts_response_payload": accepts_payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": why}
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.pending[envelope["envelope_id"]] = future
        try:
            await _send(connection.socket, envelope)
            return Ack(body=await asyncio.wait_for(future, self._ack_seconds))
        except TimeoutError:
            return Ack("operation_timeout")
        except ConnectionError:
            return Ack("dispatch_failed")
        finally:
            connection.pending.pop(envelope["envelope_id"], None)

    def _pick(self, app_id: str) -> Connection | None:
        """Each payload goes to any one of the connections: they take turns."""
        usable = [c for c in self._connections.get(app_id, ()) if not c.socket.closed]
        self._turn += 1
        return usable[self._turn % len(usable)] if usable else None

    async def refresh(self, app_id: str, reason: str = "refresh_requested") -> int:
        """Asks every connection of an app to be replaced, as Slack does now and then."""
        connections = self.connections(app_id)
        for connection in connections:
            await _send(connection.socket, {"type": "disconnect", "reason": reason, "debug_info": _debug()})
        return len(connections)

    async def drop(self, app_id: str) -> int:
        """Cuts every connection of an app without a word."""
        connections = self.connections(app_id)
        for connection in connections:
            with contextlib.suppress(ConnectionError):
                await connection.socket.close(code=1011)
        return len(connections)

    async def close(self) -> None:
        for app_id in list(self._connections):
            await self.drop(app_id)


async def _send(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    await socket.send_str(json.dumps(message))


def _debug() -> dict[str, Any]:
    return {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060}


def _hello(app_id: str, count: int) -> dict[str, Any]:
    info = {"app_id": app_id}
    return {"type": "hello", "num_connections": count, "debug_info": _debug(), "connection_info": info}
