"""Signed HTTP delivery to a request URL, with its three seconds and its retry headers."""

import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlencode

import aiohttp

from ..workspace.ids import Clock
from ..workspace.records import App
from .ack import Ack

USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Slack's v0 signature."""
    base = f"v0:{timestamp}:".encode() + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpSender:
    """Posts payloads to request URLs; a URL is verified before its first event."""

    def __init__(self, clock: Clock, ack_seconds: float) -> None:
        self._ack_seconds = ack_seconds
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._verified: set[tuple[str, str]] = set()

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def send(self, app: App, url: str, kind: str, payload: Any, attempt: int, why: str) -> Ack:
        """Sends one payload; events as JSON, commands as a form, interactions as a form's `payload`."""
        if kind == "events_api":
            if not await self.verify(app, url):
                return Ack("url_not_verified")
            return await self._post(app, url, json.dumps(payload).encode(), "application/json", attempt, why)
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        return await self._post(
            app, url, urlencode(form).encode(), "application/x-www-form-urlencoded", 0, ""
        )

    async def verify(self, app: App, url: str) -> bool:
        """The url_verification handshake; a URL that passed is not asked again."""
        if (app.id, url) in self._verified:
            return True
        challenge = secrets.token_urlsafe(32)
        body = {"token": app.verification_token, "challenge": challenge, "type": "url_verification"}
        ack = await self._post(app, url, json.dumps(body).encode(), "application/json", 0, "")
        answer = ack.body.get("challenge") if isinstance(ack.body, dict) else ack.body
        if ack.ok and answer == challenge:
            self._verified.add((app.id, url))
            return True
        return False

    async def _post(self, app: App, url: str, body: bytes, content_type: str, attempt: int, why: str) -> Ack:
        timestamp = int(self._clock())
        headers = {
            "Content-Type": content_type,
            "User-Agent": USER_AGENT,
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": signature(app.signing_secret, timestamp, body),
        }
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": why}
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=self._ack_seconds)
        try:
            async with self._session.post(url, data=body, headers=headers, timeout=timeout) as response:
                return await _read(response)
        except TimeoutError:
            return Ack("operation_timeout")
        except aiohttp.ClientError:
            return Ack("dispatch_failed")


async def _read(response: aiohttp.ClientResponse) -> Ack:
    text = await response.text()
    no_retry = response.headers.get("X-Slack-No-Retry") == "1"
    if response.status >= 300:
        error = "http_service_error" if response.status >= 500 else "http_client_error"
        return Ack(error, text, response.status, no_retry)
    if "json" in response.headers.get("Content-Type", "") or text.startswith("{"):
        try:
            return Ack(body=json.loads(text) if text else None, status=response.status)
        except ValueError:
            return Ack("invalid_response", text, response.status)
    return Ack(body=text or None, status=response.status)
