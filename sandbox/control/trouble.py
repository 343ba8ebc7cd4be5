"""The control API's disturbing side: faults, repeated deliveries, cut sockets, revoked tokens."""

from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from ..delivery.courier import Courier
from ..delivery.http_mode import HttpSender
from ..delivery.socket_mode import SocketHub
from ..workspace.errors import SlackError
from ..workspace.records import App
from ..workspace.state import Workspace
from .answers import Handler, body_of, need
from .faults import Fault, Faults


class Trouble:
    def __init__(
        self, ws: Workspace, courier: Courier, sockets: SocketHub, http: HttpSender, faults: Faults
    ) -> None:
        self.ws = ws
        self.courier = courier
        self.sockets = sockets
        self.http = http
        self.faults = faults

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", "/control/faults", self.list_faults),
            ("POST", "/control/faults", self.add_fault),
            ("DELETE", "/control/faults", self.clear_faults),
            ("POST", "/control/redeliver", self.redeliver),
            ("POST", "/control/sockets/{how}", self.disturb),
            ("POST", "/control/tokens/revoke", self.revoke),
            ("POST", "/control/request_url", self.request_url),
        ]

    async def list_faults(self, request: web.Request) -> Any:
        return {"faults": [asdict(fault) for fault in self.faults.open]}

    async def add_fault(self, request: web.Request) -> Any:
        body = await body_of(request)
        known = {name for name in Fault.__dataclass_fields__ if name != "id"}
        if unknown := sorted(set(body) - known):
            raise SlackError("unknown_field", fields=unknown, allowed=sorted(known))
        need(body, "method"), need(body, "kind")
        return {"fault": asdict(self.faults.add(Fault(**body)))}

    async def clear_faults(self, request: web.Request) -> Any:
        self.faults.clear()
        return {}

    async def redeliver(self, request: web.Request) -> Any:
        return {"exchange": self.courier.redeliver(need(await body_of(request), "id")).to_json()}

    async def disturb(self, request: web.Request) -> Any:
        """`refresh` asks the app to reconnect; `drop` cuts its sockets."""
        app = self._app(await body_of(request))
        how = {"refresh": self.sockets.refresh, "drop": self.sockets.drop}.get(request.match_info["how"])
        if how is None:
            raise SlackError("unknown_disturbance", allowed=["refresh", "drop"])
        return {"connections": await how(app.id)}

    async def revoke(self, request: web.Request) -> Any:
        """Revokes the app's tokens of one kind (bot unless said otherwise); `restore` gives them back."""
        body = await body_of(request)
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
        body = await body_of(request)
        app, url = self._app(body), body.get("url") or None
        if url and not await self.http.verify(app, url):
            raise SlackError("url_not_verified", url=url)
        self.ws.apps.put(replace(app, request_url=url))
        return {}

    def _app(self, body: dict[str, Any]) -> App:
        return self.ws.app(body["app"]) if body.get("app") else next(iter(self.ws.apps.values()))
