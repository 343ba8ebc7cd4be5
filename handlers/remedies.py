"""A rejected file's card: what is private is redacted or accepted, another format converted."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.services import Services
from tuning.errors import FtBotError, Invalid
from tuning.records import Offer, Person
from views import converting as view
from views.text import plain

#: Characters beneath a field.
LONGEST = 300


async def redact(ack: AsyncAck, action: dict[str, Any], person: Person, services: Services) -> None:
    """A press on "Redact and keep"."""
    await ack()
    await services.remedies.redact(person, action["value"])
    await _go_on(services, action["value"])


async def accept(ack: AsyncAck, action: dict[str, Any], person: Person, services: Services) -> None:
    """The person said yes in the dialog of "Accept as it is"."""
    await ack()
    await services.remedies.accept(person, action["value"])
    await _go_on(services, action["value"])


async def ask_convert(
    ack: AsyncAck,
    action: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    services: Services,
) -> None:
    """A press on "Convert and keep": open the form."""
    await ack()
    drop = await services.remedies.convertible(person, action["value"])
    await context.client.views_open(trigger_id=body["trigger_id"], view=view.convert_modal(drop))


async def preview(
    ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """A press on "Preview": the form again, with the first rows as its texts make them."""
    await ack()
    form = body["view"]
    try:
        found = await services.remedies.preview(person, _drop(form), **_texts(form))
    except FtBotError as error:
        drop = await services.remedies.convertible(person, _drop(form))
        found = drop, Offer("", trouble=f"{error.message} {error.remedy}".strip())
    await context.client.views_update(view_id=form["id"], view=view.convert_modal(*found))


async def convert(ack: AsyncAck, payload: dict[str, Any], person: Person, services: Services) -> None:
    """The form: templates that can't be are answered beneath their fields."""
    drop_id = _drop(payload)
    try:
        await services.remedies.convert(person, drop_id, **_texts(payload))
    except FtBotError as error:
        words = f"{error.message} {error.remedy}".strip()
        wrong = error.fields if isinstance(error, Invalid) else {"system": words}
        beneath = {name: plain(why, LONGEST) for name, why in wrong.items()}
        await ack(response_action="errors", errors=beneath)
        return
    await ack()
    await _go_on(services, drop_id)


def _drop(form: dict[str, Any]) -> str:
    return str(json.loads(form["private_metadata"])["drop_id"])


def _texts(form: dict[str, Any]) -> dict[str, str]:
    """The templates and the system prompt, as they were typed."""
    state = form["state"]["values"]
    return {name: (state[name][name].get("value") or "").strip() for name in ("user", "assistant", "system")}


async def _go_on(services: Services, drop_id: str) -> None:
    """The card shows that it is being done, then what came of it."""
    services.nudge()
    await services.drops.work(drop_id)
    services.nudge()
