"""Moves every job on: one pass looks at all of them, starts what can start and settles what has ended.

The database says what should be; the pass compares it with the processes that are. After a restart there are
none, and the jobs that were running are started again, from their last checkpoint.
"""

import asyncio
import errno
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from trainer import ids
from trainer.errors import ApiError, no_such_job
from trainer.folder import step_of
from trainer.jobs import journal
from trainer.jobs.admission import admit
from trainer.jobs.events import tell
from trainer.jobs.executors import ENDED, WAITING, Executor, State, Task
from trainer.jobs.queue import Turns
from trainer.settings import Settings
from trainer.store import Event, Job, Store

PASS_SECONDS = 0.2
PAUSE_GRACE_SECONDS = 3.0
CHECKS_AT_ONCE = 2
QUEUE = "Waiting in the queue"
#: A shared folder that is away comes back; the next pass tries again.
AWAY = {errno.ESTALE, errno.EIO, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN}

log = logging.getLogger(__name__)


@dataclass
class Worker:
    """A worker that an executor runs for a job."""

    executor: Executor
    kind: str
    stopping: bool = False


class Supervisor:
    """Decides what runs; files are checked by one executor, and the other one trains."""

    def __init__(self, store: Store, settings: Settings, checker: Executor, trainer: Executor) -> None:
        self.store = store
        self.settings = settings
        self.executors = {"check": checker, "train": trainer}
        self.workers: dict[str, Worker] = {}
        self.pause_deadlines: dict[str, float] = {}
        self.turns = Turns()
        self.adopted = False

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
        if not self.adopted:
            self._adopt()
        for job in [self._again(job_id) for job_id in self.workers]:
            self._safely(self._watch, job)
        for job in self._with_status("validating_files")[:CHECKS_AT_ONCE]:
            self._safely(self._check, job)
        for job in self._with_status("running"):
            self._safely(self._train, job)
        for job in self._with_status("pausing"):
            self._safely(self._hurry, job)
        self._serve_queue()

    def _adopt(self) -> None:
        """Take over the workers that outlived an earlier server, and end those that nobody wants any more."""
        for job in self.store.where(Job):
            if self.executors["train"].adopt(self._task(job, "train")):
                log.info("Took over the worker of %s", job.id)
                self.workers[job.id] = Worker(self.executors["train"], "train")
                if job.over or job.status == "paused":
                    self._stop_worker(job.id)
        self.adopted = True

    def _safely(self, act: Callable[[Job], None], job: Job) -> None:
        """What is wrong with one job must not hold up the others."""
        try:
            act(job)
        except Exception as error:
            log.exception("Could not move %s on", job.id)
            if isinstance(error, OSError) and error.errno in AWAY:
                return
            self._stop_worker(job.id)
            with self.store.transaction():
                words = "The job failed on an error of the server, which its log describes."
                journal.fail(self.store, job, "server_error", words)
            if job.id in self.workers:
                self._watch(self._again(job.id))

    def stop(self) -> None:
        """The server ends; the database still says that its jobs are running."""
        for executor in self.executors.values():
            executor.close()
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
        self._stop_worker(job.id)
        job = journal.ingest(self.store, job)
        if not job.over:
            with self.store.transaction():
                self.store.change(job.id, status="cancelled", finished_at=ids.now(), estimated_finish=None)
                tell(self.store, job.id, "The job was cancelled")
        job = self._again(job.id)
        if job.id in self.workers:
            self._watch(job)
        else:
            journal.discard_training_state(journal.folder_of(self.store, job.id))
        return job

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
        if job.status == "queued":
            # It may wait for a place on a cluster.
            self._stop_worker(job.id)
        return self._again(job.id)

    def resume(self, job: Job) -> Job:
        """Put a paused job back into the queue."""
        if job.status != "paused":
            raise ApiError(
                400, f"Job {job.id} can't be resumed: it is {job.status}.", code="job_not_resumable"
            )
        # The worker that paused has said its last word; the next one begins when it is gone.
        self._stop_worker(job.id)
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
        # What a worker of a queued job says is told after that the job has begun.
        return job if job.status == "queued" else journal.ingest(self.store, job)

    def _with_status(self, status: str) -> list[Job]:
        return self.store.where(Job, status=status)

    def _again(self, job_id: str) -> Job:
        return self.store.where(Job, id=job_id)[0]

    def _serve_queue(self) -> None:
        """Begin what may begin, and say of the rest why it waits."""
        training = self._training()
        limit, places = self.settings.limits.training_jobs_per_project, self.executors["train"].places
        waiting = [job for job in self._with_status("queued") if job.id not in self.workers]
        before = 0
        for job in self.turns.order(waiting, training):
            if limit and training[job.project] >= limit:
                self._explain(job, f"{QUEUE}: {limit} job(s) of a project may train at a time")
            elif places is not None and training.total() >= places:
                words = f"{QUEUE}: {places} job(s) may train at a time"
                self._explain(job, f"{words}, {before} wait(s) before this one")
                before += 1
            else:
                self.turns.took(job.project)
                training[job.project] += 1
                self._safely(self._train, job)

    def _training(self) -> Counter[str]:
        """How many jobs of each project have a worker that trains, or are about to have one."""
        jobs = {job.id: job for status in ("running", "pausing") for job in self._with_status(status)}
        own = [self._again(id) for id, worker in self.workers.items() if worker.kind == "train"]
        return Counter(job.project for job in {**jobs, **{job.id: job for job in own}}.values())

    def _explain(self, job: Job, words: str) -> None:
        """Say once why nothing happens, and again when the reason is another one."""
        last, _ = self.store.page(Event, after=None, limit=1, job_id=job.id)
        if last[0].message.partition(",")[0] != words.partition(",")[0]:
            tell(self.store, job.id, words)

    def _check(self, job: Job) -> None:
        self._ensure(job, "check")

    def _train(self, job: Job) -> None:
        self._ensure(job, "train")

    def _ensure(self, job: Job, kind: str) -> None:
        if job.id in self.workers:
            return
        self.executors[kind].start(self._task(job, kind))
        self.workers[job.id] = Worker(self.executors[kind], kind)
        log.info("Started %s of %s", kind, job.id)
        self._watch(job)

    def _task(self, job: Job, kind: str) -> Task:
        return Task(job.id, kind, journal.folder_of(self.store, job.id))

    def _watch(self, job: Job) -> None:
        # Asked before the journal is read: a worker that ended has written everything it will write.
        worker = self.workers[job.id]
        state = worker.executor.poll(job.id)
        if state.phase == WAITING:
            if state.words and not worker.stopping:
                self._explain(job, f"{QUEUE}: {state.words}")
            return
        if worker.kind == "train" and job.status == "queued" and not worker.stopping:
            self._has_begun(job)
        job = journal.ingest(self.store, self._again(job.id))
        if state.phase == ENDED:
            self._forget(job.id)
            self._settle(job, worker, state)

    def _has_begun(self, job: Job) -> None:
        last = journal.folder_of(self.store, job.id).last_checkpoint()
        with self.store.transaction():
            self.store.change(job.id, status="running")
            resumed = f"Fine-tuning job resumed from step {step_of(last)}" if last else None
            tell(self.store, job.id, resumed or "Fine-tuning job started")

    def _settle(self, job: Job, worker: Worker, state: State) -> None:
        """A worker ended: by its own outcome, because it had to, or for no reason that is known."""
        if job.over:
            journal.discard_training_state(journal.folder_of(self.store, job.id))
        elif job.status == "pausing" and worker.stopping:
            self._has_paused(job)
        elif job.status in {"validating_files", "running", "pausing"}:
            self._died(job, state.words)

    def _died(self, job: Job, how: str) -> None:
        """A worker ended without saying how: go on from its last checkpoint, but not for ever."""
        with self.store.transaction():
            if job.attempts >= self.settings.training.restarts:
                message = f"The job failed: its process was ended {job.attempts + 1} times, last by {how}"
                journal.fail(self.store, job, "worker_died", message)
                return
            self.store.change(job.id, attempts=job.attempts + 1)
            last = journal.folder_of(self.store, job.id).last_checkpoint()
            where = f"from step {step_of(last)}" if last else "from the start"
            tell(self.store, job.id, f"The job's process ended ({how}); continuing {where}", level="warn")

    def _hurry(self, job: Job) -> None:
        """End a worker that can't stop in time: it is loading, or in a long step that will be done again."""
        deadline = self.pause_deadlines.setdefault(job.id, time.monotonic() + PAUSE_GRACE_SECONDS)
        if job.id not in self.workers:
            if journal.ingest(self.store, job).status == "pausing":
                self._has_paused(job)
        elif time.monotonic() >= deadline:
            self._stop_worker(job.id)
            self._watch(job)

    def _has_paused(self, job: Job) -> None:
        self.pause_deadlines.pop(job.id, None)
        with self.store.transaction():
            self.store.change(job.id, status="paused", estimated_finish=None)
            tell(self.store, job.id, "The job has been paused")

    def _stop_worker(self, job_id: str) -> None:
        """Have a job's worker end, if it has one; a later pass sees it gone."""
        worker = self.workers.get(job_id)
        if worker is not None and not worker.stopping:
            worker.stopping = True
            worker.executor.stop(job_id)

    def _forget(self, job_id: str) -> None:
        self.pause_deadlines.pop(job_id, None)
        self.workers.pop(job_id).executor.forget(job_id)
