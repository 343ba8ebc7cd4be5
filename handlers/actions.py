"""Buttons."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext, AsyncRespond

from handlers.reply import privately
from handlers.services import Services
from handlers.slack_trouble import FAILURES, word
from handlers.training import open_modal
from tuning.ids import request_id
from tuning.named import dataset_of
from tuning.records import Person
from tuning.versions import no_dataset
from views import ask as ask_views
from views import datasets as dataset_views
from views import job_card
from views import jobs as job_views
from views import models as model_views

log = logging.getLogger(__name__)


async def train_dataset(
    ack: AsyncAck,
    action: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    services: Services,
) -> None:
    """Open the training form, with the dataset and version of the button chosen if it names one."""
    await ack()
    dataset = None
    if wanted := action.get("value"):
        async with services.store.begin() as tx:
            dataset = await dataset_of(tx, person.workspace, wanted)
        if dataset is None:
            raise no_dataset()
    plan_id = request_id("ftp", person.workspace, body["trigger_id"])
    await open_modal(context, services, plan_id, context.channel_id, body["trigger_id"], dataset)


async def show_job(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    await ack()
    job = await services.jobs.find(person, action["value"])
    newest = await services.library.newest(job.plan)
    await privately(context, job_card.card(job, services.now(), newest))


async def job_events(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    await ack()
    job, events = await services.jobs.events(person, action["value"])
    await privately(context, job_views.events(job, events))


async def cancel_job(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The person said yes, in the button's dialog or to the question of `/ft cancel`."""
    await ack()
    job = await services.jobs.cancel(person, action["value"])
    if action["action_id"] == "cancel_job_yes":
        await privately(context, job_views.cancelling(job), replace=True)
    if job.backend_id:
        await services.poller.poll(job.id)
    else:
        await services.launcher.launch(job.id)
    services.nudge()


async def delete_model(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The person said yes, in the button's dialog or to the question of `/ft delete`."""
    await ack()
    channel = context.channel_id or person.user
    model = await services.models.delete(person, action["value"], channel)
    if action["action_id"] == "delete_model_yes":
        await privately(context, model_views.deleted_notice(model, person.user), replace=True)
    services.nudge()


async def keep(ack: AsyncAck, respond: AsyncRespond) -> None:
    """The person said no: the question goes away, and where it can't it does no harm."""
    await ack()
    try:
        await respond(delete_original=True)
    except FAILURES as error:
        log.warning("a question that was answered with no stays: %s", word(error))


async def how_to_ask(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """Show what to type to ask this model, if it still answers."""
    await ack()
    model = await services.catalog.askable(person.workspace, action["value"])
    await privately(context, ask_views.how_to_ask(model.id))


async def more(
    ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, person: Person, services: Services
) -> None:
    """The next page of a list; the button's value is where it starts, and what was searched for."""
    await ack()
    where, _, search = action["value"].partition(" ")
    start = int(where)
    if action["action_id"] == "more_jobs":
        page = job_views.job_list(await services.jobs.list(person), start, services.now())
    elif action["action_id"] == "more_models":
        page = model_views.model_list(await services.models.list(person, search), start, search)
    else:
        shown = dataset_views.DATASETS_SHOWN
        page = dataset_views.dataset_list(await services.library.listed(person, shown, start, search))
    await privately(context, page)
