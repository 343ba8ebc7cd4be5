"""Looking at a dataset, and renaming, sharing and deleting it: its page's buttons and forms."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.reply import privately
from handlers.services import Services
from tuning.downloads import What
from tuning.errors import FtBotError, Invalid
from tuning.policy import Action
from tuning.records import Person
from views import dataset_modals
from views import dataset_page as view
from views.downloads import on_its_way
from views.text import plain

#: Characters beneath a field.
LONGEST = 300


async def show_page(context: AsyncBoltContext, services: Services, person: Person, ref: str) -> None:
    """All about one dataset, for the asking person alone."""
    await privately(context, view.dataset_page(await services.library.page(person, ref, view.FIRST_EXAMPLES)))


async def show(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """A press on "Details"."""
    await ack()
    await show_page(context, services, person, action["value"])


async def examples(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The button's value is a version and where to start; a page of examples gives way to the next one."""
    await ack()
    version_id, _, start = action["value"].partition(" ")
    found = await services.library.preview(person, version_id, int(start), view.EXAMPLES)
    turns = action["action_id"] != "show_examples"
    await privately(context, view.examples_page(found), replace=turns)


async def ask_name(
    ack: AsyncAck,
    action: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    services: Services,
) -> None:
    """Open the form for a new name."""
    await ack()
    dataset = await services.library.mine(person, action["value"], Action.rename)
    form = dataset_modals.rename_modal(dataset, context.channel_id)
    await context.client.views_open(trigger_id=body["trigger_id"], view=form)


async def ask_channel(
    ack: AsyncAck,
    action: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    services: Services,
) -> None:
    """Open the form for the channel to share into."""
    await ack()
    dataset = await services.library.mine(person, action["value"], Action.share)
    form = dataset_modals.share_modal(dataset, context.channel_id)
    await context.client.views_open(trigger_id=body["trigger_id"], view=form)


async def renamed(ack: AsyncAck, payload: dict[str, Any], person: Person, services: Services) -> None:
    """The form with the new name: one that can't be is answered beneath it."""
    about = json.loads(payload["private_metadata"])
    name = payload["state"]["values"]["name"]["name"].get("value") or ""
    try:
        await services.library.rename(person, about["dataset_id"], name, about["channel"] or person.user)
    except FtBotError as error:
        await ack(response_action="errors", errors={"name": _words(error)})
        return
    await ack()
    services.nudge()


async def shared(
    ack: AsyncAck, payload: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The form with the channel: the dataset's card is owed to it, and the person is told so."""
    about = json.loads(payload["private_metadata"])
    channel = payload["state"]["values"]["channel"]["channel"]["selected_conversation"]
    try:
        dataset = await services.library.share(person, about["dataset_id"], channel, payload["id"])
    except FtBotError as error:
        await ack(response_action="errors", errors={"channel": _words(error)})
        return
    await ack()
    services.nudge()
    # a form has no channel of its own: the answer goes where it was opened
    context["channel_id"] = about["channel"]
    await privately(context, view.shared_notice(dataset, channel))


async def delete(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The person said yes in the button's dialog."""
    await ack()
    channel = context.channel_id or person.user
    gone = await services.library.delete(person, action["value"], channel)
    await privately(context, view.deleted_notice(person.user, gone.name, gone.owner), replace=True)
    services.nudge()


async def send(
    ack: AsyncAck,
    action: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    services: Services,
) -> None:
    """A file of a version; the button's value is the version, on a dropped file's card with the drop."""
    await ack()
    what = What(action["action_id"].removeprefix("send_"))
    version_id, _, drop_id = action["value"].partition(" ")
    key = body.get("trigger_id") or action.get("action_ts") or ""
    directly = await services.downloads.ask(person, what, version_id, key, drop_id)
    await privately(context, on_its_way(what, directly=directly))
    services.nudge()


def _words(error: FtBotError) -> str:
    """What is wrong, for beneath a field."""
    if isinstance(error, Invalid):
        return plain(" ".join(error.fields.values()), LONGEST)
    return plain(f"{error.message} {error.remedy}".strip(), LONGEST)
