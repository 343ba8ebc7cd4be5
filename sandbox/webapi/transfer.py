"""The addresses beside the API: upload URLs, private downloads and response URLs."""

import asyncio
import logging
from pathlib import Path

from aiohttp import web
from aiohttp.helpers import content_disposition_header

from ..control.faults import Faults
from ..delivery import responses
from ..workspace import files, triggers
from ..workspace.errors import SlackError
from ..workspace.exchanges import Exchange, Exchanges
from ..workspace.records import File
from ..workspace.state import Workspace
from .routes import arguments, bearer

CHUNK = 1 << 18
log = logging.getLogger(__name__)


class Transfer:
    def __init__(self, ws: Workspace, exchanges: Exchanges, faults: Faults) -> None:
        self.ws = ws
        self.exchanges = exchanges
        self.faults = faults

    async def upload(self, request: web.Request) -> web.Response:
        """Step two of the external upload: the bytes, raw or as a form's first file."""
        file = files.by_upload_key(self.ws, request.match_info["key"])
        if file is None:
            return web.Response(status=404, text="unknown or used upload URL")
        if fault := self.faults.take("upload", {"name": file.name}):
            return web.Response(status=fault.status, text="fault")
        size = await save(request, files.path(self.ws, file))
        if size != file.size:
            return web.Response(status=400, text=f"expected {file.size} bytes and got {size}")
        files.received(self.ws, file, size)
        return web.Response(text=f"OK - {size}")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A private file for a bearer token; whoever may not see it gets the sign-in page, as with Slack."""
        file = self.ws.files.get(request.match_info["file"].split("-")[-1])
        exchange = Exchange("call", "files download", "", {"file": file.id if file else None})
        await self.faults.reached(self.faults.before, "download", exchange.payload)
        if fault := self.faults.take("download", {"file": file.id if file else None}):
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            else:
                return web.Response(status=fault.status, text="fault")
        self.exchanges.start(exchange)
        if file is None or file.state == "gone":
            self.exchanges.end(exchange, False, "not_found", None, 404)
            return web.Response(status=404)
        if not self._may_download(request, file):
            self.exchanges.end(exchange, False, "sign-in page", None, 302)
            raise web.HTTPFound(f"/signin?redir={request.path}")
        self.exchanges.end(exchange, True, None, None, 200)
        headers = {"Content-Type": file.mimetype}
        if "download" in request.path.split("/"):
            headers["Content-Disposition"] = content_disposition_header("attachment", filename=file.name)
        return web.FileResponse(files.path(self.ws, file), headers=headers)

    def _may_download(self, request: web.Request, file: File) -> bool:
        token = self.ws.tokens.get(bearer(request))
        if token is None or token.revoked or token.kind != "bot" or "files:read" not in token.scopes:
            return False
        return files.readable(self.ws, file, self.ws.apps[token.app_id].bot_user_id)

    async def respond(self, request: web.Request) -> web.Response:
        """A response URL."""
        args, problem = await arguments(request)
        exchange = self.exchanges.start(Exchange("call", "response_url", "", args))
        try:
            if problem:
                raise SlackError("invalid_payload")
            if fault := self.faults.take("response_url", args):
                raise SlackError(fault.error)
            record = triggers.use_response_url(self.ws, request.match_info["key"])
            exchange.app_id = record.app_id
            responses.apply(self.ws, record, args)
        except SlackError as error:
            status = 404 if error.code in ("no_such_url", "expired_url", "used_url") else 400
            self.exchanges.end(exchange, False, error.code, error.extra, status)
            return web.json_response({"ok": False, "error": error.code, **error.extra}, status=status)
        self.exchanges.end(exchange, True, None, "ok", 200)
        return web.Response(text="ok")


async def save(request: web.Request, path: Path) -> int:
    """Writes the body, or the first file of a multipart form, to `path`; returns its size."""
    size = 0
    if request.content_type == "multipart/form-data":
        form = await request.multipart()
        part = await form.next()
        while part is not None and getattr(part, "filename", None) is None:
            part = await form.next()
        source = part
    else:
        source = None
    with path.open("wb") as target:
        while True:
            chunk = await (source.read_chunk(CHUNK) if source is not None else request.content.read(CHUNK))  # type: ignore[union-attr]
            if not chunk:
                return size
            size += len(chunk)
            await asyncio.to_thread(target.write, chunk)


async def sign_in(request: web.Request) -> web.Response:
    """What Slack shows to somebody without a valid token, with status 200."""
    page = "<!DOCTYPE html><html><head><title>Sign in | Sandbox</title></head><body>Sign in</body></html>"
    return web.Response(text=page, content_type="text/html")
