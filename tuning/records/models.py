"""What jobs made, and what it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Model:
    """What a job made. `deleted_at` is set once the backend let go of it."""

    id: str
    workspace: str
    owner: str
    job_id: str
    base: str
    created_at: datetime
    #: The system prompt that all training rows shared; asks send it too.
    system_prompt: str | None = None
    deleted_at: datetime | None = None
    deleted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one model, with its answer, tokens and cost in US dollars."""

    id: str
    workspace: str
    user: str
    channel: str
    model: str
    question: str
    created_at: datetime
    answer: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usd: float | None = None
