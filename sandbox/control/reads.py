"""The control API's reading side."""

from typing import Any

from aiohttp import web

from ..delivery.socket_mode import SocketHub
from ..workspace.exchanges import Exchanges
from ..workspace.state import Workspace
from . import reading
from .answers import Handler

LONGEST_WAIT = 60.0


class Reads:
    def __init__(self, ws: Workspace, exchanges: Exchanges, sockets: SocketHub) -> None:
        self.ws = ws
        self.exchanges = exchanges
        self.sockets = sockets

    def table(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", "/control/state", self.state),
            ("GET", "/control/channels/{channel}", self.channel),
            ("GET", "/control/channels/{channel}/threads/{ts}", self.thread),
            ("GET", "/control/people/{who}/ephemerals", self.ephemerals),
            ("GET", "/control/people/{who}/modals", self.open_modals),
            ("GET", "/control/people/{who}/home", self.home),
            ("GET", "/control/log", self.log),
            ("GET", "/control/exchanges", self.list_exchanges),
        ]

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

    async def home(self, request: web.Request) -> Any:
        return {"view": reading.home(self.ws, request.match_info["who"], request.query.get("app"))}

    async def log(self, request: web.Request) -> Any:
        """Everything since a number; waits for the first entry up to `wait` seconds."""
        since, wait = int(request.query.get("since", "0")), float(request.query.get("wait", "0"))
        entries = await self.ws.journal.wait(since, min(wait, LONGEST_WAIT))
        return {"entries": [e.to_json() for e in entries], "last": entries[-1].seq if entries else since}

    async def list_exchanges(self, request: web.Request) -> Any:
        return {"exchanges": [each.to_json() for each in self.exchanges.all()]}
