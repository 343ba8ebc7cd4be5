"""Finds a message of ours again by the update's id in its metadata, when a stop left its fate unknown."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack_errors import Fate, fate, word
from tuning.records import Update

log = logging.getLogger(__name__)

#: How far Slack's clock may be behind ours.
SKEW = timedelta(minutes=5)
PAGE = 200
#: What may pass: until it has, nobody knows whether the message is there.
PASSING = frozenset({Fate.slower, Fate.unknown, Fate.closed})


async def find(
    client: AsyncWebClient, update: Update, channel: str, thread: str | None
) -> tuple[str, str] | None:
    """Channel and timestamp of the message that carries this update's id, if it was posted.

    None also where the bot may post but never read. Raises what may pass.
    """
    try:
        channel = await _readable(client, channel)
        async for message in _messages(client, channel, thread, update.created_at - SKEW):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("update_id") == update.id:
                return channel, str(message["ts"])
    except SlackApiError as error:
        if fate(error) in PASSING and word(error) != "missing_scope":
            raise
        log.error("%s can't be searched for update %s: %s", channel, update.id, word(error))
    return None


async def _readable(client: AsyncWebClient, channel: str) -> str:
    """The conversation's id: a person's id takes a post, but has no history."""
    if not channel.startswith(("U", "W")):
        return channel
    opened = await client.conversations_open(users=[channel])
    return str(opened["channel"]["id"])


async def _messages(
    client: AsyncWebClient, channel: str, thread: str | None, oldest: datetime
) -> AsyncIterator[dict[str, Any]]:
    """A channel's messages since then, or a thread's."""
    method: Callable[..., Awaitable[AsyncSlackResponse]] = client.conversations_history
    look: dict[str, Any] = {"channel": channel, "oldest": f"{oldest.timestamp():.6f}", "limit": PAGE}
    if thread:
        method, look = client.conversations_replies, {**look, "ts": thread}
    while True:
        page = await method(include_all_metadata=True, **look)
        for message in page.get("messages") or []:
            yield message
        look["cursor"] = (page.get("response_metadata") or {}).get("next_cursor")
        if not look["cursor"]:
            return
