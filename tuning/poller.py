"""One pass over the jobs at the backend: fetch, compare, store what changed with what it owes the thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tuning.catalog import made
from tuning.errors import BackendBusy, BackendConflict, BackendError, BackendNotFound, BackendRefused
from tuning.ports import Backend, Clock, Leases, Store, Transaction
from tuning.progress import observe
from tuning.records import ENDED, BackendJob, Checkpoint, Event, Job, Status
from tuning.updates import JOB_CARD, milestone, tell

log = logging.getLogger(__name__)

AT_ONCE = 8
#: This many passes in a row that don't find the job at the backend mean that it is gone.
GONE_AFTER = 3
LOST = "The backend doesn't know this job just now."
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Poller:
    """Follows jobs until their end is told."""

    store: Store
    backend: Backend
    leases: Leases
    now: Clock
    every: timedelta

    async def poll_once(self) -> None:
        """Look once at every job that is due."""
        async with self.store.begin() as tx:
            due = await tx.jobs.due(self.now())
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(job: Job) -> None:
            async with slots:
                try:
                    await self.poll(job.id)
                except Exception:
                    log.exception("job %s could not be polled", job.id)

        await asyncio.gather(*(one(job) for job in due))

    async def poll(self, job_id: str) -> None:
        """Look at one job, unless somebody else is at it."""
        lease = f"job:{job_id}"
        if not await self.leases.acquire(lease):
            return
        try:
            async with self.store.begin() as tx:
                job = await tx.jobs.get(job_id)
            if job and job.backend_id and not job.closed:
                await self._poll(job, job.backend_id)
        finally:
            await self.leases.release(lease)

    async def _poll(self, job: Job, backend_id: str) -> None:
        try:
            seen = await self._look(job, backend_id)
            async with self.store.begin() as tx:
                known = await tx.jobs.event_ids(job.id)
            # in this order: an end that is seen has all its checkpoints, a checkpoint all its events
            checkpoints = await self.backend.checkpoints(backend_id)
            events = await self._events(backend_id, known)
        except BackendError as error:
            await self._trouble(job, error)
            return
        await self._store(job, seen, events, checkpoints)

    async def _look(self, job: Job, backend_id: str) -> BackendJob:
        """The job as it is now; a cancel that was asked for is carried out first."""
        if not job.cancel_requested_by or job.ended:
            return await self.backend.job(backend_id)
        try:
            return await self.backend.cancel_job(backend_id)
        except BackendConflict as error:
            log.info("job %s can't be cancelled just now: %s", job.id, error)
            return await self.backend.job(backend_id)
        except BackendRefused as error:
            seen = await self.backend.job(backend_id)
            if seen.status not in ENDED:
                await self._refused(job, error)
            return seen

    async def _refused(self, job: Job, error: BackendRefused) -> None:
        """The backend doesn't let us cancel: the person is told, and may try again."""
        log.warning("job %s can't be cancelled: %s", job.id, error)
        words = f"It did not cancel the job, which goes on: {error.message}"
        async with self.store.begin() as tx:
            fresh = await tx.jobs.get(job.id) or job
            told = milestone(fresh, "warning", self.now(), key=f"cancel {self.now()}", message=words)
            await tell(tx, replace(fresh, cancel_requested_by=None), [told])

    async def _events(self, backend_id: str, known: frozenset[str]) -> list[Event]:
        """What is new; a backend without events has none."""
        try:
            return await self.backend.events(backend_id, known)
        except BackendNotFound:
            return []

    async def _store(
        self, job: Job, seen: BackendJob, events: Sequence[Event], checkpoints: list[Checkpoint]
    ) -> None:
        """State, events and updates in one transaction."""
        async with self.store.begin() as tx:
            fresh = await tx.jobs.get(job.id) or job
            # a process whose lease ran out unnoticed may have stored some of them meanwhile
            known = await tx.jobs.event_ids(job.id)
            events = [event for event in events if event.id not in known]
            await tx.jobs.add_events(job.id, events)
            new = await tx.jobs.add_checkpoints(job.id, checkpoints)
            after, updates = observe(fresh, seen, events, new, self.now())
            hurry = fresh.cancel_requested_by and not job.cancel_requested_by
            after = replace(after, next_poll_at=None if hurry else self.now() + self.every)
            if replace(after, next_poll_at=fresh.next_poll_at) == fresh:
                await tx.jobs.save(after)
            else:
                await tell(tx, after, updates)
            if after.status == Status.succeeded and after.model and not fresh.ended:
                await tx.models.add(await made(tx, after, after.model))

    async def _trouble(self, job: Job, error: BackendError) -> None:
        """Note what keeps us from following, and come back later; nothing is told twice for it."""
        log.warning("job %s (%s) can't be followed: %s", job.id, job.backend_id, error)
        async with self.store.begin() as tx:
            fresh = await tx.jobs.get(job.id) or job
            troubled = _troubled(fresh, error)
            if troubled.trouble == LOST and troubled.troubles >= GONE_AFTER:
                await self._gone(tx, troubled)
                return
            wait = min(self.every * 2 ** min(fresh.troubles, 6), PATIENCE)
            if isinstance(error, BackendBusy) and error.retry_after:
                wait = min(max(wait, timedelta(seconds=error.retry_after)), PATIENCE)
            # somebody who asked for the job's end meanwhile doesn't wait
            hurry = fresh.cancel_requested_by and not job.cancel_requested_by
            await tx.jobs.save(replace(troubled, next_poll_at=None if hurry else self.now() + wait))
            if troubled.trouble != fresh.trouble:
                await tx.updates.revise(JOB_CARD, job.id)

    async def _gone(self, tx: Transaction, job: Job) -> None:
        if job.ended:
            await tx.jobs.save(replace(job, closed=True, trouble=""))
            return
        lost = replace(
            job,
            status=Status.failed,
            error_code="job_not_found",
            error_message="The backend doesn't know this job any more.",
            finished_at=self.now(),
            trouble="",
            closed=True,
        )
        end = milestone(lost, "failed", self.now(), code=lost.error_code, message=lost.error_message)
        await tell(tx, lost, [end])


def _troubled(job: Job, error: BackendError) -> Job:
    """The job with this trouble noted; only misses in a row count towards its being gone."""
    if not isinstance(error, BackendNotFound):
        words = f"{error.message} {error.remedy}".strip() if not error.passing else error.message
        before = 0 if job.trouble == LOST else job.troubles
        return replace(job, trouble=words, troubles=before + 1)
    return replace(job, trouble=LOST, troubles=job.troubles + 1 if job.trouble == LOST else 1)
