"""The `/ft` command: one function for each of its words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.arguments import (
    as_typed,
    first_word,
    names_as_written,
    one_word,
    split_request,
    train_request,
    typed,
    words,
)
from handlers.datasets import show_page
from handlers.reply import privately
from handlers.services import Services
from handlers.training import begin_typed, open_modal
from tuning.errors import Invalid, NotFound
from tuning.ids import new_id, request_id
from tuning.lanes import PATIENCE_SECONDS
from tuning.records import Person
from views import datasets as dataset_views
from views import help as help_views
from views import job_card
from views import jobs as job_views
from views import models as model_views


@dataclass(frozen=True, slots=True)
class Call:
    """One `/ft WORD REST` on its way to the function of its word."""

    context: AsyncBoltContext
    command: dict[str, Any]
    services: Services
    rest: str

    @property
    def person(self) -> Person:
        found: Person = self.context["person"]
        return found

    @property
    def channel(self) -> str:
        return str(self.command.get("channel_id") or self.person.user)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of `/ft`: how it is typed, what it does, and the function that does it."""

    usage: str
    does: str
    run: Callable[[Call], Awaitable[None]]


async def ft(ack: AsyncAck, command: dict[str, Any], context: AsyncBoltContext, services: Services) -> None:
    """Acknowledge, then do what the first word says; no word or an unknown one shows the help."""
    await ack()
    name, rest = first_word(names_as_written(typed(command)))
    word = WORDS.get(name.lower())
    call = Call(context, command, services, rest)
    if word is None:
        await show_help(call, unknown=name)
        return
    await word.run(call)


async def train(call: Call) -> None:
    """With a dataset: start at once. Without: a modal that asks for everything."""
    services, person = call.services, call.person
    trigger = call.command.get("trigger_id") or new_id("trigger")
    plan_id = request_id("ftp", person.workspace, trigger)
    if not call.rest:
        await open_modal(call.context, services, plan_id, call.channel, trigger)
        return
    request, today = train_request(words(call.rest)), services.now().date()
    try:
        plan = await services.planner.propose(person, call.channel, plan_id, request, today=today)
    except Invalid as error:
        raise as_typed(error) from None
    await begin_typed(call.context, services, plan, request)


async def jobs(call: Call) -> None:
    found = await call.services.jobs.list(call.person)
    await privately(call.context, job_views.job_list(found, now=call.services.now()))


async def job(call: Call) -> None:
    found = await call.services.jobs.find(call.person, one_word(call.rest))
    newest = await call.services.library.newest(found.plan)
    await privately(call.context, job_card.card(found, call.services.now(), newest))


async def events(call: Call) -> None:
    found, told = await call.services.jobs.events(call.person, one_word(call.rest))
    await privately(call.context, job_views.events(found, told))


async def cancel(call: Call) -> None:
    """Only asks: the button under the question does it."""
    found = await call.services.jobs.may_cancel(call.person, one_word(call.rest))
    await privately(call.context, job_views.confirm_cancel(found))


async def datasets(call: Call) -> None:
    shown, search = dataset_views.DATASETS_SHOWN, one_word(call.rest)
    found = await call.services.library.listed(call.person, shown, search=search)
    _some(found.datasets, "dataset", call.rest, "`/ft datasets` lists them all.")
    await privately(call.context, dataset_views.dataset_list(found))


async def dataset(call: Call) -> None:
    await show_page(call.context, call.services, call.person, one_word(call.rest))


async def split(call: Call) -> None:
    """The parts are datasets of their own; the answer comes when they are checked and kept."""
    request = split_request(words(call.rest))
    work = asyncio.create_task(call.services.splits.split(call.person, request))
    try:
        done, _ = await asyncio.wait({work}, timeout=PATIENCE_SECONDS)
        if not done:
            await privately(call.context, dataset_views.splitting(request.dataset))
        parts = await work
    finally:
        work.cancel()
    await privately(call.context, dataset_views.split_done(request.dataset, request.seed, parts))


async def models(call: Call) -> None:
    search = one_word(call.rest)
    found = await call.services.models.list(call.person, search)
    _some(found, "model", call.rest, "`/ft models` lists them all.")
    await privately(call.context, model_views.model_list(found, search=search))


def _some(found: Sequence[object], what: str, searched: str, remedy: str) -> None:
    """A search that finds nothing is no empty workspace."""
    if searched and not found:
        raise NotFound(f"No {what} here has {one_word(searched)[:100]} in its name.", remedy=remedy)


async def delete(call: Call) -> None:
    """Only asks: the button under the question does it."""
    found = await call.services.models.may_delete(call.person, one_word(call.rest))
    await privately(call.context, model_views.confirm_delete(found))


async def show_help(call: Call, unknown: str = "") -> None:
    known = unknown if unknown and unknown.lower() != "help" else ""
    await privately(call.context, help_text(known))


def help_text(unknown: str = "") -> Any:
    """Every word with its options, and `/ask`."""
    rows = [(word.usage, word.does) for word in WORDS.values()]
    return help_views.help_text([*rows, ASK], unknown=unknown)


ASK = ("/ask MODEL your question", "ask a fine-tuned model; its answer streams into the channel")

WORDS: dict[str, Word] = {
    "train": Word(
        "/ft train [DATASET[@VERSION] base=… suffix=… epochs=… batch_size=… learning_rate=… seed=… method=… "
        "beta=… validation=…]",
        "start a job; without a dataset a form asks for everything",
        train,
    ),
    "jobs": Word("/ft jobs", "the newest jobs, with buttons", jobs),
    "job": Word("/ft job ID", "one job's card", job),
    "events": Word("/ft events ID", "what the backend said of a job", events),
    "cancel": Word("/ft cancel ID", "end a job (its owner or an administrator; asks first)", cancel),
    "datasets": Word("/ft datasets [NAME]", "the datasets of this workspace", datasets),
    "dataset": Word(
        "/ft dataset NAME",
        "one dataset: report, versions, jobs, models, examples; rename, share, delete",
        dataset,
    ),
    "split": Word(
        "/ft split NAME [validation=10 heldout=10 seed=…]",
        "NAME-train, NAME-validation and NAME-heldout, in percent; the same seed makes the same parts",
        split,
    ),
    "models": Word("/ft models [NAME]", "the models that jobs made", models),
    "delete": Word("/ft delete MODEL", "delete a model (its owner or an administrator; asks first)", delete),
    "help": Word("/ft help", "this help", show_help),
}
