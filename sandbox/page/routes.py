"""The page's own addresses: its assets, people's view of files, and the live connection."""

import asyncio
import json
from pathlib import Path

from aiohttp import WSMsgType, web

from ..workspace import files
from ..workspace.errors import SlackError
from ..workspace.journal import Entry
from ..workspace.state import Workspace

ASSETS = Path(__file__).parent / "assets"
POLICY = (
    "default-src 'self'; img-src 'self' data: http: https:; connect-src 'self'; style-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
BEHIND = 5_000


class Page:
    def __init__(self, ws: Workspace) -> None:
        self.ws = ws

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.index),
            web.get("/archives/{channel}/{message}", self.permalink),
            web.get("/page/live", self.live),
            web.get("/page/file/{file}", self.file),
            web.get("/page/file/{file}/{name}", self.file),
            web.get("/page/{asset}", self.asset),
        ]

    async def index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(ASSETS / "index.html", headers={"Content-Security-Policy": POLICY})

    async def asset(self, request: web.Request) -> web.StreamResponse:
        path = ASSETS / request.match_info["asset"]
        if path.parent != ASSETS or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(
            path, headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        )

    async def permalink(self, request: web.Request) -> web.Response:
        """A permalink leads to the message's place on the page."""
        digits = request.match_info["message"].removeprefix("p")
        ts = request.query.get("thread_ts") or f"{digits[:-6]}.{digits[-6:]}"
        raise web.HTTPFound(f"/#/{request.match_info['channel']}/{ts}")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file as a person sees it: no token needed, and never run as a page of ours."""
        file = self.ws.files.get(request.match_info["file"])
        if file is None or file.state in ("waiting", "gone"):
            raise web.HTTPNotFound
        is_image = file.mimetype.startswith("image/") and "svg" not in file.mimetype
        headers = {
            "Content-Type": file.mimetype if is_image else "application/octet-stream",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        }
        return web.FileResponse(files.path(self.ws, file), headers=headers)

    async def live(self, request: web.Request) -> web.WebSocketResponse:
        """Every entry of the journal that this person may see, as it happens."""
        try:
            viewer = self.ws.person(request.query.get("as", "")).id
        except SlackError:
            raise web.HTTPNotFound(text="there is nobody of that name") from None
        socket = web.WebSocketResponse(heartbeat=20.0)
        await socket.prepare(request)
        listener = Listener(self.ws, viewer)
        sending = asyncio.create_task(listener.send(socket, _number(request.query.get("since", ""))))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    listener.inspecting = bool(json.loads(message.data).get("inspect"))
        finally:
            sending.cancel()
            listener.stop()
        return socket


class Listener:
    """One open page: what it may see, in a queue."""

    def __init__(self, ws: Workspace, viewer: str) -> None:
        self.ws = ws
        self.viewer = viewer
        self.inspecting = False
        self.behind = False
        self.queue: asyncio.Queue[Entry] = asyncio.Queue(maxsize=BEHIND)
        self.stop = ws.journal.subscribe(self._take)

    def _take(self, entry: Entry) -> None:
        if self._may_see(entry) and not self.behind:
            self.queue.put_nowait(entry)
            self.behind = self.queue.full()

    def _may_see(self, entry: Entry) -> bool:
        if entry.kind == "exchange":
            return self.inspecting
        user = entry.data.get("user")
        if entry.kind.startswith(("ephemeral", "view_")) and user != self.viewer:
            return False
        channel = self.ws.channels.get(entry.data.get("channel"))
        return channel is None or channel.kind == "channel" or self.viewer in channel.members

    async def send(self, socket: web.WebSocketResponse, since: int) -> None:
        """First what was missed since `since`, then whatever comes."""
        last = since
        while missed := self.ws.journal.since(last):
            for entry in missed:
                if self._may_see(entry):
                    await socket.send_str(text_of(entry))
            last = missed[-1].seq
        while not self.behind:
            entry = await self.queue.get()
            if entry.seq > last:
                await socket.send_str(text_of(entry))
        # A page that cannot keep up is cut off; it reconnects and catches up from the journal.
        await socket.close(code=1013)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() else 0


def text_of(entry: Entry) -> str:
    """The entry as JSON, made once however many pages are open."""
    cached: str | None = getattr(entry, "_text", None)
    if cached is None:
        cached = json.dumps(entry.to_json())
        object.__setattr__(entry, "_text", cached)
    return cached
