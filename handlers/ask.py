"""The `/ask` command."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.answers import Thread, tell
from handlers.arguments import typed
from handlers.reply import privately
from handlers.services import Services
from tuning.ask import Answer, BadQuestion
from tuning.errors import BackendError, Gone, NotFound
from tuning.records import Person
from views import ask as view
from views import errors as error_views

#: Slack's words for "the bot can't write here".
CLOSED = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})


async def ask(
    ack: AsyncAck,
    command: dict[str, Any],
    context: AsyncBoltContext,
    client: AsyncWebClient,
    person: Person,
    services: Services,
) -> None:
    """Acknowledge; once the answer begins, post the question and let the answer stream beneath it."""
    await ack()
    channel = command.get("channel_id") or person.user
    try:
        answer = await services.asking.open(person, channel, typed(command))
    except (NotFound, BadQuestion) as error:
        await _explain(error, context, command, person, services)
        return
    shown = view.question(person.user, answer.ask.model, answer.ask.question)
    try:
        root = await client.chat_postMessage(
            channel=channel, text=shown.text, blocks=shown.blocks, unfurl_links=False
        )
    except SlackApiError as error:
        if error.response.get("error") not in CLOSED:
            raise
        await _in_private(answer, context, services)
        return
    broken = await tell(answer, Thread(client, root["channel"], root["ts"], person))
    await services.asking.close(answer)
    if broken:
        await privately(context, error_views.broke_off(broken))


async def _explain(
    error: NotFound | BadQuestion,
    context: AsyncBoltContext,
    command: dict[str, Any],
    person: Person,
    services: Services,
) -> None:
    """No such model, or no question: say so, and show what can be asked."""
    ref = typed(command).partition(" ")[0]
    if isinstance(error, Gone) or (isinstance(error, BadQuestion) and ref):
        await privately(context, error_views.problem(error))
        return
    await privately(context, view.unknown_model(ref, await services.models.list(person)))


async def _in_private(answer: Answer, context: AsyncBoltContext, services: Services) -> None:
    """The bot may not write into this channel: only the asking person gets the answer, and why."""
    broken = None
    try:
        async for _ in answer.texts():
            pass
    except BackendError as error:
        broken = error
    done = await services.asking.close(answer)
    for message in view.answer_final(done.answer, done):
        await privately(context, message)
    await privately(context, error_views.broke_off(broken) if broken else view.invite())
