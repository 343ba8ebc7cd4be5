"""The control API: JSON over HTTP, for the page, the demo and tests. Nothing here exists in Slack."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from ..delivery.ack import Ack
from ..delivery.courier import Courier
from ..delivery.http_mode import HttpSender
from ..delivery.socket_mode import SocketHub
from ..webapi.transfer import save
from ..workspace import files, messages, people, views
from ..workspace.errors import SlackError
from ..workspace.exchanges import Exchanges
from ..workspace.state import Workspace
from . import reading
from .acts import Acts
from .faults import Fault, Faults
from .interact import Interactions
from .modals import Modals

Handler = Callable[[web.Request], Awaitable[Any]]
LONGEST_WAIT = 60.0
log = logging.getLogger(__name__)


def _ack(ack: Ack) -> dict[str, Any]:
    return {"ok": ack.ok, "error": ack.error, "body": ack.body}


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body


def _need(body: Any, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise SlackError("missing_field", field=name)
    return value


class Control:
    def __init__(
        self,
        ws: Workspace,
        exchanges: Exchanges,
        courier: Courier,
        sockets: SocketHub,
        http: HttpSender,
        faults: Faults,
    ) -> None:
        self.ws = ws
        self.exchanges = exchanges
        self.courier = courier
        self.sockets = sockets
        self.http = http
        self.faults = faults
        self.acts = Acts(ws, courier)
        self.interactions = Interactions(ws, courier)
        self.modals = Modals(ws, courier, self.interactions)

    def routes(self) -> list[web.RouteDef]:
        """Every route; a handler returns what becomes JSON, or raises SlackError."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/control/state", self.state),
            ("GET", "/control/channels/{channel}", self.channel),
            ("GET", "/control/channels/{channel}/threads/{ts}", self.thread),
            ("GET", "/control/people/{who}/ephemerals", self.ephemerals),
            ("GET", "/control/people/{who}/modals", self.open_modals),
            ("GET", "/control/people/{who}/home", self.read_home),
            ("GET", "/control/log", self.log),
            ("GET", "/control/exchanges", self.list_exchanges),
            ("POST", "/control/say", self.say),
            ("POST", "/control/drop", self.drop),
            ("POST", "/control/upload", self.upload),
            ("POST", "/control/share", self.share),
            ("POST", "/control/edit", self.edit),
            ("POST", "/control/delete", self.delete),
            ("POST", "/control/react", self.react),
            ("POST", "/control/dm", self.dm),
            ("POST", "/control/join", self.join),
            ("POST", "/control/leave", self.leave),
            ("POST", "/control/command", self.command),
            ("POST", "/control/shortcut", self.shortcut),
            ("POST", "/control/press", self.press),
            ("POST", "/control/suggest", self.suggest),
            ("POST", "/control/fill", self.fill),
            ("POST", "/control/submit", self.submit),
            ("POST", "/control/close", self.close),
            ("POST", "/control/home", self.home),
            ("GET", "/control/faults", self.list_faults),
            ("POST", "/control/faults", self.add_fault),
            ("DELETE", "/control/faults", self.clear_faults),
            ("POST", "/control/redeliver", self.redeliver),
            ("POST", "/control/sockets/{how}", self.disturb),
            ("POST", "/control/tokens/revoke", self.revoke),
            ("POST", "/control/request_url", self.request_url),
        ]
        return [web.route(method, path, _answering(handler)) for method, path, handler in table]

    # Reading

    async def state(self, request: web.Request) -> Any:
        shown = reading.overview(self.ws)
        for app in shown["apps"]:
            app["connections"] = len(self.sockets.connections(app["id"]))
        return shown

    async def channel(self, request: web.Request) -> Any:
        limit = int(request.query.get("limit", "1000"))
        who, before = request.query.get("as"), request.query.get("before", "inf")
        notes = request.query.get("notes") != "0"
        return reading.channel(self.ws, request.match_info["channel"], who, limit, before, notes)

    async def thread(self, request: web.Request) -> Any:
        place = request.match_info["channel"], request.match_info["ts"]
        return reading.thread(self.ws, *place, request.query.get("as"), request.query.get("notes") != "0")

    async def ephemerals(self, request: web.Request) -> Any:
        return {"messages": reading.ephemerals(self.ws, request.match_info["who"])}

    async def open_modals(self, request: web.Request) -> Any:
        return {"modals": reading.modals(self.ws, request.match_info["who"])}

    async def read_home(self, request: web.Request) -> Any:
        return {"view": reading.home(self.ws, request.match_info["who"], request.query.get("app"))}

    async def log(self, request: web.Request) -> Any:
        """Everything since a number; waits for the first entry up to `wait` seconds."""
        since, wait = int(request.query.get("since", "0")), float(request.query.get("wait", "0"))
        entries = await self.ws.journal.wait(since, min(wait, LONGEST_WAIT))
        return {"entries": [e.to_json() for e in entries], "last": entries[-1].seq if entries else since}

    async def list_exchanges(self, request: web.Request) -> Any:
        return {"exchanges": [each.to_json() for each in self.exchanges.all()]}

    # Acting as a person

    async def say(self, request: web.Request) -> Any:
        body = await _body(request)
        message = self.acts.say(
            _need(body, "as"), _need(body, "channel"), _need(body, "text"), body.get("thread_ts")
        )
        return {"message": {**messages.render(self.ws, message), "channel": message.channel}}

    async def upload(self, request: web.Request) -> Any:
        """The bytes of one file, which `share` posts afterwards."""
        asked = request.query
        file = self.acts.reserve(_need(asked, "as"), _need(asked, "name"))
        done = files.received(self.ws, file, await save(request, files.path(self.ws, file)))
        return {"file": files.file_json(self.ws, done)}

    async def drop(self, request: web.Request) -> Any:
        """Upload and share in one: the body is the file."""
        asked = request.query
        uploaded = await self.upload(request)
        message = self.acts.share(
            asked["as"],
            asked["channel"],
            [uploaded["file"]["id"]],
            asked.get("comment", ""),
            asked.get("thread_ts"),
        )
        return {"message": {**messages.render(self.ws, message), "channel": message.channel}}

    async def share(self, request: web.Request) -> Any:
        body = await _body(request)
        message = self.acts.share(
            _need(body, "as"),
            _need(body, "channel"),
            body["files"],
            body.get("comment", ""),
            body.get("thread_ts"),
        )
        return {"message": {**messages.render(self.ws, message), "channel": message.channel}}

    async def edit(self, request: web.Request) -> Any:
        body = await _body(request)
        names = ("as", "channel", "ts", "text")
        return {"message": messages.render(self.ws, self.acts.edit(*(_need(body, name) for name in names)))}

    async def delete(self, request: web.Request) -> Any:
        body = await _body(request)
        self.acts.delete(*(_need(body, name) for name in ("as", "channel", "ts")))
        return {}

    async def react(self, request: web.Request) -> Any:
        body = await _body(request)
        who, place, ts, name = (_need(body, key) for key in ("as", "channel", "ts", "name"))
        self.acts.react(who, place, ts, name, bool(body.get("remove")))
        return {}

    async def dm(self, request: web.Request) -> Any:
        """The direct conversation of two or more people."""
        body = await _body(request)
        users = [self.ws.person(name).id for name in (_need(body, "as"), *body.get("users", ()))]
        return {"channel": people.open_direct(self.ws, tuple(users)).id}

    async def join(self, request: web.Request) -> Any:
        body = await _body(request)
        channel, person = self.ws.channel(_need(body, "channel")), self.ws.person(_need(body, "as"))
        people.join(self.ws, channel, person.id)
        return {}

    async def leave(self, request: web.Request) -> Any:
        body = await _body(request)
        channel, person = self.ws.channel(_need(body, "channel")), self.ws.person(_need(body, "as"))
        people.leave(self.ws, channel, person.id)
        return {}

    async def command(self, request: web.Request) -> Any:
        body = await _body(request)
        return _ack(await self.acts.command(_need(body, "as"), _need(body, "channel"), _need(body, "text")))

    async def shortcut(self, request: web.Request) -> Any:
        body = await _body(request)
        who, callback_id = _need(body, "as"), _need(body, "callback_id")
        return _ack(await self.acts.shortcut(who, callback_id, body.get("channel"), body.get("ts")))

    async def press(self, request: web.Request) -> Any:
        body = await _body(request)
        who, action_id = _need(body, "as"), _need(body, "action_id")
        return _ack(await self.interactions.press(who, body, action_id, body.get("value")))

    async def suggest(self, request: web.Request) -> Any:
        body = await _body(request)
        who, action_id = _need(body, "as"), _need(body, "action_id")
        return {
            "options": await self.interactions.suggest(who, body, action_id, str(body.get("query") or ""))
        }

    async def fill(self, request: web.Request) -> Any:
        body = await _body(request)
        view = await self.modals.fill(
            _need(body, "as"), body.get("view_id"), body.get("values") or {}, body.get("query") or ""
        )
        return {"view": views.render(self.ws, view)}

    async def submit(self, request: web.Request) -> Any:
        body = await _body(request)
        return await self.modals.submit(
            _need(body, "as"), body.get("view_id"), body.get("values"), body.get("query") or ""
        )

    async def close(self, request: web.Request) -> Any:
        body = await _body(request)
        return await self.modals.close(_need(body, "as"), body.get("view_id"), bool(body.get("all")))

    async def home(self, request: web.Request) -> Any:
        body = await _body(request)
        return self.acts.open_home(_need(body, "as"), body.get("app"), body.get("tab") or "home")

    # Disturbing

    async def list_faults(self, request: web.Request) -> Any:
        return {"faults": [asdict(fault) for fault in self.faults.open]}

    async def add_fault(self, request: web.Request) -> Any:
        body = await _body(request)
        known = {name for name in Fault.__dataclass_fields__ if name != "id"}
        if unknown := sorted(set(body) - known):
            raise SlackError("unknown_field", fields=unknown, allowed=sorted(known))
        _need(body, "method"), _need(body, "kind")
        return {"fault": asdict(self.faults.add(Fault(**body)))}

    async def clear_faults(self, request: web.Request) -> Any:
        self.faults.clear()
        return {}

    async def redeliver(self, request: web.Request) -> Any:
        return {"exchange": self.courier.redeliver(_need(await _body(request), "id")).to_json()}

    async def disturb(self, request: web.Request) -> Any:
        """`refresh` asks the app to reconnect; `drop` cuts its sockets."""
        app = self._app(await _body(request))
        how = {"refresh": self.sockets.refresh, "drop": self.sockets.drop}.get(request.match_info["how"])
        if how is None:
            raise SlackError("unknown_disturbance", allowed=["refresh", "drop"])
        return {"connections": await how(app.id)}

    async def revoke(self, request: web.Request) -> Any:
        """Revokes the app's tokens of one kind (bot unless said otherwise); `restore` gives them back."""
        body = await _body(request)
        app, kind = self._app(body), body.get("kind", "bot")
        for token in list(self.ws.tokens.values()):
            if token.app_id == app.id and token.kind == kind:
                self.ws.tokens.put(replace(token, revoked=not body.get("restore")))
        if kind == "bot" and not body.get("restore"):
            event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [app.bot_user_id]}}
            self.ws.notify({**event, "event_ts": self.ws.timestamps.next()}, None, app.id)
        return {}

    async def request_url(self, request: web.Request) -> Any:
        """Sets the app's request URL, which must pass url_verification; an empty one means Socket Mode."""
        body = await _body(request)
        app, url = self._app(body), body.get("url") or None
        if url and not await self.http.verify(app, url):
            raise SlackError("url_not_verified", url=url)
        self.ws.apps.put(replace(app, request_url=url))
        return {}

    def _app(self, body: dict[str, Any]) -> Any:
        return self.ws.app(body["app"]) if body.get("app") else next(iter(self.ws.apps.values()))


def _answering(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
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
        except asyncio.CancelledError:
            raise

    return answer
