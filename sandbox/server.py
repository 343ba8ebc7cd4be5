"""The sandbox as one server on one port: wires workspace, Web API, delivery, control API and page."""

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from .control.faults import Faults
from .control.routes import Control
from .delivery.ack import ACK_SECONDS
from .delivery.courier import Courier
from .delivery.http_mode import HttpSender
from .delivery.socket_mode import SocketHub
from .page.routes import Page
from .webapi.limits import Limits
from .webapi.oauth import OAuth
from .webapi.routes import WebApi
from .webapi.transfer import Transfer, sign_in
from .workspace.disk import Disk
from .workspace.exchanges import Exchanges
from .workspace.ids import Clock
from .workspace.records import JSON
from .workspace.seed import Credentials, Seed, default_seed, plant
from .workspace.state import Workspace

BIGGEST_BODY = 1_100_000_000
RETRY_DELAYS = (0.0, 60.0, 300.0)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sandbox:
    """A whole workspace. `async with Sandbox() as sandbox: ...`, or `start` and `stop`.

    `manifest` is the app's manifest as a dictionary; without one nothing is checked against it.
    `request_url` turns Socket Mode off. `seed` replaces the default people, channels and app.
    `state` is a folder to keep the workspace in; without one it is gone at the end.
    `retry_delays` are the waits before an event is sent again, `ack_seconds` how long an app may
    take to acknowledge.
    """

    def __init__(
        self,
        manifest: JSON | None = None,
        credentials: Credentials | None = None,
        request_url: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: Seed | None = None,
        state: Path | None = None,
        rate_limits: bool = False,
        posting_limits: bool = False,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        ack_seconds: float = ACK_SECONDS,
        clock: Clock = time.time,
    ) -> None:
        self.host, self.port = host, port
        seed = seed or default_seed(manifest, credentials, request_url)
        self.credentials = seed.apps[0].credentials
        self._temporary = None if state else tempfile.TemporaryDirectory(prefix="sandbox-")
        self._disk = Disk(state) if state else None
        directory = self._disk.files if self._disk else Path(self._temporary.name if self._temporary else "")
        self.workspace = ws = Workspace(seed.team, directory, clock)
        if self._disk:
            self._disk.attach(ws)
        plant(ws, seed)
        self.exchanges = Exchanges(ws.journal)
        self.faults = Faults()
        self.sockets = SocketHub(ws.journal, ack_seconds)
        self._http = HttpSender(clock, ack_seconds)
        self.courier = Courier(ws, self.exchanges, self.sockets, self._http, retry_delays)
        ws.notify = self.courier.notify
        limits = Limits(clock, rate_limits, posting_limits)
        self.oauth = OAuth(ws)
        self.web_api = WebApi(ws, self.exchanges, self.sockets, self.faults, limits, self.oauth)
        self.transfer = Transfer(ws, self.exchanges, self.faults)
        self.control = Control(ws, self.exchanges, self.courier, self.sockets, self._http, self.faults)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def api_url(self) -> str:
        """What goes into SLACK_API_URL; it ends in `/api/`."""
        return f"{self.url}/api/"

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BIGGEST_BODY, middlewares=[guard(self.host)])
        app.router.add_route("GET", "/api/{method}", self.web_api.handle)
        app.router.add_route("POST", "/api/{method}", self.web_api.handle)
        app.router.add_post("/upload/v1/{key}", self.transfer.upload)
        app.router.add_get("/files-pri/{file}/{name:.*}", self.transfer.download)
        app.router.add_post("/commands/{key:.*}", self.transfer.respond)
        app.router.add_post("/actions/{key:.*}", self.transfer.respond)
        app.router.add_get("/signin", sign_in)
        app.router.add_get("/oauth/v2/authorize", self.oauth.consent)
        app.router.add_post("/oauth/v2/authorize", self.oauth.answer)
        app.router.add_get("/link/", self.sockets.handle)
        app.router.add_routes(self.control.routes())
        app.router.add_routes(Page(self.workspace).routes())
        return app

    async def start(self) -> "Sandbox":
        """Listens; with port 0 the system chooses one, and `url` tells it."""
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.workspace.base_url = self.sockets.base_url = self.url
        return self

    async def stop(self) -> None:
        await self.courier.close()
        await self.sockets.close()
        await self._http.close()
        if self._runner:
            await self._runner.cleanup()
        if self._disk:
            self._disk.close()
        if self._temporary:
            self._temporary.cleanup()

    async def __aenter__(self) -> "Sandbox":
        return await self.start()

    async def __aexit__(self, *error: object) -> None:
        await self.stop()


def guard(host: str) -> Middleware:
    """Keeps other sites in the same browser out: by their origin, and by names that only point here."""
    names = {*LOOPBACK, host}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="cross-origin requests are refused")
        if host in LOOPBACK and urlsplit(f"//{request.host}").hostname not in names:
            raise web.HTTPForbidden(text=f"this sandbox is not called {request.host}")
        return await handler(request)

    return check
