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

from trainer import disk
from trainer.errors import ApiError, no_such_job
from trainer.jobs import journal, stages
from trainer.jobs.admission import admit
from trainer.jobs.executors import ENDED, WAITING, Executor, State, Task
from trainer.jobs.queue import QUEUE, Turns
from trainer.jobs.room import Room
from trainer.settings import Settings
from trainer.store import Job, Store

PASS_SECONDS = 0.2
PAUSE_GRACE_SECONDS = 3.0
CHECKS_AT_ONCE = 2
#: A shared folder that is away comes back; the next pass tries again.
AWAY = {errno.ESTALE, errno.EIO, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN}

log = logging.getLogger(__name__)


@dataclass
class Worker:
    """A worker that an executor runs for a job; one that ended stays until its end is written down."""

    executor: Executor
    kind: str
    stopping: bool = False
    ended: bool = False
    full: bool = False


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
        self.room = Room(store)

    async def run(self) -> None:
        """Pass after pass, until cancelled."""
        while True:
            try:
                self.tick()
            except Exception as error:
                if not self.room.is_lacking(error):
                    log.exception("A pass over the jobs failed; the next one tries again")
            await asyncio.sleep(PASS_SECONDS)

    def tick(self) -> None:
        """One pass."""
        if not self.room.is_home():
            return
        self.store.reserve.keep()
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
        self.room.look()

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
            if self.room.is_lacking(error):
                return
            log.exception("Could not move %s on", job.id)
            if isinstance(error, OSError) and error.errno in AWAY:
                return
            self._give_up(job, error)

    def _give_up(self, job: Job, error: Exception) -> None:
        try:
            self._stop_worker(job.id)
            stages.failed_here(self.store, job, error)
            if job.id in self.workers:
                self._watch(self._again(job.id))
        except Exception as another:
            if not self.room.is_lacking(another):
                raise

    def stop(self) -> None:
        """The server ends; the database still says that its jobs are running."""
        for executor in self.executors.values():
            executor.close()
        self.workers.clear()

    async def create(self, job: Job) -> Job:
        """Take a new job on; the earlier one, if the same request made it in the meantime."""
        return await admit(self.store, self.settings, job)

    def cancel(self, job: Job) -> Job:
        """End a job for good. What its journal says until now is kept."""
        if job.over:
            raise ApiError(
                400, f"Job has already completed: {job.id} ({job.status})", code="job_already_over"
            )
        self._stop_worker(job.id)
        job = journal.ingest(self.store, job)
        if not job.over:
            stages.was_cancelled(self.store, job)
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
        if job.status == "queued":
            stages.has_paused(self.store, job)
        else:
            stages.is_pausing(self.store, job)
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
        stages.was_resumed(self.store, job)
        return self._again(job.id)

    def find(self, job_id: str, project: str) -> Job:
        """The job with its journal taken over up to now, or what is known of it while there is no room."""
        job = self.store.find(Job, job_id, project)
        if job is None:
            raise no_such_job(job_id)
        # What a worker of a queued job says is told after that the job has begun.
        if job.status == "queued":
            return job
        try:
            return journal.ingest(self.store, job)
        except Exception as error:
            if not self.room.is_lacking(error):
                raise
            return job

    def _with_status(self, status: str) -> list[Job]:
        return self.store.where(Job, status=status)

    def _again(self, job_id: str) -> Job:
        return self.store.where(Job, id=job_id)[0]

    def _serve_queue(self) -> None:
        """Begin what may begin, and say of the rest why it waits."""
        training = self._training()
        limit, places = self.settings.limits.training_jobs_per_project, self.executors["train"].places
        waiting = [job for job in self._with_status("queued") if job.id not in self.workers]
        for job, why in self.turns.serve(waiting, training, limit, places):
            if why:
                stages.waits(self.store, job, why)
            else:
                self._safely(self._train, job)

    def _training(self) -> Counter[str]:
        """How many jobs of each project have a worker that trains, or are about to have one."""
        jobs = {job.id: job for status in ("running", "pausing") for job in self._with_status(status)}
        own = [self._again(id) for id, worker in self.workers.items() if worker.kind == "train"]
        ended = {id for id, worker in self.workers.items() if worker.ended}
        jobs |= {job.id: job for job in own}
        return Counter(job.project for job in jobs.values() if job.id not in ended)

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
                stages.waits(self.store, job, f"{QUEUE}: {state.words}")
            return
        if worker.kind == "train" and job.status == "queued" and not worker.stopping:
            stages.has_begun(self.store, job)
        if state.phase == ENDED and not worker.ended:
            worker.ended = True
            worker.full = state.full or disk.has_none(self.store.jobs)
        job = journal.ingest(self.store, self._again(job.id))
        if worker.ended:
            self._settle(job, worker, state)
            self._forget(job.id)

    def _settle(self, job: Job, worker: Worker, state: State) -> None:
        """A worker ended: by its own outcome, because it had to, or for no reason that is known."""
        if job.over:
            journal.discard_training_state(journal.folder_of(self.store, job.id))
        elif job.status == "pausing" and worker.stopping:
            self._has_paused(job)
        elif job.status not in {"validating_files", "running", "pausing"}:
            return
        elif worker.full and not worker.stopping:
            stages.no_room(self.store, job)
        else:
            stages.worker_died(self.store, job, state.words, self.settings.training.restarts)

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
        stages.has_paused(self.store, job)

    def _stop_worker(self, job_id: str) -> None:
        """Have a job's worker end, if it has one; a later pass sees it gone."""
        worker = self.workers.get(job_id)
        if worker is not None and not worker.stopping:
            worker.stopping = True
            worker.executor.stop(job_id)

    def _forget(self, job_id: str) -> None:
        self.pause_deadlines.pop(job_id, None)
        self.workers.pop(job_id).executor.forget(job_id)
