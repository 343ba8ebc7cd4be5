"""A plan that was started, and what comes of it: its state, metrics, events and checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tuning.records.plans import Plan


class Status(StrEnum):
    """A job's states: two of ours before the backend knows it, then the wire's own."""

    uploading = "uploading"
    creating = "creating"
    validating_files = "validating_files"
    queued = "queued"
    running = "running"
    pausing = "pausing"
    paused = "paused"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"


#: Before the backend gave the job an id.
LAUNCHING = frozenset({Status.uploading.value, Status.creating.value})
#: No job leaves these.
ENDED = frozenset({Status.succeeded.value, Status.failed.value, Status.cancelled.value})


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest metrics of a job; losses are means over a step's tokens."""

    step: int | None = None
    total_steps: int | None = None
    train_loss: float | None = None
    valid_loss: float | None = None
    train_accuracy: float | None = None
    #: The last training losses, oldest first, for a small chart.
    losses: tuple[float, ...] = ()
    #: Bytes of a file on its way to the backend: those that were sent, and all.
    sent: int | None = None
    to_send: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A plan that was started; its id is the plan's. It has one owner and one thread."""

    id: str
    workspace: str
    owner: str
    channel: str
    plan: Plan
    #: One of Status, or a word of the backend's that we don't know.
    status: str
    created_at: datetime
    backend_id: str | None = None
    training_file: str | None = None
    validation_file: str | None = None
    #: When a create was last sent whose outcome is not on record yet.
    create_attempted_at: datetime | None = None
    cancel_requested_by: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    estimated_finish: datetime | None = None
    model: str | None = None
    trained_tokens: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    progress: Progress = Progress()
    #: The newest event's words, as the backend wrote them.
    last_message: str = ""
    #: What keeps us from following the job just now, in words for people; empty when all is well.
    trouble: str = ""
    troubles: int = 0
    next_poll_at: datetime | None = None
    #: Its end was told and no event is missing: it is not polled any more.
    closed: bool = False

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def shown_id(self) -> str:
        """The id that people see: the backend's as soon as there is one."""
        return self.backend_id or self.id


@dataclass(frozen=True, slots=True)
class Event:
    """What the backend says of a job."""

    id: str
    created_at: datetime
    level: str
    type: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model on the way: it answers like the finished one."""

    id: str
    model: str
    step: int
    created_at: datetime
    metrics: dict[str, float] = field(default_factory=dict)
