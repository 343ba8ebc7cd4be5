"""Brings events, commands and interactions to apps: chooses the road, records, and retries events."""

import asyncio
import logging
from typing import Any

from ..workspace import manifest
from ..workspace.errors import SlackError
from ..workspace.exchanges import Exchange, Exchanges
from ..workspace.records import JSON, App, Channel
from ..workspace.state import Workspace
from . import payloads
from .ack import Ack
from .http_mode import HttpSender
from .socket_mode import SocketHub

REASONS = {
    "operation_timeout": "http_timeout",
    "dispatch_failed": "connection_failed",
    "http_service_error": "http_error",
    "http_client_error": "http_error",
}
SOCKET_REASONS = {"operation_timeout": "timeout", "dispatch_failed": "connection_failed"}
KINDS = {"event": "events_api", "command": "slash_commands"}
ANSWERING = ("command", "view_submission", "options")
MESSAGE_EVENTS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
log = logging.getLogger(__name__)


class Courier:
    """`retry_delays` are the seconds before the second, third and fourth attempt at an event."""

    def __init__(
        self,
        ws: Workspace,
        exchanges: Exchanges,
        sockets: SocketHub,
        http: HttpSender,
        retry_delays: tuple[float, ...],
    ) -> None:
        self._ws = ws
        self._exchanges = exchanges
        self._sockets = sockets
        self._http = http
        self._retry_delays = retry_delays
        self._running: set[asyncio.Task[None]] = set()

    async def deliver(self, app: App, kind: str, payload: JSON, attempt: int = 0, why: str = "") -> Ack:
        """One attempt. `kind` is the direction of an Exchange."""
        over_socket = manifest.socket_mode(app)
        exchange = Exchange(
            kind, _name(kind, payload), app.id, payload, attempt=attempt, retry_reason=why or None
        )
        exchange.transport = "socket" if over_socket else "http"
        self._exchanges.start(exchange)
        if over_socket:
            wire = KINDS.get(kind, "interactive")
            ack = await self._sockets.send(app.id, wire, payload, kind in ANSWERING, attempt, why)
        else:
            ack = await self._over_http(app, kind, payload, attempt, why)
        self._exchanges.end(exchange, ack.ok, ack.error, ack.body, ack.status)
        return ack

    async def _over_http(self, app: App, kind: str, payload: JSON, attempt: int, why: str) -> Ack:
        which = {"event": "events", "command": "command", "options": "options"}.get(kind, "interactivity")
        url = manifest.url_for(app, which, payload.get("command"))
        if url is None:
            return Ack("no_request_url")
        return await self._http.send(app, url, KINDS.get(kind, "interactive"), payload, attempt, why)

    def notify(self, event: JSON, channel: Channel | None, only_app: str | None) -> None:
        """Sends an event to every app that subscribes to it and is where it happened."""
        name = str(event["type"])
        if name == "message" and channel:
            name = f"message.{MESSAGE_EVENTS[channel.kind]}"
        for app in self._ws.apps.values():
            elsewhere = channel is not None and app.bot_user_id not in channel.members
            if (only_app and app.id != only_app) or elsewhere or not manifest.subscribes(app, name):
                continue
            self._send_event(app, payloads.event_callback(self._ws, app, event))

    def _send_event(self, app: App, body: JSON) -> None:
        task = asyncio.get_running_loop().create_task(self._with_retries(app, body))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _with_retries(self, app: App, body: JSON) -> None:
        """Slack tries four times: at once, at once again, after a minute, after five."""
        why = ""
        for attempt in range(len(self._retry_delays) + 1):
            if attempt:
                await asyncio.sleep(self._retry_delays[attempt - 1])
            ack = await self.deliver(app, "event", body, attempt, why)
            if ack.ok or ack.no_retry:
                return
            reasons = SOCKET_REASONS if manifest.socket_mode(app) else REASONS
            why = reasons.get(ack.error or "", "unknown_error")
        log.warning("%s did not acknowledge the event %s", app.name, body["event_id"])

    def redeliver(self, key: str) -> Exchange:
        """Sends a recorded payload once more, unchanged but for the retry number of an event."""
        found = self._exchanges.find(key)
        if found is None or found.direction == "call":
            raise SlackError("exchange_not_found")
        app = self._ws.apps[found.app_id]
        payload = {**found.payload, "token": app.verification_token}
        why = "http_timeout" if found.direction == "event" else ""
        attempt = found.attempt + 1 if found.direction == "event" else 0
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(
            self.deliver(app, found.direction, payload, attempt, why)
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return found

    async def close(self) -> None:
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _name(kind: str, payload: JSON) -> str:
    if kind == "event":
        event = payload["event"]
        return f"{event['type']}/{event['subtype']}" if event.get("subtype") else str(event["type"])
    if kind == "command":
        return f"{payload['command']} {payload['text']}".strip()
    if kind == "action":
        return str(payload["actions"][0]["action_id"])
    if kind in ("view_submission", "view_closed"):
        return str(payload["view"]["callback_id"] or kind)
    return str(payload.get("action_id") or payload.get("callback_id") or kind)
