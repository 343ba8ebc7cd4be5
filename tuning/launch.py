"""Bringing a started job to the backend: upload, create, and settle what a crash left open.

Each step puts on record what it is about to do before doing it. A create whose outcome is unknown
is never repeated blindly: the backend is asked for a job with our plan's id in its metadata first.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from tuning.errors import BackendError, FileUnreadable, FtBotError, NotFound, StillSettling
from tuning.ports import Backend, Clock, Leases, Store
from tuning.records import ENDED, LAUNCHING, BackendJob, Job, Plan, Progress, Status, Update
from tuning.releasing import release_after_job
from tuning.sending import NotWanted
from tuning.updates import JOB_CARD, milestone, tell
from tuning.uploads import Uploads

log = logging.getLogger(__name__)

#: The metadata key under which a backend's job names our plan.
PLAN_KEY = "ft_bot_plan"
#: How long a sent create may take to show up in the backend's list.
GRACE = timedelta(seconds=15)
#: The waits between two attempts double from the first to the longest.
FIRST_WAIT = timedelta(seconds=2)
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Launcher:
    """Moves jobs that the backend doesn't know yet."""

    store: Store
    backend: Backend
    uploads: Uploads
    leases: Leases
    now: Clock
    grace: timedelta = GRACE
    first_wait: timedelta = FIRST_WAIT

    async def launch_pending(self) -> None:
        """One pass over all jobs on their way to the backend, and over files to be taken back from it."""
        async with self.store.begin() as tx:
            jobs = await tx.jobs.launching()
        due = [job for job in jobs if job.next_poll_at is None or job.next_poll_at <= self.now()]
        # side by side: a large file takes long
        await asyncio.gather(*(self._launch(job.id) for job in due))
        await self.uploads.sweep()

    async def _launch(self, job_id: str) -> None:
        try:
            await self.launch(job_id)
        except Exception:
            # the others must not suffer from it; the next pass finds it as it is
            log.exception("job %s could not be launched", job_id)

    async def launch(self, job_id: str) -> None:
        """Bring one job as far as it gets; nothing when somebody else is at it."""
        lease = f"job:{job_id}"
        if not await self.leases.acquire(lease):
            return
        try:
            while await self._step(job_id):
                pass
        finally:
            await self.leases.release(lease)

    async def _step(self, job_id: str) -> bool:
        """One step; whether another may follow at once."""
        async with self.store.begin() as tx:
            job = await tx.jobs.get(job_id)
        if job is None or job.backend_id or job.status not in LAUNCHING:
            return False
        try:
            return await (self._upload(job) if job.status == Status.uploading else self._create(job))
        except (BackendError, FileUnreadable, NotFound) as error:
            await self._trouble(job, error)
        except FtBotError:
            # the database is away: what was done at the backend is looked up at the next pass
            raise
        except Exception as error:
            log.exception("job %s can't be launched", job.id)
            await self._baffled(job, error)
        return False

    async def _upload(self, job: Job) -> bool:
        if job.cancel_requested_by:
            await self._end(job.id, Status.cancelled)
            return False
        try:
            training = await self._send(job, job.plan.version_id, job.plan.dataset_name)
            validation = None
            if job.plan.validation_version_id:
                name = job.plan.validation_name or "validation"
                validation = await self._send(job, job.plan.validation_version_id, name)
        except NotWanted:
            await self._end(job.id, Status.cancelled)
            return False
        return await self._save(
            job,
            status=Status.creating,
            training_file=training,
            validation_file=validation,
            trouble="",
            troubles=0,
            progress=Progress(),
        )

    async def _send(self, job: Job, version_id: str, name: str) -> str:
        async with self.store.begin() as tx:
            version = await tx.datasets.version(job.workspace, version_id)
        if version is None:
            raise NotFound("The dataset was deleted before the job could start.")
        return await self.uploads.ensure(job.workspace, name, version, partial(self._watch, job.id))

    async def _watch(self, job_id: str, sent: int, total: int) -> bool:
        """Show on the card how far a file is; whether the job still wants it."""
        async with self.store.begin() as tx:
            job = await tx.jobs.get(job_id)
            if job is None or job.cancel_requested_by:
                return False
            if job.progress.sent != sent:
                await tell(tx, replace(job, progress=Progress(sent=sent, to_send=total), trouble=""), [])
        return True

    async def _create(self, job: Job) -> bool:
        if job.create_attempted_at:
            if found := await self._found(job):
                return await self._adopt(job, found)
            if self.now() - job.create_attempted_at < self.grace:
                raise StillSettling("Waiting to see whether the backend has the job.")
        if job.cancel_requested_by:
            await self._end(job.id, Status.cancelled)
            return False
        await self._save(job, create_attempted_at=self.now())
        try:
            created = await self.backend.create_job(
                job.plan,
                training_file=job.training_file or "",
                validation_file=job.validation_file,
                metadata=metadata(job),
            )
        except BackendError as error:
            # a backend that kept us waiting may still be at it: its grace begins now
            await self._save(job, create_attempted_at=self.now() if error.fate_unknown else None)
            raise
        return await self._adopt(job, created)

    async def _found(self, job: Job) -> BackendJob | None:
        """The job that an earlier create made, if it did. Until the backend tells, the job can't end."""
        try:
            found = await self.backend.find_jobs({PLAN_KEY: job.id}, since=job.created_at)
        except BackendError as error:
            raise StillSettling(error.message) from error
        return found[0] if found else None

    async def _adopt(self, job: Job, created: BackendJob) -> bool:
        # a job that ended while we were away hasn't ended for its thread: the poller tells it
        status = Status.queued if created.status in ENDED else created.status
        await self._save(job, backend_id=created.id, status=status, trouble="", troubles=0, next_poll_at=None)
        log.info("job %s is %s at the backend", job.id, created.id)
        return False

    async def _save(self, job: Job, **changes: object) -> bool:
        """Write these fields over what is on record now (somebody may have asked for a cancel since)."""
        async with self.store.begin() as tx:
            fresh = await tx.jobs.get(job.id) or job
            await tell(tx, replace(fresh, **changes), [])  # type: ignore[arg-type]
        return True

    async def _trouble(self, job: Job, error: FtBotError) -> None:
        """Try again later where that may help; else the job has failed."""
        passing = isinstance(error, BackendError) and error.passing
        if not passing:
            code = getattr(error, "backend_code", None) or error.code
            # what to do about a backend's refusal is told by its code, where the job's end is shown
            remedy = "" if isinstance(error, BackendError) else error.remedy
            await self._end(job.id, Status.failed, code, f"{error.message} {remedy}".strip())
            return
        log.warning("job %s waits: %s", job.id, error)
        await self._wait(job, error.message, getattr(error, "retry_after", None))

    async def _baffled(self, job: Job, error: Exception) -> None:
        """A fault of ours ends the job, unless it may be at the backend: then that is found out first."""
        async with self.store.begin() as tx:
            fresh = await tx.jobs.get(job.id) or job
        words = f"Something went wrong on our side: {type(error).__name__}."
        if fresh.create_attempted_at:
            await self._wait(job, words)
        else:
            await self._end(job.id, Status.failed, "internal", words)

    async def _wait(self, job: Job, why: str, asked: float | None = None) -> None:
        """Come back later; somebody who asked for the job's end meanwhile doesn't wait."""
        wait = self.first_wait * 2 ** min(job.troubles, 8)
        if asked is not None:
            wait = timedelta(seconds=min(asked, PATIENCE.total_seconds()))
        async with self.store.begin() as tx:
            fresh = await tx.jobs.get(job.id) or job
            hurry = fresh.cancel_requested_by and not job.cancel_requested_by
            again = None if hurry else self.now() + min(wait, PATIENCE)
            await tx.jobs.save(replace(fresh, trouble=why, troubles=fresh.troubles + 1, next_poll_at=again))
            if why != fresh.trouble:
                await tx.updates.revise(JOB_CARD, job.id)

    async def _end(
        self, job_id: str, status: Status, code: str | None = None, message: str | None = None
    ) -> None:
        """End a job that never was at the backend, and mark its files for deletion there."""
        async with self.store.begin() as tx:
            job = await tx.jobs.get(job_id)
            if job is None or job.ended:
                return
            ended = replace(
                job,
                status=status,
                error_code=code,
                error_message=message,
                finished_at=self.now(),
                trouble="",
                closed=True,
            )
            await tell(tx, ended, [_ending(ended, self.now())])
            for version_id in (job.plan.version_id, job.plan.validation_version_id):
                if version_id:
                    await release_after_job(tx, job, version_id)
        await self.uploads.sweep()


def metadata(job: Job) -> dict[str, str]:
    """What the backend's job says of us: OpenAI's wire has no creator, so the owner stands here too."""
    plan: Plan = job.plan
    return {
        PLAN_KEY: job.id,
        "ft_bot_workspace": job.workspace,
        "ft_bot_owner": job.owner,
        "ft_bot_dataset": plan.dataset_name[:512],
    }


def _ending(job: Job, now: datetime) -> Update:
    if job.status == Status.cancelled:
        return milestone(job, "cancelled", now, by=job.cancel_requested_by)
    return milestone(job, "failed", now, code=job.error_code, message=job.error_message)
