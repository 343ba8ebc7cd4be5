"""The rows of the database as frozen, typed records."""

from dataclasses import dataclass
from typing import Any

TERMINAL = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class File:
    """An uploaded or produced file; its bytes stand under its id in the files folder."""

    id: str
    project: str
    filename: str
    bytes: int
    purpose: str
    created_at: int
    expires_at: int | None = None


@dataclass(frozen=True)
class Upload:
    """A file that arrives in parts; it expires when it isn't completed in time."""

    id: str
    project: str
    filename: str
    bytes: int
    purpose: str
    created_at: int
    expires_at: int
    status: str = "pending"
    file_id: str | None = None
    file_seconds: int | None = None


@dataclass(frozen=True)
class Part:
    """One part of an upload; its bytes stand under its id in the upload's folder."""

    id: str
    upload_id: str
    bytes: int
    created_at: int


@dataclass(frozen=True)
class Job:
    """A fine-tuning job, as the server knows it."""

    id: str
    project: str
    status: str
    created_at: int
    model: str
    base: str
    training_file: str
    validation_file: str | None
    seed: int
    suffix: str | None
    method: dict[str, Any]
    hyperparameters: dict[str, Any]
    metadata: dict[str, str] | None
    fine_tuned_model: str | None = None
    finished_at: int | None = None
    estimated_finish: int | None = None
    trained_tokens: int | None = None
    error: dict[str, Any] | None = None
    result_files: tuple[str, ...] = ()
    attempts: int = 0
    journal_offset: int = 0
    announced: int = 0
    idempotency_key: str | None = None
    asked: str | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in TERMINAL


@dataclass(frozen=True)
class Event:
    """Something that the server says of a job."""

    id: str
    created_at: int
    level: str
    type: str
    message: str
    data: dict[str, Any] | None


@dataclass(frozen=True)
class Checkpoint:
    """A model that a job left at the end of an epoch."""

    id: str
    job_id: str
    created_at: int
    model: str
    step: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Model:
    """A model that a job made: `folder` is relative to the home folder."""

    id: str
    project: str
    created: int
    base: str
    job_id: str
    folder: str


@dataclass(frozen=True)
class Key:
    """An API key: its hash, whose it is, and the project that it opens."""

    id: str
    name: str
    project: str
    created_at: int


@dataclass(frozen=True)
class Delivery:
    """A webhook that is to be sent."""

    id: str
    url: str
    body: str
    created_at: int
    next_at: int
    attempts: int = 0
