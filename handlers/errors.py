"""The one translator from errors to words for people."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

import aiohttp
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncBoltContext
from slack_sdk.errors import SlackClientError

from handlers.reply import privately
from handlers.slack_trouble import word
from tuning.errors import FtBotError
from views import errors as view
from views.rendered import Rendered

log = logging.getLogger(__name__)

#: Bolt looks for an acknowledgement every 10 ms, and loses one whose listener has failed by then:
#: Slack would say that the command timed out, besides our answer.
BOLT_LOOKS_AGAIN = 0.03


async def on_error(
    error: Exception, context: AsyncBoltContext, body: dict[str, Any], response: BoltResponse | None
) -> BoltResponse | None:
    """Bolt's error handler: tell the person who acted, and write down what wasn't foreseen.

    A command or press that has its answer is acknowledged, or Slack would add that it timed out. An event
    is not: Slack delivers it again. Nor is a form: it stays open, with what was typed. `response` is None
    when the handler had acknowledged already: Bolt takes no other answer then.
    """
    await asyncio.sleep(BOLT_LOOKS_AGAIN)
    answer = words(error, body)
    if context.user_id:
        await privately(context, answer)
    answered = "command" in body or body.get("type") == "block_actions"
    return BoltResponse(status=200, body="") if answered and response else None


def words(error: Exception, body: dict[str, Any]) -> Rendered:
    """What a person is told; an unexpected error gets a reference that stands in the log too."""
    if isinstance(error, FtBotError):
        log.info("answered with %s: %s", error.code, error.message)
        return view.problem(error)
    reference = secrets.token_hex(4)
    what = body.get("command") or body.get("type") or "request"
    if isinstance(error, SlackClientError | aiohttp.ClientError):
        log.error("reference %s: Slack answered %s to %s", reference, word(error), what)
        return view.slack_refused(word(error), reference)
    log.error("reference %s: %s failed", reference, what, exc_info=error)
    return view.unexpected(reference)
