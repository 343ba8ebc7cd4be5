"""Answers that only the asking person sees, over whichever road is open."""

from __future__ import annotations

import logging
from typing import Any, cast

from slack_bolt.async_app import AsyncBoltContext, AsyncRespond

from handlers.slack_trouble import FAILURES, word
from views.rendered import Rendered

log = logging.getLogger(__name__)


async def privately(
    context: AsyncBoltContext, answer: Rendered, *, replace: bool = False, directly: bool = False
) -> None:
    """Answer the person who acts: by response URL, else as an ephemeral message, else directly.

    `replace` puts the answer in the place of the message whose button was pressed; `directly` takes
    the last road at once, for what is too much for the others.
    """
    if context.response_url and not directly and await _by_url(context, answer, replace):
        return
    user, channel = context.user_id, None if directly else context.channel_id
    if channel and user and await _post(context, "chat_postEphemeral", answer, channel=channel, user=user):
        return
    if user and await _post(context, "chat_postMessage", answer, channel=user):
        return
    log.error("an answer could not be given to %s in %s: %s", user, channel, answer.text)


async def _by_url(context: AsyncBoltContext, answer: Rendered, replace: bool) -> bool:
    respond = cast(AsyncRespond, context.respond)
    try:
        told = await respond(
            text=answer.text,
            blocks=answer.blocks,
            response_type="ephemeral",
            replace_original=replace,
        )
    except (*FAILURES, ValueError) as error:
        log.warning("the response URL can't be used: %s", word(error))
        return False
    if told.status_code != 200:
        log.warning("the response URL answered %s: %s", told.status_code, told.body)
    return bool(told.status_code == 200)


async def _post(context: AsyncBoltContext, method: str, answer: Rendered, **where: Any) -> bool:
    try:
        await getattr(context.client, method)(text=answer.text, blocks=answer.blocks, **where)
    except FAILURES as error:
        log.warning("%s to %s failed: %s", method, where, word(error))
        return False
    return True
