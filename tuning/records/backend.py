"""What the backend tells of its jobs, files and models, and the pieces of an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class BackendJob:
    """A job as the backend tells it."""

    id: str
    status: str
    model: str | None = None
    training_file: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    estimated_finish: datetime | None = None
    trained_tokens: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendFile:
    id: str
    filename: str
    size: int


@dataclass(frozen=True, slots=True)
class BackendModel:
    id: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer; the last one carries the token counts."""

    text: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str | None = None
