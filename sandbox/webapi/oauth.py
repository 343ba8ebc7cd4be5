"""OAuth v2: the consent page, the code that it hands out, and the token that the code is exchanged for."""

import base64
import html
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from ..workspace import manifest
from ..workspace.errors import SlackError
from ..workspace.records import JSON, App, Token
from ..workspace.state import Workspace

CODE_SECONDS = 600
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:12vh auto;padding:0 1rem}"
    "code{background:#eee;color:#222;padding:1px 5px;border-radius:4px}"
    "button{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem;border-radius:7px;border:1px solid #888}"
    "button[value=allow]{background:#1d7a4c;border-color:#1d7a4c;color:#fff}"
)


@dataclass(frozen=True)
class Code:
    app_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    user: str
    issued: float


class OAuth:
    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self._codes: dict[str, Code] = {}

    def _asked(self, request: web.Request) -> tuple[App, tuple[str, ...], str]:
        """The app, the scopes and the redirect address of a consent request; an HTTP 400 otherwise."""
        client_id = request.query.get("client_id")
        app = next((a for a in self.ws.apps.values() if a.client_id == client_id), None)
        if app is None:
            raise web.HTTPBadRequest(text="invalid_client_id")
        scopes = tuple(s for s in request.query.get("scope", "").replace(" ", ",").split(",") if s)
        granted = manifest.bot_scopes(app)
        if not scopes or (granted is not None and not set(scopes) <= set(granted)):
            raise web.HTTPBadRequest(text="invalid_scope")
        return app, scopes, self._redirect(app, request.query.get("redirect_uri", ""))

    def _redirect(self, app: App, asked: str) -> str:
        """The address to go back to: one that the manifest allows, the first of them by default."""
        config = ((app.manifest or {}).get("oauth_config") or {}).get("redirect_urls") or []
        if asked and (app.manifest is None or any(_below(asked, url) for url in config)):
            return asked
        if asked or not config:
            raise web.HTTPBadRequest(text="bad_redirect_uri")
        return str(config[0])

    async def consent(self, request: web.Request) -> web.Response:
        """The page on which a person allows or refuses; `as` in the form chooses the person."""
        app, scopes, redirect = self._asked(request)
        listed = "".join(f"<li><code>{html.escape(scope)}</code></li>" for scope in scopes)
        people = "".join(
            f"<option>{html.escape(p.name)}</option>" for p in self.ws.people.values() if not p.is_bot
        )
        name, team = html.escape(app.name), html.escape(self.ws.team.name)
        page = (
            f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Install {name}</title>"
            f"<style>{STYLE}</style></head><body><main><h1>{name} wants to join {team}</h1>"
            f"<p>It asks for:</p><ul>{listed}</ul><form method='post'>"
            f"<p><label>Install as <select name='as'>{people}</select></label></p>"
            f"<button name='answer' value='allow'>Allow</button>"
            f"<button name='answer' value='deny'>Cancel</button>"
            f"</form><p>Then on to <code>{html.escape(redirect)}</code></p></main></body></html>"
        )
        return web.Response(text=page, content_type="text/html")

    async def answer(self, request: web.Request) -> web.Response:
        """Sends the person back to the app with a code, or with access_denied."""
        app, scopes, redirect = self._asked(request)
        form = await request.post()
        given = {"state": request.query["state"]} if "state" in request.query else {}
        if form.get("answer") != "allow":
            raise web.HTTPFound(f"{redirect}?{urlencode({'error': 'access_denied', **given})}")
        code = secrets.token_urlsafe(24)
        try:
            user = self.ws.person(str(form.get("as") or "")).id
        except SlackError as error:
            raise web.HTTPBadRequest(text=error.code) from None
        self._codes[code] = Code(app.id, scopes, redirect, user, self.ws.clock())
        raise web.HTTPFound(f"{redirect}?{urlencode({'code': code, **given})}")

    def access(self, args: JSON, authorization: str) -> JSON:
        """oauth.v2.access: a code works once, for ten minutes, with the app's id and secret."""
        client_id, client_secret = _client(args, authorization)
        app = next((a for a in self.ws.apps.values() if a.client_id == client_id), None)
        if app is None:
            raise SlackError("invalid_client_id")
        if client_secret != app.client_secret:
            raise SlackError("bad_client_secret")
        code = self._codes.pop(str(args.get("code") or ""), None)
        if code is None or code.app_id != app.id:
            raise SlackError("invalid_code")
        if self.ws.clock() - code.issued > CODE_SECONDS:
            raise SlackError("code_expired")
        if args.get("redirect_uri") and args["redirect_uri"] != code.redirect_uri:
            raise SlackError("bad_redirect_uri")
        token = Token(
            f"xoxb-sandbox-{secrets.token_hex(12)}", app.id, "bot", code.scopes, installer=code.user
        )
        self.ws.tokens.put(token)
        return {
            "access_token": token.value,
            "token_type": "bot",
            "scope": ",".join(code.scopes),
            "bot_user_id": app.bot_user_id,
            "app_id": app.id,
            "team": {"name": self.ws.team.name, "id": self.ws.team.id},
            "enterprise": None,
            "authed_user": {"id": code.user},
            "is_enterprise_install": False,
        }


def _below(asked: str, allowed: str) -> bool:
    """Whether an address is one that the manifest allows, or lies below it."""
    return asked == allowed or asked.startswith((allowed.rstrip("/") + "/", allowed + "?"))


def _client(args: JSON, authorization: str) -> tuple[str, str]:
    """Client id and secret: as HTTP Basic, or as arguments."""
    if authorization.lower().startswith("basic "):
        try:
            identifier, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        except ValueError:
            raise SlackError("invalid_client_id") from None
        return identifier, secret
    return str(args.get("client_id") or ""), str(args.get("client_secret") or "")
