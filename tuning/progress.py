"""What a job's thread is told: a pure comparison of what is on record with what the backend says now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tuning.records import ENDED, BackendJob, Checkpoint, Event, Job, Progress, Status, Update
from tuning.updates import milestone

#: Losses kept for the small chart on the card.
LOSSES = 60
#: No step or loss is larger; what is, or isn't finite, is no number to show.
LARGEST = 1e15
#: How long a job may be succeeded without naming its model before we tell its end all the same.
NAMELESS = timedelta(minutes=10)


@dataclass(slots=True)
class Story:
    """A job while it is being told: its next state, and the replies in their order."""

    job: Job
    now: datetime
    updates: list[Update] = field(default_factory=list)

    def tell(self, kind: str, *, key: str = "", **payload: Any) -> None:
        self.updates.append(milestone(self.job, kind, self.now, key=key, **payload))


def observe(
    job: Job,
    seen: BackendJob,
    events: Sequence[Event],
    checkpoints: Sequence[Checkpoint],
    now: datetime,
) -> tuple[Job, list[Update]]:
    """The job's next state and the updates owed for it.

    `events` and `checkpoints` are those that were not on record yet, oldest first. A job whose end
    was told before, and of which nothing new came, is closed.
    """
    if job.ended and not events and not checkpoints:
        return replace(job, closed=True, trouble="", troubles=0), []
    status = _status(job, seen, now)
    ended_before = job.ended
    story = Story(replace(job, status=status, trouble="", troubles=0, **_times(seen)), now)
    _started(story, events, checkpoints)
    for event in events:
        _event(story, event)
    if checkpoints:
        newest = checkpoints[-1]
        names = [checkpoint.model for checkpoint in checkpoints]
        story.tell("checkpoint", key=newest.id, step=newest.step, checkpoint=newest.model, models=names)
    if story.job.ended and not ended_before:
        _ended(story, seen)
    return story.job, story.updates


def _status(job: Job, seen: BackendJob, now: datetime) -> str:
    """The status to tell; an end stays, and success waits until the model has a name."""
    if job.ended:
        return job.status
    if seen.status == Status.succeeded and seen.model is None:
        since = seen.finished_at or job.started_at or now
        return seen.status if now - since > NAMELESS else Status.running
    return seen.status


def _times(seen: BackendJob) -> dict[str, Any]:
    return {
        "estimated_finish": seen.estimated_finish,
        "trained_tokens": seen.trained_tokens,
    }


def _started(story: Story, events: Sequence[Event], checkpoints: Sequence[Checkpoint]) -> None:
    """Training began: told once, before the first numbers and the first checkpoint."""
    job = story.job
    metrics = [event for event in events if event.type == "metrics"]
    begun = job.status in (Status.running, Status.succeeded) or metrics or checkpoints
    if job.started_at is None and begun:
        story.job = replace(job, started_at=metrics[0].created_at if metrics else story.now)
        story.tell("started")


def _event(story: Story, event: Event) -> None:
    if event.type == "metrics":
        _metrics(story, event)
        return
    story.job = replace(story.job, last_message=event.message)
    fatal = event.level == "error" and story.job.status == Status.failed
    if event.level in ("warn", "error") and not fatal:
        story.tell("warning", key=event.id, message=event.message)


def _metrics(story: Story, event: Event) -> None:
    before, data = story.job.progress, event.data
    loss = _number(data, "train_loss")
    progress = Progress(
        step=_integer(data, "step", before.step),
        total_steps=_integer(data, "total_steps", before.total_steps),
        train_loss=before.train_loss if loss is None else loss,
        valid_loss=_first(data, ("full_valid_loss", "valid_loss"), before.valid_loss),
        train_accuracy=_first(data, ("train_mean_token_accuracy", "train_accuracy"), before.train_accuracy),
        losses=(*before.losses, loss)[-LOSSES:] if loss is not None else before.losses,
    )
    story.job = replace(story.job, progress=progress)
    if before.step is None and progress.step is not None:
        story.tell(
            "first_metrics",
            step=progress.step,
            total_steps=progress.total_steps,
            train_loss=progress.train_loss,
            valid_loss=progress.valid_loss,
        )


def _ended(story: Story, seen: BackendJob) -> None:
    finished = seen.finished_at or story.now
    job = replace(
        story.job,
        finished_at=finished,
        model=seen.model,
        error_code=seen.error_code,
        error_message=seen.error_message,
        estimated_finish=None,
    )
    story.job = job
    seconds = int((finished - job.started_at).total_seconds()) if job.started_at else None
    progress = job.progress
    if job.status == Status.succeeded:
        story.tell(
            "succeeded",
            model=job.model,
            trained_tokens=job.trained_tokens,
            seconds=seconds,
            train_loss=progress.train_loss,
            valid_loss=progress.valid_loss,
        )
    elif job.status == Status.failed:
        reason = job.error_message or job.last_message or None
        story.tell("failed", code=job.error_code, message=reason)
    elif job.status in ENDED:
        story.tell(
            "cancelled", by=job.cancel_requested_by, step=progress.step, total_steps=progress.total_steps
        )


def _number(data: dict[str, Any], key: str) -> float | None:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= LARGEST else None


def _integer(data: dict[str, Any], key: str, before: int | None) -> int | None:
    value = _number(data, key)
    return before if value is None else int(value)


def _first(data: dict[str, Any], keys: tuple[str, ...], before: float | None) -> float | None:
    return next((value for key in keys if (value := _number(data, key)) is not None), before)
