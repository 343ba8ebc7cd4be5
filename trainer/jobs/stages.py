"""The turns in a job's life that no journal tells: each changes its row and adds an event, or neither."""

from trainer import disk, ids
from trainer.folder import step_of
from trainer.jobs import journal
from trainer.jobs.events import tell
from trainer.store import Event, Job, Store


def waits(store: Store, job: Job, words: str) -> None:
    """Say once why nothing happens, and again when the reason is another one."""
    last, _ = store.page(Event, after=None, limit=1, job_id=job.id)
    if last[0].message.partition(",")[0] != words.partition(",")[0]:
        tell(store, job.id, words)


def has_begun(store: Store, job: Job) -> None:
    """Its worker runs, from the start or from its last checkpoint."""
    last = journal.folder_of(store, job.id).last_checkpoint()
    with store.transaction():
        store.change(job.id, status="running")
        resumed = f"Fine-tuning job resumed from step {step_of(last)}" if last else None
        tell(store, job.id, resumed or "Fine-tuning job started")


def is_pausing(store: Store, job: Job) -> None:
    """It was asked to pause, and its step isn't over."""
    with store.transaction():
        store.change(job.id, status="pausing")
        tell(store, job.id, "Pausing the job at the end of its step")


def has_paused(store: Store, job: Job) -> None:
    """It waits for its resumption."""
    with store.transaction():
        journal.pause(store, job)


def was_resumed(store: Store, job: Job) -> None:
    """It waits for its turn again."""
    with store.transaction():
        store.change(job.id, status="queued")
        tell(store, job.id, "The job was resumed, moving it to queued state")


def was_cancelled(store: Store, job: Job) -> None:
    """Somebody ended it for good."""
    with store.transaction():
        store.change(job.id, status="cancelled", finished_at=ids.now(), estimated_finish=None)
        tell(store, job.id, "The job was cancelled")


def failed_here(store: Store, job: Job, error: Exception) -> None:
    """It can't be moved on, by a fault of this server."""
    code, words = "server_error", "The job failed on an error of the server, which its log describes."
    if disk.is_full(error):
        code, words = "disk_full", f"The job failed: {disk.ADVICE}"
    with store.transaction():
        journal.fail(store, job, code, words)


def no_room(store: Store, job: Job) -> None:
    """Its worker found no room for its last words: what only training needs makes room for them."""
    journal.discard_training_state(journal.folder_of(store, job.id))
    with store.transaction():
        journal.fail(store, job, "disk_full", f"The job failed: {disk.ADVICE}")


def worker_died(store: Store, job: Job, how: str, restarts: int) -> None:
    """A worker ended without saying how: go on from its last checkpoint, but not for ever."""
    with store.transaction():
        if job.attempts >= restarts:
            message = f"The job failed: its process was ended {job.attempts + 1} times, last by {how}"
            journal.fail(store, job, "worker_died", message)
            return
        store.change(job.id, attempts=job.attempts + 1)
        last = journal.folder_of(store, job.id).last_checkpoint()
        where = f"from step {step_of(last)}" if last else "from the start"
        tell(store, job.id, f"The job's process ended ({how}); continuing {where}", level="warn")
