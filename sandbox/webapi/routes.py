"""The HTTP side of the Web API: arguments, tokens, limits, faults; one answer for every call."""

import asyncio
import json
import logging
from typing import Any

from aiohttp import web

from ..control.faults import Fault, Faults
from ..delivery.socket_mode import SocketHub
from ..workspace.errors import SlackError
from ..workspace.exchanges import Exchange, Exchanges
from ..workspace.ids import new_id
from ..workspace.records import JSON, App, Token
from ..workspace.state import Workspace
from .call import Call
from .limits import Limits
from .methods import METHODS, Method
from .oauth import OAuth

ANYBODY = App("", "anybody", "", "", "", "", "", "")
log = logging.getLogger(__name__)


class WebApi:
    def __init__(
        self,
        ws: Workspace,
        exchanges: Exchanges,
        sockets: SocketHub,
        faults: Faults,
        limits: Limits,
        oauth: OAuth,
    ) -> None:
        self.ws = ws
        self.exchanges = exchanges
        self.sockets = sockets
        self.faults = faults
        self.limits = limits
        self.oauth = oauth

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """`/api/METHOD`: always 200 with `ok`, save for 429 and the faults that were ordered."""
        name = request.match_info["method"]
        args, problem = await arguments(request)
        sent = _sent_token(request, args)
        token = self.ws.tokens.get(sent)
        exchange = self.exchanges.start(Exchange("call", name, token.app_id if token else "", args))
        await self.faults.reached(self.faults.before, name, args)
        fault = self.faults.take(name, args)
        refused = await self._suffer(request, fault, exchange)
        if refused is not None:
            return refused
        if name == "oauth.v2.access":
            body, headers, status = self._oauth(request, args)
        else:
            body, headers, status = self._answer(name, sent, token, args, problem)
        await self.faults.reached(self.faults.after, name, args)
        if fault and fault.kind == "drop_after":
            _cut(request)
        self.exchanges.end(exchange, bool(body["ok"]), body.get("error"), body, status)
        return _json(body, status, headers)

    def _oauth(self, request: web.Request, args: JSON) -> tuple[JSON, dict[str, str], int]:
        """The one method that is called without a token, to get one."""
        try:
            return {"ok": True, **self.oauth.access(args, request.headers.get("Authorization", ""))}, {}, 200
        except SlackError as error:
            return {"ok": False, "error": error.code, **error.extra}, {}, 200

    async def _suffer(
        self, request: web.Request, fault: Fault | None, exchange: Exchange
    ) -> web.Response | None:
        """The answer that an ordered fault gives instead of the real one, if it does."""
        if fault is None or fault.kind == "drop_after":
            return None
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return None
        self.exchanges.end(exchange, False, f"fault: {fault.kind}", None)
        if fault.kind == "error":
            return _json({"ok": False, "error": fault.error})
        if fault.kind == "ratelimited":
            return _ratelimited(fault.retry_after)
        if fault.kind == "status":
            return web.Response(status=fault.status)
        if fault.kind == "drop_before":
            _cut(request)
        return web.Response(
            text="<html><body>Slack is having trouble</body></html>", content_type="text/html"
        )

    def _answer(
        self, name: str, sent: str | None, token: Token | None, args: JSON, problem: str | None
    ) -> tuple[JSON, dict[str, str], int]:
        """Body, headers and status of the real answer."""
        headers: dict[str, str] = {}
        try:
            method = METHODS.get(name)
            if method is None:
                log.error("unknown_method: an app called %s, which this sandbox does not have", name)
                self.ws.journal.add("warning", text=f"unknown_method: {name}")
                raise SlackError("unknown_method", req_method=name)
            if problem:
                raise SlackError(problem)
            app, token = self._admit(method, sent, token)
            headers = _scope_headers(method, token)
            wait = self.limits.wait(app.id, name, method.per_minute, str(args.get("channel") or "") or None)
            if wait:
                return {"ok": False, "error": "ratelimited"}, headers | {"Retry-After": str(wait)}, 429
            call = Call(name, self.ws, app, token, args, self.sockets)
            for scope in method.scopes:
                call.require(scope)
            return {"ok": True, **method.run(call)}, headers, 200
        except SlackError as error:
            return {"ok": False, "error": error.code, **error.extra}, headers, 200

    def _admit(self, method: Method, sent: str | None, token: Token | None) -> tuple[App, Token]:
        """The caller, or why it may not come in."""
        if method.token == "none":  # noqa: S105 - the kind of token
            return ANYBODY, token or Token("", "", "none")
        if not sent:
            raise SlackError("not_authed")
        if token is None:
            raise SlackError("invalid_auth")
        if token.revoked:
            raise SlackError("account_inactive")
        if method.token not in ("any", token.kind):
            raise SlackError("not_allowed_token_type")
        return self.ws.apps[token.app_id], token


async def arguments(request: web.Request) -> tuple[JSON, str | None]:
    """The arguments of a call from query, form or JSON body, and the error if they cannot be read."""
    args: JSON = dict(request.query)
    if request.method != "POST":
        return args, None
    if request.content_type == "application/json":
        text = await request.text()
        try:
            body = json.loads(text) if text else {}
        except ValueError:
            return args, "invalid_json"
        if not isinstance(body, dict):
            return args, "json_not_object"
        # A token in a JSON body counts for nothing in Slack.
        return args | {key: value for key, value in body.items() if key != "token"}, None
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = await request.post()
        return args | {key: value for key, value in form.items() if isinstance(value, str)}, None
    if request.can_read_body and await request.read():
        return args, "invalid_post_type"
    return args, None


def bearer(request: web.Request) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _sent_token(request: web.Request, args: JSON) -> str | None:
    given = args.pop("token", None)
    return bearer(request) or (str(given) if given else None)


def _scope_headers(method: Method, token: Token) -> dict[str, str]:
    return {"X-OAuth-Scopes": ",".join(token.scopes), "X-Accepted-OAuth-Scopes": ",".join(method.scopes)}


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    extra = {"X-Slack-Req-Id": new_id("R", 16), **(headers or {})}
    return web.json_response(body, status=status, headers=extra)


def _ratelimited(seconds: int) -> web.Response:
    return _json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(seconds)})


def _cut(request: web.Request) -> None:
    """Closes the connection without an answer."""
    if request.transport:
        request.transport.abort()
    raise ConnectionResetError
