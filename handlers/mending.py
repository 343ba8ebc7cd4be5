"""Mending a rejected file in Slack: the form with a bad row, its buttons, and the check of the whole."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.services import Services
from tuning.errors import FtBotError, Invalid, NotFound
from tuning.mending import Mending, Overtaken
from tuning.parts import joined
from tuning.records import Person
from views import mending as view

SENT = "📬 The row is on its way to you, in a direct message."


async def begin(
    ack: AsyncAck,
    action: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    services: Services,
) -> None:
    """A press on "Fix rows": open the form with the first bad row that nothing was decided on."""
    await ack()
    step = await services.mending.step(person, action["value"])
    await context.client.views_open(trigger_id=body["trigger_id"], view=view.step_modal(step))


async def saved(ack: AsyncAck, payload: dict[str, Any], person: Person, services: Services) -> None:
    """The row's new text: what is wrong in it is answered beneath it, else the next bad row is shown.

    A row that is too long for a form has no text: it is left as it is.
    """
    drop_id, row, of, seen = _about(payload)
    parts = view.typed(payload["state"]["values"], row)
    try:
        if parts:
            text = joined(parts, view.gaps_in(payload))
            await services.mending.save(person, drop_id, row, text, of, seen)
        step = await services.mending.step(person, drop_id, row)
    except Overtaken as overtaken:
        opened = await services.mending.row(person, drop_id, row)
        await ack(response_action="update", view=view.overtaken_modal(opened, overtaken.edit))
        return
    except FtBotError as error:
        if parts:
            await ack(response_action="errors", errors=view.beneath(row, _words(error)))
        else:
            await ack(response_action="update", view=view.problem_modal(error))
        return
    await ack(response_action="update", view=view.step_modal(step))


async def decided(
    ack: AsyncAck,
    action: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    services: Services,
) -> None:
    """The form's buttons and its field for a row's number: each shows another row, or the end."""
    await ack()
    drop_id, row, of, seen = _about(body["view"])
    mending = services.mending
    try:
        match action["action_id"]:
            case "fix_drop":
                await mending.leave_out(person, drop_id, row, of, seen)
            case "fix_over":
                await mending.start_over(person, drop_id)
        match action["action_id"]:
            case "fix_go":
                form = await _gone_to(mending, person, drop_id, row, action.get("value") or "")
            case "fix_send":
                await services.downloads.row(person, drop_id, row, body.get("trigger_id") or "")
                services.nudge()
                form = view.step_modal(await mending.row(person, drop_id, row), SENT)
            case "fix_before":
                form = view.step_modal(await mending.before(person, drop_id, row))
            case _:
                form = view.step_modal(await mending.step(person, drop_id, row))
    except Overtaken as overtaken:
        form = view.overtaken_modal(await mending.row(person, drop_id, row), overtaken.edit)
    except FtBotError as error:
        form = view.problem_modal(error)
    await context.client.views_update(view_id=body["view"]["id"], view=form)


async def _gone_to(mending: Mending, person: Person, drop_id: str, row: int, wanted: str) -> dict[str, Any]:
    """The row of this number, or the same one again with why not."""
    try:
        return view.step_modal(await mending.asked_for(person, drop_id, wanted))
    except NotFound as error:
        return view.step_modal(await mending.row(person, drop_id, row), f"⚠️ {_words(error)}")


async def done(ack: AsyncAck, payload: dict[str, Any], person: Person, services: Services) -> None:
    """Close the form and check the whole file; its card tells the rest."""
    drop_id, *_ = _about(payload)
    try:
        await services.mending.finish(person, drop_id)
    except FtBotError as error:
        await ack(response_action="update", view=view.problem_modal(error))
        return
    await ack()
    services.nudge()
    await services.drops.work(drop_id)
    services.nudge()


def _about(form: dict[str, Any]) -> tuple[str, int, str, str]:
    """The drop, the row, and the marks of the bytes and of the decision that the form shows."""
    about = json.loads(form["private_metadata"])
    return about["drop_id"], about["row"], about.get("of", ""), about.get("seen", "")


def _words(error: FtBotError) -> str:
    if isinstance(error, Invalid):
        return " ".join(error.fields.values())
    return f"{error.message} {error.remedy}".strip()
