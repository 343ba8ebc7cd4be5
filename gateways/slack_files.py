"""Files that people shared in Slack: what they are, where to answer, and their bytes.

The bot's token travels with a download, so it is sent only to Slack's own hosts and to the host of
the configured API, whatever address a file or a redirect names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from gateways.slack_download import Download, Interrupted
from tuning.errors import FileUnreadable
from tuning.pricing import book
from tuning.records import SharedFile

INVITE = "Invite the bot to the channel where the file is, then share the file again."
SHARE_AGAIN = "Share the file again."
DELETED = "The file was deleted before I had all of it."
LEAVE_IT = "Share it again, and leave it there until its card shows."
#: How often a download is begun, each time but the second further on than the last.
MOST_TRIES = 10
_PROBLEMS = {
    "file_not_found": ("Slack doesn't know this file, or the bot may not see it.", INVITE),
    "file_deleted": (DELETED, LEAVE_IT),
    "missing_scope": (
        "The bot may not read files: its Slack app lacks the scope files:read.",
        "Ask the administrator to add the scope and to install the app again; `ft-bot doctor` checks it.",
    ),
    "ratelimited": ("Slack asks us to slow down.", "Wait a minute and share the file again."),
}
_AUTH = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}


class SlackFiles:
    """Fulfils `tuning.ports.SharedFiles`.

    `largest` is in bytes: what a backend takes when nothing is said. `wait` is in seconds: where a file was
    shared comes a moment after the event of sharing it, and a connection that dropped deserves a breath.
    """

    def __init__(self, client: AsyncWebClient, *, largest: int | None = None, wait: float = 1.0) -> None:
        self._client = client
        self._largest = largest or book().defaults.upload_bytes
        self._wait = wait

    async def info(self, file_id: str, channel: str) -> SharedFile:
        file = await self._info(file_id)
        shares = _shares(file, channel)
        if not shares:
            await asyncio.sleep(self._wait)
            file = await self._info(file_id)
            shares = _shares(file, channel)
        return SharedFile(
            id=file_id,
            name=_text(file, "name") or _text(file, "title") or file_id,
            size=_size(file),
            mimetype=_text(file, "mimetype"),
            url=_url(file),
            thread_ts=_thread(shares),
            reply=_is_reply(shares),
        )

    async def head(self, file: SharedFile, most: int) -> bytes:
        download = Download(self._client, file, Path(), self._largest)
        try:
            return await download.head(most)
        except Interrupted:
            await asyncio.sleep(self._wait)
            try:
                return await download.head(most)
            except Interrupted as again:
                raise _broken_off(file, again) from None

    async def download(self, file: SharedFile, target: Path) -> str:
        """Goes on where it was broken off: once more after the first time, then as long as more comes."""
        _begin_anew(target)
        download = Download(self._client, file, target, self._largest)
        came = -1
        for _ in range(MOST_TRIES):
            try:
                return await download.run()
            except Interrupted as error:
                before, came = came, _size_of(target)
                broken = error
                if came <= before:
                    break
            await asyncio.sleep(self._wait)
        _begin_anew(target)
        raise _broken_off(file, broken)

    async def _info(self, file_id: str) -> Mapping[str, Any]:
        try:
            reply = await self._client.files_info(file=file_id)
        except SlackApiError as error:
            raise _problem(error) from None
        except (SlackClientError, aiohttp.ClientError, OSError) as error:
            raise FileUnreadable(
                f"Slack can't be reached ({type(error).__name__}).", remedy=SHARE_AGAIN
            ) from None
        except (AttributeError, ValueError):  # what the SDK makes of an answer that is no JSON object
            raise FileUnreadable("Slack's answer isn't its API's format.", remedy=SHARE_AGAIN) from None
        file = reply.get("file")
        if not isinstance(file, dict):
            raise FileUnreadable("Slack told nothing about the file.", remedy=SHARE_AGAIN)
        return file


def _begin_anew(path: Path) -> None:
    path.unlink(missing_ok=True)


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _broken_off(file: SharedFile, error: Interrupted) -> FileUnreadable:
    return FileUnreadable(f"Slack broke off sending {file.name}: {error}.", remedy=SHARE_AGAIN)


def _problem(error: SlackApiError) -> FileUnreadable:
    """Slack's refusal in words; its reply may be anything when a proxy answered in its place."""
    data = getattr(error.response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if code in _AUTH:
        return FileUnreadable(
            f"Slack rejected the bot's token ({code}).",
            remedy="Ask the administrator to set a valid SLACK_BOT_TOKEN; `ft-bot doctor` checks it.",
        )
    known = _PROBLEMS.get(
        code, (f"Slack could not tell about the file ({code or 'no answer'}).", SHARE_AGAIN)
    )
    return FileUnreadable(known[0], remedy=known[1])


def _url(file: Mapping[str, Any]) -> str:
    """Where the bytes are; says why when they are nowhere."""
    mode = _text(file, "mode")
    if mode == "tombstone":
        raise FileUnreadable(DELETED, remedy=LEAVE_IT)
    if mode == "hidden_by_limit":
        raise FileUnreadable("Slack hides this file: the workspace's plan is at its limit.")
    if file.get("is_external") or mode == "external":
        raise FileUnreadable(
            "This is a link to a file that Slack doesn't have.", remedy="Share the file itself."
        )
    url = _text(file, "url_private_download") or _text(file, "url_private")
    if not url and _text(file, "file_access") not in ("", "visible"):
        raise FileUnreadable(
            "The file belongs to another organization, and the bot may not read it.",
            remedy="Ask somebody of this workspace to share it.",
        )
    if not url:
        raise FileUnreadable("Slack gives no address for the file's content.", remedy=SHARE_AGAIN)
    return url


def _shares(file: Mapping[str, Any], channel: str) -> list[Mapping[str, Any]]:
    """The messages in this channel that carry the file."""
    shares = file.get("shares")
    kinds = shares.values() if isinstance(shares, dict) else ()
    lists = [kind.get(channel) for kind in kinds if isinstance(kind, dict)]
    return [share for found in lists if isinstance(found, list) for share in found if isinstance(share, dict)]


def _thread(shares: list[Mapping[str, Any]]) -> str | None:
    """The root of the thread to answer in: the newest share, or the thread that it stands in."""
    if not shares:
        return None
    newest = max(shares, key=lambda share: _text(share, "ts"))
    return _text(newest, "thread_ts") or _text(newest, "ts") or None


def _is_reply(shares: list[Mapping[str, Any]]) -> bool:
    """Whether the newest share stands in a thread that another message began."""
    newest = max(shares, key=lambda share: _text(share, "ts"), default={})
    return _text(newest, "thread_ts") not in ("", _text(newest, "ts"))


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _size(file: Mapping[str, Any]) -> int:
    size = file.get("size")
    return size if isinstance(size, int) and size > 0 else 0
