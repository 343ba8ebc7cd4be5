"""Lists of jobs, a job's events, and the question before one is cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tuning.records import Event, Job, Status
from views.blocks import PAGE, actions, button, context, more, notice, rendered, section, sections
from views.job_card import cancel_button, loss_words, step_words, title
from views.numbers import duration, plural, when
from views.rendered import Block, Rendered
from views.statuses import can_cancel, job_status
from views.text import code, escape, mention

NO_JOBS = (
    "No jobs yet. Drop a JSONL file into a channel that I am in and press *Train* on its card, "
    "or type `/ft train`."
)
SHOWN_EVENTS = 25
_LEVELS = {"warn": "⚠️ Warning: ", "warning": "⚠️ Warning: ", "error": "❌ Error: "}


def job_list(jobs: Sequence[Job], start: int = 0, now: datetime | None = None) -> Rendered:
    """One page of jobs, newest first, from `start` on; `more_jobs` turns the page."""
    if not jobs:
        return notice(NO_JOBS)
    page = jobs[start : start + PAGE]
    summary = f"{plural(len(jobs), 'job')}:\n" + "\n".join(_line(job, now) for job in page)
    blocks: list[Block] = [section(f"*{plural(len(jobs), 'job')}*, newest first")]
    for job in page:
        blocks += [section(_line(job, now)), actions(*_buttons(job))]
    return rendered(summary, [*blocks, *more("more_jobs", start, len(jobs))])


def _line(job: Job, now: datetime | None) -> str:
    emoji, words = job_status(job)
    facts = [step_words(job.progress), loss_words(job.progress)] if not job.ended else []
    if job.estimated_finish and now and job.estimated_finish > now and not job.ended:
        facts.append(f"about {duration((job.estimated_finish - now).total_seconds())} left")
    if job.status == Status.succeeded and job.model:
        facts.append(code(job.model))
    if job.status == Status.failed and (job.error_message or job.error_code):
        facts.append(escape(job.error_message or job.error_code or "", 200))
    told = " · ".join([f"{emoji} *{words}*", *(fact for fact in facts if fact)])
    who = f"{mention(job.owner)} · {when(job.created_at)} · {code(job.shown_id, 80)}"
    return f"{title(job.plan)}\n{told}\n{who}"


def _buttons(job: Job) -> list[Block]:
    buttons = [button("Show", "show_job", job.id), button("Events", "job_events", job.id)]
    return [*buttons, cancel_button(job)] if can_cancel(job) else buttons


def events(job: Job, events: Sequence[Event]) -> Rendered:
    """A job's events as given; each with its time and level."""
    if not events:
        return notice(f"The backend has told nothing yet of {title(job.plan)}.")
    lines = [_event(event) for event in events[:SHOWN_EVENTS]]
    blocks = [section(f"*Events* of {title(job.plan)}"), *sections(lines)]
    return rendered("\n".join(lines), [*blocks, context(f"Job {code(job.shown_id)}")])


def _event(event: Event) -> str:
    words = escape(event.message, 300) or escape(event.type, 60) or "(no words)"
    return f"{when(event.created_at)}  {_LEVELS.get(event.level, '')}{words}"


def cancelling(job: Job) -> Rendered:
    """What a press on "Cancel the job" answers."""
    return notice(f"Cancelling job {code(job.shown_id)}: its thread tells when it has ended.")


def confirm_cancel(job: Job) -> Rendered:
    """The question that `/ft cancel` asks."""
    at = step_words(job.progress)
    text = (
        f"Cancel {title(job.plan)}{' at ' + at if at else ''}? What was trained so far may be lost."
        f"\nJob {code(job.shown_id)}, owner {mention(job.owner)}"
    )
    return notice(
        text,
        actions(
            button("Cancel the job", "cancel_job_yes", job.id, style="danger"),
            button("Let it run", "keep_job", job.id),
        ),
    )
