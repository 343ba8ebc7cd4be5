"""Starting a job, from the modal, from a button or typed at once."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.reply import privately
from handlers.services import Services
from handlers.slack_trouble import FAILURES, word
from tuning.errors import FtBotError, Invalid
from tuning.planning import TrainRequest
from tuning.records import Dataset, Job, Method, Person, Plan
from views import leaks, modals
from views.text import plain

log = logging.getLogger(__name__)

#: A trigger lives three seconds: the modal opens without a proposed base when the backend is slower.
BASES_WITHIN = 1.0
#: A form is answered within three seconds, whether or not its datasets could be compared until then.
LOOK_SECONDS = 1.2
#: Characters beneath a field.
LONGEST = 300

#: Reinforcement needs a grader, which no form of ours can describe yet.
METHODS = tuple((method.value, method.value) for method in (Method.supervised, Method.dpo))


async def open_modal(
    context: AsyncBoltContext,
    services: Services,
    plan_id: str,
    channel: str | None,
    trigger: str,
    dataset: Dataset | None = None,
) -> None:
    """Show the form; the plan's id travels in it, so that one form starts one job."""
    bases = await services.catalog.bases(BASES_WITHIN)
    chosen = modals.chosen_dataset(dataset) if dataset else None
    base = (bases[0], bases[0]) if bases else None
    view = modals.train_modal(plan_id, channel, dataset=chosen, base=base, methods=METHODS)
    await context.client.views_open(trigger_id=trigger, view=view)


async def chosen(ack: AsyncAck, body: dict[str, Any], person: Person, services: Services) -> None:
    """A dataset was chosen in the form: whether rows of one stand in the other is looked for meanwhile."""
    await ack()
    values = _values(body["view"]["state"]["values"])
    await services.overlaps.begin(person.workspace, values.get("dataset", ""), values.get("validation", ""))


async def submitted(
    ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The form: wrong values are answered beneath their fields, right ones start the job.

    Validation data that stands in the training data is told first, in the form's place.
    """
    asked = json.loads(view["private_metadata"])
    values = _values(view["state"]["values"])
    channel = values.pop("channel", "") or asked["channel"] or person.user
    try:
        request = TrainRequest(**values)
        plan = await services.planner.propose(
            person, channel, asked["plan_id"], request, today=services.now().date()
        )
    except FtBotError as error:
        await ack(response_action="errors", errors=_beneath(error, values))
        return
    again = {"plan_id": asked["plan_id"], "channel": channel, "values": values}
    looked = await services.overlaps.looked(plan, LOOK_SECONDS)
    if looked is None:
        await ack(response_action="update", view=leaks.comparing_modal(plan, again))
        await _when_looked(context, view["id"], services, plan, again)
    elif looked.overlap and looked.overlap.leaked:
        await ack(response_action="update", view=leaks.leak_modal(looked, again))
    else:
        job = await services.jobs.start(looked)
        await ack()
        await _launch(services, job)


async def _when_looked(
    context: AsyncBoltContext, view_id: str, services: Services, plan: Plan, again: dict[str, Any]
) -> None:
    """Go on in the form that says that the files are compared; whoever closed it has given the job up."""
    looked = await services.overlaps.looked(plan) or plan
    leaked = looked.overlap and looked.overlap.leaked
    form = leaks.leak_modal(looked, again) if leaked else leaks.started_modal(looked)
    try:
        await context.client.views_update(view_id=view_id, view=form)
    except FAILURES as error:
        log.info("plan %s isn't started: its form was closed (%s)", plan.id, word(error))
        return
    if not leaked:
        await start(services, looked)


async def anyway(ack: AsyncAck, view: dict[str, Any], person: Person, services: Services) -> None:
    """The person saw that validation data stands in the training data, and starts all the same."""
    await ack()
    await _again(json.loads(view["private_metadata"]), person, services)


async def anyway_typed(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The same, below the answer to a command."""
    await ack()
    plan = await _again(json.loads(action["value"]), person, services)
    await privately(context, leaks.started_notice(plan), replace=True)


async def _again(asked: dict[str, Any], person: Person, services: Services) -> Plan:
    """Start what was asked for before the warning: the same plan, so one job however often it is pressed."""
    request, today = TrainRequest(**asked["values"]), services.now().date()
    channel = asked["channel"] or person.user
    plan = await services.planner.propose(person, channel, asked["plan_id"], request, today=today)
    looked = await services.overlaps.looked(plan, LOOK_SECONDS) or plan
    await start(services, looked)
    return looked


async def begin_typed(
    context: AsyncBoltContext, services: Services, plan: Plan, request: TrainRequest
) -> None:
    """Start a job that was typed, or ask first when its validation data stands in its training data."""
    looked = await services.overlaps.looked(plan, LOOK_SECONDS)
    if looked is None:
        await privately(context, leaks.comparing_notice(plan))
        looked = await services.overlaps.looked(plan) or plan
    if looked.overlap and looked.overlap.leaked:
        values = {name: value for name, value in asdict(request).items() if value}
        again = {"plan_id": plan.id, "channel": plan.channel, "values": values}
        await privately(context, leaks.leak_question(looked, again))
        return
    await start(services, looked)


async def start(services: Services, plan: Plan) -> None:
    """Put the job on record and bring it to the backend; its thread tells the rest."""
    await _launch(services, await services.jobs.start(plan))


async def _launch(services: Services, job: Job) -> None:
    services.nudge()
    await services.launcher.launch(job.id)
    services.nudge()


async def suggest_datasets(
    ack: AsyncAck, payload: dict[str, Any], person: Person, services: Services
) -> None:
    """Datasets for a select that searches."""
    async with services.store.begin() as tx:
        found = await tx.datasets.list(person.workspace, search=payload.get("value") or "")
    await ack(options=modals.options([(dataset.name, dataset.id) for dataset in found]))


async def suggest_bases(ack: AsyncAck, payload: dict[str, Any], services: Services) -> None:
    """Base models for a select that searches."""
    typed = (payload.get("value") or "").lower()
    bases = [base for base in await services.catalog.bases(BASES_WITHIN) if typed in base.lower()]
    await ack(options=modals.options([(base, base) for base in bases]))


def _beneath(error: FtBotError, fields: dict[str, str]) -> dict[str, str]:
    """What is wrong, beneath the field that it is about; the rest beneath the first."""
    found = error.fields if isinstance(error, Invalid) else {"": f"{error.message} {error.remedy}".strip()}
    return {name if name in fields else "dataset": plain(why, LONGEST) for name, why in found.items()}


def _values(state: dict[str, dict[str, dict[str, Any]]]) -> dict[str, str]:
    """The form's values by field: each block holds one element."""
    values = {}
    for block, elements in state.items():
        for element in elements.values():
            option = element.get("selected_option") or {}
            text = element.get("value") or option.get("value") or element.get("selected_conversation") or ""
            values[block] = str(text).strip()
    return values
