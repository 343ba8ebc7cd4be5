"""Jobs with their events and checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.rows import Rows, insert_new
from storage.types import storable
from tuning.records import LAUNCHING, Checkpoint, Event, Job

_jobs = Rows(schema.jobs, Job)
_events = Rows(schema.events, Event)
_checkpoints = Rows(schema.checkpoints, Checkpoint)


def _versions_of(job: Job) -> dict[str, Any]:
    return {
        "version_id": job.plan.version_id,
        "validation_version_id": job.plan.validation_version_id,
    }


class SqlJobs:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, job: Job) -> bool:
        return await _jobs.add(self._connection, job, **_versions_of(job))

    async def get(self, job_id: str) -> Job | None:
        return await _jobs.one(self._connection, _jobs.select(schema.jobs.c.id == job_id))

    async def save(self, job: Job) -> None:
        await _jobs.save(self._connection, job, **_versions_of(job))

    async def matching(self, workspace: str, ref: str) -> list[Job]:
        table = schema.jobs.c
        start = storable(ref).lower()
        fits = or_(
            func.lower(table.id).startswith(start, autoescape=True),
            func.lower(table.backend_id).startswith(start, autoescape=True),
        )
        found = _jobs.select(table.workspace == workspace, fits)
        return await _jobs.all(self._connection, found.order_by(table.created_at.desc(), table.id.desc()))

    async def launching(self) -> list[Job]:
        table = schema.jobs.c
        found = _jobs.select(table.status.in_(sorted(LAUNCHING)))
        return await _jobs.all(self._connection, found.order_by(table.created_at, table.id))

    async def due(self, now: datetime, limit: int = 50) -> list[Job]:
        table = schema.jobs.c
        found = _jobs.select(
            table.backend_id.is_not(None),
            table.closed.is_(False),
            or_(table.next_poll_at.is_(None), table.next_poll_at <= now),
        )
        longest = found.order_by(table.next_poll_at.asc().nulls_first(), table.created_at, table.id)
        return await _jobs.all(self._connection, longest.limit(limit))

    async def using_version(self, workspace: str, version_id: str) -> list[Job]:
        table = schema.jobs.c
        uses = or_(table.version_id == version_id, table.validation_version_id == version_id)
        found = _jobs.select(table.workspace == workspace, uses)
        return await _jobs.all(self._connection, found.order_by(table.created_at.desc(), table.id.desc()))

    async def event_ids(self, job_id: str) -> frozenset[str]:
        table = schema.events.c
        found = await self._connection.execute(select(table.id).where(table.job_id == job_id))
        return frozenset(found.scalars())

    async def add_events(self, job_id: str, events: Sequence[Event]) -> None:
        workspace = await self._workspace(job_id)
        table = schema.events.c
        last = select(func.coalesce(func.max(table.position), 0)).where(table.job_id == job_id)
        position = (await self._connection.execute(last)).scalar_one()
        for position, event in enumerate(events, position + 1):  # noqa: B020
            values = _events.values(event, job_id=job_id, workspace=workspace, position=position)
            await insert_new(self._connection, schema.events, values)

    async def events(self, job_id: str, limit: int = 20) -> list[Event]:
        table = schema.events.c
        newest = _events.select(table.job_id == job_id).order_by(
            table.created_at.desc(), table.position.desc()
        )
        return await _events.all(self._connection, newest.limit(limit))

    async def add_checkpoints(self, job_id: str, checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
        workspace = await self._workspace(job_id)
        return [
            checkpoint
            for checkpoint in checkpoints
            if await _checkpoints.add(self._connection, checkpoint, job_id=job_id, workspace=workspace)
        ]

    async def checkpoints(self, job_id: str) -> list[Checkpoint]:
        table = schema.checkpoints.c
        found = _checkpoints.select(table.job_id == job_id)
        newest = found.order_by(table.created_at.desc(), table.step.desc(), table.id.desc())
        return await _checkpoints.all(self._connection, newest)

    async def with_checkpoint(self, workspace: str, model: str) -> Job | None:
        table = schema.checkpoints.c
        named = select(table.job_id).where(table.workspace == workspace, table.model == model)
        return await _jobs.one(self._connection, _jobs.select(schema.jobs.c.id.in_(named)))

    async def _workspace(self, job_id: str) -> str:
        table = schema.jobs.c
        found = await self._connection.execute(select(table.workspace).where(table.id == job_id))
        workspace: str | None = found.scalar_one_or_none()
        if workspace is None:
            raise LookupError(f"no job {job_id} on record")
        return workspace

    async def list(self, workspace: str, *, owner: str | None = None, limit: int = 20) -> list[Job]:
        table = schema.jobs.c
        here = _jobs.select(table.workspace == workspace)
        if owner is not None:
            here = here.where(table.owner == owner)
        newest = here.order_by(table.created_at.desc(), table.id.desc()).limit(limit)
        return await _jobs.all(self._connection, newest)
