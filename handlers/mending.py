"""Mending a rejected file in Slack: the form with a bad row, its buttons, and the check of the whole."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.services import Services
from tuning.errors import FtBotError, Invalid
from tuning.mending import FIELD
from tuning.records import Person
from views import mending as view


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
    """The row's new text: what is wrong in it is answered beneath it, else the next row is shown."""
    drop_id, row = _about(payload)
    text = payload["state"]["values"][view.field_of(row)][FIELD].get("value") or ""
    try:
        await services.mending.save(person, drop_id, row, text)
        step = await services.mending.step(person, drop_id, row)
    except FtBotError as error:
        why = (
            " ".join(error.fields.values())
            if isinstance(error, Invalid)
            else f"{error.message} {error.remedy}"
        )
        await ack(response_action="errors", errors=view.beneath(row, why.strip()))
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
    """The form's buttons: drop the row, go on to the next, or start over."""
    await ack()
    drop_id, row = _about(body["view"])
    try:
        if action["action_id"] == "fix_drop":
            await services.mending.leave_out(person, drop_id, row)
        elif action["action_id"] == "fix_again":
            await services.mending.start_over(person, drop_id)
        form = view.step_modal(await services.mending.step(person, drop_id, row))
    except FtBotError as error:
        form = view.problem_modal(error)
    await context.client.views_update(view_id=body["view"]["id"], view=form)


async def done(ack: AsyncAck, payload: dict[str, Any], person: Person, services: Services) -> None:
    """Close the form and check the whole file; its card tells the rest."""
    drop_id, _ = _about(payload)
    try:
        await services.mending.finish(person, drop_id)
    except FtBotError as error:
        await ack(response_action="update", view=view.problem_modal(error))
        return
    await ack()
    services.nudge()
    await services.drops.work(drop_id)
    services.nudge()


def _about(form: dict[str, Any]) -> tuple[str, int]:
    about = json.loads(form["private_metadata"])
    return about["drop_id"], about["row"]
