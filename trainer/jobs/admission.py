"""A job's beginning: all that its worker needs goes into its folder, where nothing else can take it away."""

import os
import shutil
from pathlib import Path

from trainer import ids
from trainer.folder import JobFolder
from trainer.jobs.events import tell
from trainer.jobs.request import base_of
from trainer.settings import Settings
from trainer.store import File, Job, Store


def admit(store: Store, settings: Settings, job: Job) -> None:
    """Write down a new job; its folder comes first, so that a job in the database always has one."""
    try:
        JobFolder(store.jobs / job.id).write_spec(_spec(store, settings, job))
        with store.transaction():
            store.add(job)
            tell(store, job.id, f"Created fine-tuning job: {job.id}")
            also = f" and validation file: {job.validation_file}" if job.validation_file else ""
            tell(store, job.id, f"Validating training file: {job.training_file}{also}")
    except BaseException:
        shutil.rmtree(store.jobs / job.id, ignore_errors=True)
        raise


def _spec(store: Store, settings: Settings, job: Job) -> dict[str, object]:
    found = base_of(job.model, store, settings, job.project)
    if found is None:
        raise ValueError(f"the base of {job.id} is gone")
    base, start = found
    earlier = str((store.home / start.folder).resolve()) if start else None
    return {
        "job": job.id,
        "fine_tuned_model": f"ft:{base.name}:{settings.organization}:{job.suffix or ''}:{ids.new('', 8)}",
        "base": {**base.as_dict(), "start_from": earlier},
        "training_file": _link(store, job, job.training_file, "training.jsonl"),
        "validation_file": _link(store, job, job.validation_file, "validation.jsonl"),
        "method": job.method["type"],
        "hyperparameters": job.hyperparameters,
        "seed": job.seed,
        "checkpoint_seconds": settings.training.checkpoint_seconds,
    }


def _link(store: Store, job: Job, file_id: str | None, name: str) -> str | None:
    """A second name for the file's bytes, so that deleting the file does no harm to the job."""
    if file_id is None:
        return None
    file = store.find(File, file_id, job.project)
    if file is None:
        raise ValueError(f"file {file_id} is gone")
    path: Path = store.jobs / job.id / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(store.file_path(file), path)
    except OSError:
        # Not every file system has hard links.
        shutil.copyfile(store.file_path(file), path)
    return str(path)
