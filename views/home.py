"""The App Home: a dashboard of what runs, what is there to train on, and what answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuning.records import Dataset, Job, Model
from views.blocks import actions, button, context, divider, header, section
from views.datasets import NO_DATASETS, dataset_buttons, dataset_words
from views.job_card import cancel_button, loss_words, step_words, title
from views.jobs import NO_JOBS
from views.models import NO_MODELS
from views.numbers import when
from views.rendered import Block
from views.statuses import can_cancel, job_status
from views.text import code, mention

#: Shown of each kind: two blocks a job keep the view far below its 100.
SHOWN = 8


def home(jobs: Sequence[Job], datasets: Sequence[Dataset], models: Sequence[Model]) -> dict[str, Any]:
    """The view for `views.publish`; each list newest first."""
    blocks = [
        header("Your team's models"),
        section("Drop a JSONL file into a channel that I am in, train on it, ask what comes out."),
        actions(button("Train a model", "train_dataset", style="primary")),
        divider(),
        *_part("Jobs", len(jobs), NO_JOBS, "/ft jobs"),
        *[block for job in jobs[:SHOWN] for block in _job(job)],
        divider(),
        *_part("Datasets", len(datasets), NO_DATASETS, "/ft datasets"),
        *[block for dataset in datasets[:SHOWN] for block in _dataset(dataset)],
        divider(),
        *_part("Models", len(models), NO_MODELS, "/ft models"),
        *[_model(model) for model in models[:SHOWN]],
    ]
    return {"type": "home", "blocks": blocks}


def _part(name: str, number: int, nothing: str, command: str) -> list[Block]:
    if not number:
        return [header(name), section(nothing)]
    if number <= SHOWN:
        return [header(name)]
    return [header(name), context(f"The newest {SHOWN}; all of them: {code(command)}")]


def _job(job: Job) -> list[Block]:
    emoji, words = job_status(job)
    facts = [] if job.ended else [step_words(job.progress), loss_words(job.progress)]
    told = " · ".join([f"{emoji} *{words}*", *(fact for fact in facts if fact)])
    buttons = [button("Show", "show_job", job.id), button("Events", "job_events", job.id)]
    if can_cancel(job):
        buttons.append(cancel_button(job))
    who = f"{mention(job.owner)} · {when(job.created_at)}"
    return [section(f"{title(job.plan)}\n{told}\n{who}"), actions(*buttons)]


def _dataset(dataset: Dataset) -> list[Block]:
    return [section(dataset_words(dataset)), *dataset_buttons(dataset)]


def _model(model: Model) -> Block:
    text = f"{code(model.id)}\nfrom {code(model.base)} · {mention(model.owner)} · {when(model.created_at)}"
    return section(text, button("Ask it", "ask_model", model.id))
