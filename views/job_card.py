"""The card at the head of a job's thread; it is edited in place while the job goes on."""

from __future__ import annotations

from datetime import datetime

from tuning.records import Job, Plan, Progress, Status
from views.blocks import actions, button, confirm, context, fields, header, rendered, section
from views.charts import bar, sparkline
from views.failures import what_to_do
from views.leaks import leak_line
from views.numbers import count, duration, loss, setting, size, usd_range, when
from views.rendered import Block, Rendered
from views.statuses import can_cancel, job_status
from views.text import code, escape, mention, prose


def card(job: Job, now: datetime | None = None, newest: int = 0) -> Rendered:
    """Everything about a job at a glance; `now` adds how long it will still take.

    `newest` is the number of a version of its dataset that is newer than the one it trains on.
    """
    blocks = [header(f"{job.plan.trains_on} → {job.plan.base}"), section(_status_line(job))]
    told = (_progress(job.progress), _outcome(job), _trouble(job), leak_line(job.plan.overlap))
    blocks += [section(text) for text in told if text]
    blocks.append(fields(_settings(job)))
    if newest:
        blocks.append(context(newer_words(job.plan, newest)))
    blocks.append(context(*_small_print(job, now)))
    blocks.append(actions(*_buttons(job)))
    return rendered(_summary(job), blocks)


def title(plan: Plan) -> str:
    """What is trained on what, as safe mrkdwn."""
    return f"{code(plan.trains_on, 90)} → {code(plan.base, 120)}"


def newer_words(plan: Plan, newest: int) -> str:
    """That the dataset has a newer version than the one that is trained on."""
    return f"🆕 {code(plan.dataset_name, 80)} has version {count(newest)} since: this job doesn't know it."


def cancel_button(job: Job) -> Block:
    asks = confirm(
        "Cancel this job?",
        f"{job.plan.trains_on} → {job.plan.base} stops. What was trained so far may be lost.",
        "Cancel the job",
        "Let it run",
    )
    return button("Cancel", "cancel_job", job.id, style="danger", confirm=asks)


def step_words(progress: Progress) -> str:
    """ "step 60 of 100", as far as it is known."""
    if progress.step is None:
        return ""
    total = f" of {count(progress.total_steps)}" if progress.total_steps else ""
    return f"step {count(progress.step)}{total}"


def loss_words(progress: Progress) -> str:
    words = []
    if progress.train_loss is not None:
        words.append(f"training loss {loss(progress.train_loss)}")
    if progress.valid_loss is not None:
        words.append(f"validation loss {loss(progress.valid_loss)}")
    if progress.train_accuracy is not None:
        words.append(f"token accuracy {progress.train_accuracy:.0%}")
    return " · ".join(words)


def _status_line(job: Job) -> str:
    emoji, words = job_status(job)
    by = job.cancel_requested_by
    asked = f" · asked for by {mention(by)}" if by and not job.ended else ""
    return f"{emoji} *{words}*{asked} · owner {mention(job.owner)}"


def sent_words(progress: Progress) -> str:
    """How much of a file is on its way, as far as it takes long."""
    if progress.sent is None or not progress.to_send:
        return ""
    return f"{size(progress.sent)} of {size(progress.to_send)} sent"


def _progress(progress: Progress) -> str:
    lines = []
    if words := sent_words(progress):
        lines.append(f"{bar(progress.sent or 0, progress.to_send or 1)} {words}")
    if progress.step is not None and progress.total_steps:
        share = min(1.0, max(0.0, progress.step / progress.total_steps))
        lines.append(f"{bar(progress.step, progress.total_steps)} {share:.0%} · {step_words(progress)}")
    elif progress.step is not None:
        lines.append(step_words(progress).capitalize())
    if losses := loss_words(progress):
        lines.append(losses[0].upper() + losses[1:])
    if chart := sparkline(progress.losses):
        lines.append(f"{chart}  the last training losses, oldest first")
    return "\n".join(lines)


def _outcome(job: Job) -> str:
    if job.status == Status.succeeded and job.model:
        return f"Model {code(job.model)}\nAsk it: {code(f'/ask {job.model} your question', 300)}"
    if job.status == Status.failed:
        return failure_words(job.error_code, job.error_message)
    return ""


def failure_words(error_code: str | None, error_message: str | None) -> str:
    """Why a job failed and what to do, as safe mrkdwn."""
    why = escape(error_message or "The backend gave no reason.", 1500)
    named = f" ({code(error_code, 80)})" if error_code else ""
    return f"{why}{named}\n{what_to_do(error_code)}"


def _trouble(job: Job) -> str:
    if not job.trouble or job.ended:
        return ""
    what = "I can't follow the job just now" if job.backend_id else "The job isn't at the backend yet"
    return f"⚠️ {what}; I keep trying. {prose(job.trouble, 1000)}"


def _settings(job: Job) -> list[tuple[str, str]]:
    plan, chosen = job.plan, job.plan.hyperparameters
    cost = usd_range(plan.estimate.usd_low, plan.estimate.usd_high)
    pairs = [
        ("Method", escape(plan.method, 40)),
        ("Epochs", setting(chosen.n_epochs)),
        ("Batch size", setting(chosen.batch_size)),
        ("Learning rate ×", setting(chosen.learning_rate_multiplier)),
        ("Estimated cost", f"{cost} · {count(plan.estimate.tokens)} tokens"),
        ("Seed", "auto" if plan.seed is None else str(plan.seed)),
    ]
    optional = [
        ("Beta", setting(chosen.beta) if chosen.beta is not None else ""),
        ("Suffix", code(plan.suffix, 80) if plan.suffix else ""),
        ("Validation", code(plan.validates_on, 90) if plan.validates_on else ""),
        ("Tokens trained", count(job.trained_tokens) if job.trained_tokens is not None else ""),
    ]
    return pairs + [(name, value) for name, value in optional if value]


def _small_print(job: Job, now: datetime | None) -> list[str]:
    texts = [_times(job, now)]
    if job.last_message:
        texts.append(f"Last from the backend: {escape(job.last_message, 300)}")
    same = job.backend_id is None or job.backend_id == job.id
    texts.append(f"Job {code(job.shown_id)}" + ("" if same else f" · plan {code(job.id)}"))
    return texts


def _times(job: Job, now: datetime | None) -> str:
    words = [f"Started {when(job.started_at)}" if job.started_at else f"Asked for {when(job.created_at)}"]
    if job.finished_at:
        words.append(f"ended {when(job.finished_at)}")
        took = (job.finished_at - (job.started_at or job.created_at)).total_seconds()
        words.append(f"took {duration(took)}")
    elif job.estimated_finish and not job.ended:
        left = (job.estimated_finish - now).total_seconds() if now else 0
        words.append(f"about {duration(left)} left" if left > 0 else "nearly done" if now else "")
        words.append(f"expected to end {when(job.estimated_finish)}")
    return " · ".join(word for word in words if word)


def _buttons(job: Job) -> list[Block]:
    buttons = [button("Events", "job_events", job.id)]
    if can_cancel(job):
        return [*buttons, cancel_button(job)]
    if job.status == Status.succeeded and job.model:
        return [button("Ask it", "ask_model", job.model, style="primary"), *buttons, delete_button(job.model)]
    return buttons


def delete_button(model_id: str) -> Block:
    asks = confirm(
        "Delete this model?",
        f"{model_id} will answer no more. This can't be undone.",
        "Delete the model",
        "Keep it",
    )
    return button("Delete", "delete_model", model_id, style="danger", confirm=asks)


def _summary(job: Job) -> str:
    emoji, words = job_status(job)
    told = (sent_words, step_words, loss_words)
    parts = [f"{emoji} {title(job.plan)}: {words}", *(words_of(job.progress) for words_of in told)]
    if outcome := _outcome(job) or _trouble(job):
        parts.append(outcome)
    return " · ".join(part for part in parts if part)
