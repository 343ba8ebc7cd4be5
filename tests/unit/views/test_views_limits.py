"""Whatever people, models and backends write: every message keeps to Slack's limits and nothing is live."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from views_limits import check_blocks, check_message, check_options, check_view
from views_samples import (
    NOW,
    dataset,
    hostile,
    hostile_asks,
    hostile_datasets,
    hostile_drops,
    hostile_events,
    hostile_jobs,
    hostile_models,
    hostile_plans,
    job,
    model,
    moments,
    numbers,
    reals,
    thrifty,
)

from tuning import errors
from tuning.library import Listed
from tuning.policy import Action, NotAllowedTo
from tuning.records import Dataset, Drop, Event, Job, Model, Plan
from views import ask as asks
from views.datasets import dataset_list
from views.drops import drop_card
from views.errors import broke_off, problem, slack_refused, unexpected
from views.help import help_text
from views.home import home
from views.job_card import card
from views.jobs import cancelling, confirm_cancel, events, job_list
from views.leaks import (
    comparing_modal,
    comparing_notice,
    leak_modal,
    leak_question,
    started_modal,
    started_notice,
)
from views.milestones import KINDS, milestone
from views.modals import options, train_modal
from views.models import confirm_delete, deleted_notice, model_list


@thrifty
@given(hostile_jobs, st.none() | moments, st.lists(hostile_events, max_size=3))
def test_any_job_can_be_shown(job: Job, now: datetime | None, told: list[Event]) -> None:
    check_message(card(job, now))
    check_message(job_list([job], now=now))
    check_message(confirm_cancel(job))
    check_message(cancelling(job))
    check_message(events(job, told))


payloads = st.fixed_dictionaries(
    {"kind": st.sampled_from([*KINDS]) | hostile},
    optional={
        **dict.fromkeys(("job_id", "owner", "model", "dataset", "base", "checkpoint"), hostile),
        **{key: hostile | st.none() | st.integers() for key in ("message", "code", "by")},
        **dict.fromkeys(("step", "total_steps", "trained_tokens", "seconds"), numbers | reals | hostile),
        **{key: reals | st.booleans() | st.just([1]) for key in ("train_loss", "valid_loss")},
    },
)


@thrifty
@given(payloads)
def test_any_milestone_can_be_told(payload: dict[str, Any]) -> None:
    check_message(milestone(payload))


@thrifty
@given(hostile_drops, st.none() | hostile_datasets, st.lists(hostile, max_size=10))
def test_any_drop_can_be_shown(drop: Drop, dataset: Dataset | None, bases: list[str]) -> None:
    check_message(drop_card(drop, dataset, bases))


@thrifty
@given(hostile_datasets, hostile_models, hostile)
def test_any_dataset_and_model_can_be_listed(dataset: Dataset, model: Model, user: str) -> None:
    check_message(dataset_list(Listed([dataset], 1, search=dataset.name)))
    check_message(model_list([model]))
    check_message(confirm_delete(model))
    check_message(deleted_notice(model, user))


@thrifty
@given(hostile_asks, hostile, st.lists(hostile_models, max_size=12))
def test_any_question_and_answer_can_be_shown(ask: Any, text: str, models: list[Model]) -> None:
    check_message(asks.question(ask.user, ask.model, ask.question))
    check_blocks(asks.footer(ask))
    for message in asks.answer_final(text, ask):
        check_message(message)
    check_message(asks.unknown_model(text, models))
    check_message(asks.how_to_ask(text))


@thrifty
@given(hostile, hostile, hostile)
def test_any_error_can_be_told(message: str, remedy: str, user: str) -> None:
    check_message(problem(errors.Conflict(message, remedy=remedy)))
    check_message(problem(errors.BackendBusy(message, backend_code=remedy)))
    check_message(problem(errors.Invalid({message: remedy, remedy: message})))
    check_message(problem(errors.Ambiguous("job", message, [remedy] * 9)))
    check_message(problem(NotAllowedTo(Action.cancel, message, user)))
    check_message(unexpected(message))
    check_message(slack_refused(message, remedy))
    check_message(broke_off(errors.BackendDown(message, remedy=remedy)))


@thrifty
@given(st.lists(st.tuples(hostile, hostile), min_size=1, max_size=30), hostile)
def test_any_help_and_modal_can_be_shown(pairs: list[tuple[str, str]], text: str) -> None:
    check_message(help_text(pairs, text))
    check_options(options(pairs))
    check_view(train_modal("pl1", "C1", pairs[0], pairs[-1], [("supervised", "supervised")]))
    check_view(train_modal("pl1", None))


@thrifty
@given(hostile_plans)
def test_any_leak_can_be_told(plan: Plan) -> None:
    asked = {"plan_id": "ftp_1", "channel": "C1", "values": {"dataset": "news"}}
    check_message(leak_question(plan, asked))
    check_message(comparing_notice(plan))
    check_message(started_notice(plan))
    for form in (leak_modal(plan, asked), comparing_modal(plan, asked), started_modal(plan)):
        check_view(form)


@thrifty
@given(hostile_jobs, hostile_datasets, hostile_models, st.integers(0, 9))
def test_any_home_can_be_shown(job: Job, dataset: Dataset, model: Model, times: int) -> None:
    check_view(home([job] * times, [dataset] * times, [model] * times))


@pytest.mark.parametrize("number", [0, 1, 10, 11, 100])
def test_lists_of_any_length_fit(number: int) -> None:
    many_jobs, many_models, many_datasets = [job()] * number, [model()] * number, [dataset()] * number
    for start in (0, 10, 90):
        check_message(job_list(many_jobs, start, NOW))
        check_message(model_list(many_models, start))
        check_message(dataset_list(Listed(many_datasets[:10], number, start)))
    check_view(home(many_jobs, many_datasets, many_models))
    check_options(options([("name", "id")] * number))
    check_message(events(job(), [Event("e", NOW, "info", "message", "x" * 500)] * number))


def leaves(cls: type[errors.FtBotError]) -> list[type[errors.FtBotError]]:
    return [cls, *(leaf for child in cls.__subclasses__() for leaf in leaves(child))]


@pytest.mark.parametrize("cls", [errors.FtBotError, *leaves(errors.BackendError)])
def test_every_error_has_words_of_its_own(cls: type[errors.FtBotError]) -> None:
    message = problem(cls())
    check_message(message)
    assert cls().message in message.text.replace("\u200b", "")


def test_a_message_is_a_value() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        card(job()).text = "other"  # type: ignore[misc]
