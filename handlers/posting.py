"""Posting a message that must not stand in a channel twice, over a connection that may break.

A message carries a key in its metadata. When nobody can say whether it was posted, it is looked up
under that key before it is posted again.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack_trouble import FAILURES, fate_unknown, word
from views.rendered import Rendered

log = logging.getLogger(__name__)

EVENT_TYPE = "ft_bot_answer"
#: Seconds that Slack's clock may be behind ours.
SKEW = 300


async def post_once(
    client: AsyncWebClient, message: Rendered, key: str, channel: str, thread: str | None = None
) -> tuple[str, str]:
    """Post, and give the channel's id and the message's timestamp."""
    content: dict[str, Any] = {
        "channel": channel,
        "thread_ts": thread,
        "text": message.text,
        "blocks": message.blocks,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
    }
    try:
        posted = await client.chat_postMessage(**content)
    except FAILURES as error:
        if not fate_unknown(error):
            raise
        log.warning("a message to %s has an unknown fate (%s): looking for it", channel, word(error))
        if ts := await find(client, key, channel, thread):
            return channel, ts
        posted = await client.chat_postMessage(**content)
    return str(posted.get("channel") or channel), str(posted["ts"])


async def find(client: AsyncWebClient, key: str, channel: str, thread: str | None) -> str | None:
    """The timestamp of the message that carries this key, among the newest of the channel or thread."""
    for message in await _newest(client, channel, thread):
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        if payload.get("key") == key:
            return str(message["ts"])
    return None


async def last_reply(client: AsyncWebClient, channel: str, thread: str) -> str | None:
    """The newest reply in a thread of ours: an answer that was begun and whose timestamp got lost."""
    replies = [m for m in await _newest(client, channel, thread) if m.get("ts") != thread and m.get("bot_id")]
    return str(replies[-1]["ts"]) if replies else None


async def _newest(client: AsyncWebClient, channel: str, thread: str | None) -> list[dict[str, Any]]:
    oldest = f"{time.time() - SKEW:.6f}"
    look: dict[str, Any] = {"channel": channel, "limit": 200, "include_all_metadata": True, "oldest": oldest}
    try:
        if thread:
            page = await client.conversations_replies(ts=thread, **look)
        else:
            page = await client.conversations_history(**look)
    except FAILURES as error:
        log.error("%s can't be searched for a message of ours: %s", channel, word(error))
        return []
    return list(page.get("messages") or [])
