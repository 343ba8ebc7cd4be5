"""Moves every job on: one pass looks at all of them, starts what can start and settles what has ended.

The database says what should be; the pass compares it with the processes that are. After a restart there are
none, and the jobs that were running are started again, from their last checkpoint.
"""

import asyncio
import logging
import os
import subprocess
import time
from collections.abc import Callable

from trainer import ids
from trainer.errors import ApiError, no_such_job
from trainer.folder import step_of
from trainer.jobs import child, journal
from trainer.jobs.admission import admit
from trainer.jobs.events import tell
from trainer.settings import Settings
from trainer.store import Event, Job, Store

PASS_SECONDS = 0.2
PAUSE_GRACE_SECONDS = 4.0
CHECKS_AT_ONCE = 2
WAITING = "Waiting in the queue"

log = logging.getLogger(__name__)
Start = Callable[..., "subprocess.Popen[bytes]"]


class Supervisor:
    """Owns the workers."""

    def __init__(self, store: Store, settings: Settings, start: Start = child.start) -> None:
        self.store = store
        self.settings = settings
        self.start = start
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.pause_deadlines: dict[str, float] = {}
        self.devices: dict[str, str] = {}

    async def run(self) -> None:
        """Pass after pass, until cancelled."""
        while True:
            try:
                self.tick()
            except Exception:
                log.exception("A pass over the jobs failed; the next one tries again")
            await asyncio.sleep(PASS_SECONDS)

    def tick(self) -> None:
        """One pass."""
        for job in [self._again(job_id) for job_id in self.workers]:
            self._safely(self._watch, job)
        for job in self._with_status("validating_files")[:CHECKS_AT_ONCE]:
            self._safely(self._check, job)
        for job in self._with_status("running"):
            self._safely(self._train, job)
        for job in self._with_status("pausing"):
            self._safely(self._hurry, job)
        queued, free = self._with_status("queued"), self._free_places()
        for job in queued[:free]:
            self._safely(self._begin, job)
        for before, job in enumerate(queued[free:]):
            self._explain_waiting(job, before)

    def _safely(self, act: Callable[[Job], None], job: Job) -> None:
        """What is wrong with one job must not hold up the others."""
        try:
            act(job)
        except Exception:
            log.exception("Could not move %s on", job.id)
            self._end_worker(job.id)
            with self.store.transaction():
                words = "The job failed on an error of the server, which its log describes."
                journal.fail(self.store, job, "server_error", words)

    def stop(self) -> None:
        """End all workers; the database still says that their jobs are running."""
        for process in self.workers.values():
            child.kill(process)
        self.workers.clear()

    def create(self, job: Job) -> Job:
        """Take a new job on."""
        admit(self.store, self.settings, job)
        return job

    def cancel(self, job: Job) -> Job:
        """End a job for good. What its journal says until now is kept."""
        if job.over:
            raise ApiError(
                400, f"Job has already completed: {job.id} ({job.status})", code="job_already_over"
            )
        self._end_worker(job.id)
        job = journal.ingest(self.store, job)
        if not job.over:
            with self.store.transaction():
                self.store.change(job.id, status="cancelled", finished_at=ids.now(), estimated_finish=None)
                tell(self.store, job.id, "The job was cancelled")
            journal.discard_training_state(journal.folder_of(self.store, job.id))
        return self._again(job.id)

    def pause(self, job: Job) -> Job:
        """Stop a job at the end of its step, with a checkpoint."""
        if job.status not in {"running", "queued"}:
            raise ApiError(400, f"Job {job.id} can't be paused: it is {job.status}.", code="job_not_pausable")
        with self.store.transaction():
            if job.status == "queued":
                self.store.change(job.id, status="paused")
                tell(self.store, job.id, "The job has been paused")
            else:
                self.store.change(job.id, status="pausing")
                tell(self.store, job.id, "Pausing the job at the end of its step")
        journal.folder_of(self.store, job.id).set_command("pause")
        return self._again(job.id)

    def resume(self, job: Job) -> Job:
        """Put a paused job back into the queue."""
        if job.status != "paused":
            raise ApiError(
                400, f"Job {job.id} can't be resumed: it is {job.status}.", code="job_not_resumable"
            )
        journal.folder_of(self.store, job.id).set_command(None)
        with self.store.transaction():
            self.store.change(job.id, status="queued")
            tell(self.store, job.id, "The job was resumed, moving it to queued state")
        return self._again(job.id)

    def find(self, job_id: str, project: str) -> Job:
        """The job with its journal taken over up to now."""
        job = self.store.find(Job, job_id, project)
        if job is None:
            raise no_such_job(job_id)
        return journal.ingest(self.store, job)

    def _with_status(self, status: str) -> list[Job]:
        return self.store.where(Job, status=status)

    def _again(self, job_id: str) -> Job:
        return self.store.where(Job, id=job_id)[0]

    def _free_places(self) -> int:
        busy = len(self._with_status("running")) + len(self._with_status("pausing"))
        return max(0, self._places() - busy)

    def _places(self) -> int:
        return len(self.settings.training.devices) or self.settings.training.concurrent

    def _explain_waiting(self, job: Job, before: int) -> None:
        """Say once why nothing happens."""
        last, _ = self.store.page(Event, after=None, limit=1, job_id=job.id)
        if not last[0].message.startswith(WAITING):
            words = (
                f"{WAITING}: {self._places()} job(s) may train at a time, {before} wait(s) before this one"
            )
            tell(self.store, job.id, words)

    def _begin(self, job: Job) -> None:
        last = journal.folder_of(self.store, job.id).last_checkpoint()
        with self.store.transaction():
            self.store.change(job.id, status="running")
            resumed = f"Fine-tuning job resumed from step {step_of(last)}" if last else None
            tell(self.store, job.id, resumed or "Fine-tuning job started")
        self._train(job)

    def _check(self, job: Job) -> None:
        self._ensure(job, "check")

    def _train(self, job: Job) -> None:
        self._ensure(job, "train")

    def _ensure(self, job: Job, task: str) -> None:
        if job.id in self.workers:
            return
        folder = journal.folder_of(self.store, job.id)
        threads = self.settings.training.threads or max(1, (os.cpu_count() or 2) - 1)
        device = self._device(job.id) if task == "train" else None
        self.workers[job.id] = self.start(
            "trainer.engine", task, str(folder.path), threads=threads, log=folder.log, device=device
        )
        log.info("Started %s of %s", task, job.id)

    def _device(self, job_id: str) -> str | None:
        """A GPU that no other job has; None where the administrator named none."""
        devices = self.settings.training.devices
        free = [device for device in devices if device not in self.devices.values()]
        if devices:
            self.devices[job_id] = (free or list(devices))[0]
        return self.devices.get(job_id)

    def _watch(self, job: Job) -> None:
        # Asked before the journal is read: a worker that ended has written everything it will write.
        code = self.workers[job.id].poll()
        job = journal.ingest(self.store, job)
        if code is None:
            return
        self._end_worker(job.id)
        if job.status in {"validating_files", "running", "pausing"}:
            self._died(job, code)
        elif job.over:
            journal.discard_training_state(journal.folder_of(self.store, job.id))

    def _died(self, job: Job, code: int) -> None:
        """A worker ended without saying how: go on from its last checkpoint, but not for ever."""
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        with self.store.transaction():
            if job.attempts >= self.settings.training.restarts:
                hint = " (often a lack of memory)" if code == -9 else ""
                message = (
                    f"The job failed: its process was ended {job.attempts + 1} times, last by {how}{hint}"
                )
                journal.fail(self.store, job, "worker_died", message)
                return
            self.store.change(job.id, attempts=job.attempts + 1)
            last = journal.folder_of(self.store, job.id).last_checkpoint()
            where = f"from step {step_of(last)}" if last else "from the start"
            tell(self.store, job.id, f"The job's process ended ({how}); continuing {where}", level="warn")

    def _hurry(self, job: Job) -> None:
        """End a worker that can't stop in time: it is loading, or in a long step that will be done again."""
        deadline = self.pause_deadlines.setdefault(job.id, time.monotonic() + PAUSE_GRACE_SECONDS)
        if job.id in self.workers and time.monotonic() < deadline:
            return
        self._end_worker(job.id)
        if journal.ingest(self.store, job).status == "pausing":
            with self.store.transaction():
                self.store.change(job.id, status="paused", estimated_finish=None)
                tell(self.store, job.id, "The job has been paused")

    def _end_worker(self, job_id: str) -> None:
        self.pause_deadlines.pop(job_id, None)
        self.devices.pop(job_id, None)
        process = self.workers.pop(job_id, None)
        if process is not None:
            child.kill(process)
