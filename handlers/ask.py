"""The `/ask` command."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from handlers.answers import Thread, tell
from handlers.arguments import first_word, names_as_written, typed
from handlers.posting import post_once
from handlers.reply import privately
from handlers.services import Services
from handlers.slack_trouble import CLOSED, FAILURES, word
from tuning.ask import Answer, BadQuestion, model_and_question
from tuning.errors import BackendError, Gone, NotFound
from tuning.records import Person
from views import ask as view
from views import errors as error_views

log = logging.getLogger(__name__)

#: A response URL takes five messages; a longer answer goes to the person directly.
MOST_NOTES = 3


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
        answer = await services.asking.open(person, channel, _asked(command))
    except (NotFound, BadQuestion) as error:
        await _explain(error, context, command, person, services)
        return
    shown = view.question(person.user, answer.ask.model, answer.ask.question)
    try:
        where, ts = await post_once(client, shown, answer.ask.id, channel)
        broken = await tell(answer, Thread(client, where, ts, person))
    except FAILURES as error:
        log.warning("ask %s is answered in private: Slack answered %s", answer.ask.id, word(error))
        await _in_private(answer, context, services, invite=word(error) in CLOSED)
        return
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
    ref, _ = model_and_question(_asked(command))
    if isinstance(error, Gone) or (isinstance(error, BadQuestion) and ref):
        await privately(context, error_views.problem(error))
        return
    await privately(context, view.unknown_model(ref, await services.models.list(person)))


async def _in_private(answer: Answer, context: AsyncBoltContext, services: Services, *, invite: bool) -> None:
    """Slack doesn't let us write into this channel: only the asking person gets the answer, and why."""
    broken = None
    try:
        async for _ in answer.texts():
            pass
    except BackendError as error:
        broken = error
    done = await services.asking.close(answer)
    messages = view.answer_final(done.answer, done)
    messages.append(error_views.broke_off(broken) if broken else view.only_you(invite=invite))
    for message in messages:
        await privately(context, message, directly=len(messages) > MOST_NOTES)


def _asked(command: dict[str, Any]) -> str:
    """The model and the question; zero-width spaces in a question may mean something."""
    model, question = first_word(typed(command))
    return f"{names_as_written(model)} {question}"
