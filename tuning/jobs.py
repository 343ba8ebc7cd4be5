"""What people do with jobs: start, list, look at, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuning.errors import Ambiguous, Conflict, NotFound
from tuning.policy import Action, require
from tuning.ports import Clock, Store
from tuning.records import Event, Job, Person, Plan, Status
from tuning.updates import JOB_CARD, job_card

#: The most that a list shows, page by page.
LISTED = 200


@dataclass(frozen=True, slots=True)
class Jobs:
    """The use cases around jobs."""

    store: Store
    now: Clock

    async def start(self, plan: Plan) -> Job:
        """Put a job on record, and its thread with it; the same plan starts one job, however often asked."""
        job = Job(plan.id, plan.workspace, plan.owner, plan.channel, plan, Status.uploading, self.now())
        async with self.store.begin() as tx:
            if await tx.jobs.add(job):
                await tx.updates.add(job_card(job))
                return job
            return await tx.jobs.get(plan.id) or job

    async def find(self, person: Person, ref: str) -> Job:
        """The one job in the person's workspace whose id is `ref` or starts with it."""
        if not ref:
            raise NotFound("Say which job.", remedy="`/ft jobs` lists them, with buttons.")
        async with self.store.begin() as tx:
            found = await tx.jobs.matching(person.workspace, ref)
        exact = [job for job in found if ref in (job.id, job.backend_id)]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            raise Ambiguous("job", ref, [job.shown_id for job in found])
        raise NotFound(f"There is no job {ref[:100]} in this workspace.", remedy="`/ft jobs` lists them.")

    async def list(self, person: Person) -> Sequence[Job]:
        async with self.store.begin() as tx:
            return await tx.jobs.list(person.workspace, limit=LISTED)

    async def events(self, person: Person, ref: str) -> tuple[Job, Sequence[Event]]:
        """A job and its newest events, newest first."""
        job = await self.find(person, ref)
        async with self.store.begin() as tx:
            return job, await tx.jobs.events(job.id)

    async def may_cancel(self, person: Person, ref: str) -> Job:
        """The job, when this person may cancel it and it hasn't ended."""
        job = await self.find(person, ref)
        require(person, Action.cancel, job, f"job {job.shown_id}")
        if job.ended:
            raise Conflict(f"Job {job.shown_id} has ended already: {job.status}.")
        return job

    async def cancel(self, person: Person, ref: str) -> Job:
        """Ask for the job's end: whoever works on it next carries it out."""
        job = await self.may_cancel(person, ref)
        async with self.store.begin() as tx:
            job = await tx.jobs.get(job.id) or job
            if not job.ended and not job.cancel_requested_by:
                job = replace(job, cancel_requested_by=person.user, next_poll_at=None)
                await tx.jobs.save(job)
                await tx.updates.revise(JOB_CARD, job.id)
        return job
