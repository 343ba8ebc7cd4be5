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
from dataclasses import replace
from pathlib import Path

from trainer import ids
from trainer.errors import ApiError, no_such_job
from trainer.folder import step_of
from trainer.jobs import child, journal
from trainer.jobs.events import tell
from trainer.jobs.request import base_of
from trainer.settings import Settings
from trainer.store import Event, File, Job, Store

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
        for job_id in list(self.workers):
            self._watch(job_id)
        for job in self._with_status("validating_files")[:CHECKS_AT_ONCE]:
            self._ensure(job, "check")
        for job in self._with_status("running"):
            self._ensure(job, "train")
        for job in self._with_status("pausing"):
            self._hurry(job)
        queued, free = self._with_status("queued"), self._free_places()
        for job in queued[:free]:
            self._begin(job)
        for before, job in enumerate(queued[free:]):
            self._explain_waiting(job, before)

    def stop(self) -> None:
        """End all workers; the database still says that their jobs are running."""
        for process in self.workers.values():
            child.kill(process)
        self.workers.clear()

    def create(self, job: Job) -> Job:
        """Write down a new job with everything that its worker needs."""
        folder = journal.folder_of(self.store, job.id)
        folder.write_spec(self._spec(job))
        with self.store.transaction():
            self.store.add(job)
            tell(self.store, job.id, f"Created fine-tuning job: {job.id}")
            also = f" and validation file: {job.validation_file}" if job.validation_file else ""
            tell(self.store, job.id, f"Validating training file: {job.training_file}{also}")
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
        return self._again(job)

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
        return self._again(job)

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
        return self._again(job)

    def find(self, job_id: str, project: str) -> Job:
        """The job with its journal taken over up to now."""
        job = self.store.find(Job, job_id, project)
        if job is None:
            raise no_such_job(job_id)
        return journal.ingest(self.store, job)

    def _spec(self, job: Job) -> dict[str, object]:
        found = base_of(job.model, self.store, self.settings, job.project)
        if found is None:
            raise ValueError(f"the base of {job.id} is gone")
        base, start = found
        unique = ids.new("", 8)
        return {
            "job": job.id,
            "fine_tuned_model": f"ft:{base.name}:{self.settings.organization}:{job.suffix or ''}:{unique}",
            "base": {**base.as_dict(), "start_from": str(self.store.home / start.folder) if start else None},
            "training_file": self._link(job, job.training_file, "training.jsonl"),
            "validation_file": self._link(job, job.validation_file, "validation.jsonl"),
            "method": job.method["type"],
            "hyperparameters": job.hyperparameters,
            "seed": job.seed,
            "checkpoint_seconds": self.settings.training.checkpoint_seconds,
        }

    def _link(self, job: Job, file_id: str | None, name: str) -> str | None:
        """A second name for the file's bytes, so that deleting the file does no harm to the job."""
        if file_id is None:
            return None
        file = self.store.find(File, file_id, job.project)
        if file is None:
            raise ValueError(f"file {file_id} is gone")
        path: Path = self.store.jobs / job.id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(self.store.file_path(file), path)
        return str(path)

    def _with_status(self, status: str) -> list[Job]:
        return self.store.where(Job, status=status)

    def _again(self, job: Job) -> Job:
        return self.store.where(Job, id=job.id)[0]

    def _free_places(self) -> int:
        busy = len(self._with_status("running")) + len(self._with_status("pausing"))
        return max(0, self.settings.training.concurrent - busy)

    def _explain_waiting(self, job: Job, before: int) -> None:
        """Say once why nothing happens."""
        last, _ = self.store.page(Event, after=None, limit=1, job_id=job.id)
        if not last[0].message.startswith(WAITING):
            places = self.settings.training.concurrent
            words = f"{WAITING}: {places} job(s) may train at a time, {before} wait(s) before this one"
            tell(self.store, job.id, words)

    def _begin(self, job: Job) -> None:
        last = journal.folder_of(self.store, job.id).last_checkpoint()
        with self.store.transaction():
            self.store.change(job.id, status="running")
            resumed = f"Fine-tuning job resumed from step {step_of(last)}" if last else None
            tell(self.store, job.id, resumed or "Fine-tuning job started")
        self._ensure(replace(job, status="running"), "train")

    def _ensure(self, job: Job, task: str) -> None:
        if job.id in self.workers:
            return
        folder = journal.folder_of(self.store, job.id)
        threads = self.settings.training.threads or max(1, (os.cpu_count() or 2) - 1)
        self.workers[job.id] = self.start(
            "trainer.engine", task, str(folder.path), threads=threads, log=folder.log
        )
        log.info("Started %s of %s", task, job.id)

    def _watch(self, job_id: str) -> None:
        # Asked before the journal is read: a worker that ended has written everything it will write.
        code = self.workers[job_id].poll()
        job = journal.ingest(self.store, self.store.where(Job, id=job_id)[0])
        if code is None:
            return
        self._end_worker(job_id)
        if job.status in {"validating_files", "running", "pausing"}:
            self._died(job, code)
        elif job.over:
            journal.discard_training_state(journal.folder_of(self.store, job_id))

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
        process = self.workers.pop(job_id, None)
        if process is not None:
            child.kill(process)
