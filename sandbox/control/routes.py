"""The control API: JSON over HTTP, for the page, the demo and tests. Nothing here exists in Slack."""

from aiohttp import web

from ..delivery.courier import Courier
from ..delivery.http_mode import HttpSender
from ..delivery.socket_mode import SocketHub
from ..workspace.exchanges import Exchanges
from ..workspace.state import Workspace
from .answers import answering
from .deeds import Deeds
from .faults import Faults
from .reads import Reads
from .trouble import Trouble


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
        self.reads = Reads(ws, exchanges, sockets)
        self.deeds = Deeds(ws, courier)
        self.trouble = Trouble(ws, courier, sockets, http, faults)

    def routes(self) -> list[web.RouteDef]:
        """Every route; a handler returns what becomes JSON, or raises SlackError."""
        table = [*self.reads.table(), *self.deeds.table(), *self.trouble.table()]
        return [web.route(method, path, answering(handler)) for method, path, handler in table]
