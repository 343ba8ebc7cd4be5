"""Starting a job, from the modal, from a button or typed at once."""

from __future__ import annotations

import json
import logging
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.services import Services
from tuning.errors import FtBotError, Invalid
from tuning.planning import TrainRequest
from tuning.records import Dataset, Method, Person, Plan
from views import modals
from views.text import plain

log = logging.getLogger(__name__)

#: A trigger lives three seconds: the modal opens without a proposed base when the backend is slower.
BASES_WITHIN = 1.0
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
    chosen = (dataset.name, dataset.id) if dataset else None
    base = (bases[0], bases[0]) if bases else None
    view = modals.train_modal(plan_id, channel, dataset=chosen, base=base, methods=METHODS)
    await context.client.views_open(trigger_id=trigger, view=view)


async def submitted(ack: AsyncAck, view: dict[str, Any], person: Person, services: Services) -> None:
    """The form: wrong values are answered beneath their fields, right ones start the job."""
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
    job = await services.jobs.start(plan)
    await ack()
    services.nudge()
    await services.launcher.launch(job.id)
    services.nudge()


async def start(services: Services, plan: Plan) -> None:
    """Put the job on record and bring it to the backend; its thread tells the rest."""
    job = await services.jobs.start(plan)
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
