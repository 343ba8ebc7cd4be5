"""Repositories of jobs, of the models that they made, and of what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tuning.records import Ask, Checkpoint, Event, Job, Model


class Jobs(Protocol):
    async def add(self, job: Job) -> bool:
        """Store a new job; False when one with this id is on record already."""
        ...

    async def get(self, job_id: str) -> Job | None: ...
    async def save(self, job: Job) -> None: ...

    async def matching(self, workspace: str, ref: str) -> Sequence[Job]:
        """Jobs whose own or backend id is `ref` or starts with it (a letter's case doesn't matter)."""
        ...

    async def list(self, workspace: str, *, owner: str | None = None, limit: int = 20) -> Sequence[Job]: ...
    async def launching(self) -> Sequence[Job]:
        """Jobs in uploading or creating, oldest first, of all workspaces."""
        ...

    async def due(self, now: datetime, limit: int = 50) -> Sequence[Job]:
        """Jobs at the backend, not closed, whose `next_poll_at` has come, longest waiting first."""
        ...

    async def using_version(self, workspace: str, version_id: str) -> Sequence[Job]:
        """Jobs whose plan names this version as training or validation data."""
        ...

    async def event_ids(self, job_id: str) -> frozenset[str]: ...
    async def add_events(self, job_id: str, events: Sequence[Event]) -> None: ...
    async def events(self, job_id: str, limit: int = 20) -> Sequence[Event]:
        """Newest first."""
        ...

    async def add_checkpoints(self, job_id: str, checkpoints: Sequence[Checkpoint]) -> Sequence[Checkpoint]:
        """Store those that are new, and return them."""
        ...

    async def checkpoints(self, job_id: str) -> Sequence[Checkpoint]: ...

    async def with_checkpoint(self, workspace: str, model: str) -> Job | None:
        """The job that made the checkpoint of this model name."""
        ...


class Models(Protocol):
    async def add(self, model: Model) -> None:
        """Store a model; one that is on record already stays as it is."""
        ...

    async def save(self, model: Model) -> None: ...

    async def get(self, workspace: str, model_id: str) -> Model | None: ...
    async def list(self, workspace: str, *, search: str = "", limit: int = 100) -> Sequence[Model]:
        """Models that were not deleted."""
        ...


class Asks(Protocol):
    async def add(self, ask: Ask) -> None: ...
    async def list(self, workspace: str, limit: int = 20) -> Sequence[Ask]: ...
