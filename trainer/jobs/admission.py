"""A job's beginning: all that its worker needs goes into its folder, where nothing else can take it away."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

from trainer import disk, ids
from trainer.errors import no_such_file
from trainer.folder import TRAINING_STATE, JobFolder
from trainer.jobs.events import tell
from trainer.jobs.request import base_of, no_such_base, refuse_too_many
from trainer.settings import Settings
from trainer.store import File, Job, Store

Sources = dict[Path, Path]


async def admit(store: Store, settings: Settings, job: Job) -> Job:
    """Write down a new job; its folder comes first, so that a job in the database always has one.

    Without hard links this takes as long as a copy of everything, and the server goes on meanwhile.
    Returns the earlier job if the same request made one in the meantime.
    """
    folder = JobFolder(store.jobs / job.id)
    try:
        spec, sources = _needs(store, settings, job)
        gathering = asyncio.ensure_future(asyncio.to_thread(_gather, folder, spec, sources))
        try:
            await asyncio.shield(gathering)
        finally:
            # Whoever asked may have gone: what a thread still writes can't be removed.
            await asyncio.wait([gathering])
        earlier = _enrol(store, settings, job)
    except BaseException as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        if isinstance(error, OSError):
            _needs(store, settings, job)
        raise
    if earlier:
        shutil.rmtree(folder.path, ignore_errors=True)
    return earlier or job


def _enrol(store: Store, settings: Settings, job: Job) -> Job | None:
    """Put the job into the database, if all is still as it was when it was asked for."""
    with store.transaction():
        key = job.idempotency_key
        if key and (made := store.where(Job, project=job.project, idempotency_key=key)):
            return made[0]
        refuse_too_many(store, settings, job.project)
        _needs(store, settings, job)
        store.add(job)
        tell(store, job.id, f"Created fine-tuning job: {job.id}")
        also = f" and validation file: {job.validation_file}" if job.validation_file else ""
        tell(store, job.id, f"Validating training file: {job.training_file}{also}")
    return None


def _needs(store: Store, settings: Settings, job: Job) -> tuple[dict[str, Any], Sources]:
    """What the worker is told, and what has to be in its folder; raises ApiError for what is gone."""
    found = base_of(job.model, store, settings, job.project)
    if found is None:
        raise no_such_base(job.model, settings)
    base, start = found
    folder, sources = store.jobs / job.id, {}
    places: dict[str, str | None] = {"training_file": None, "validation_file": None}
    for param in places:
        if id := getattr(job, param):
            path = folder / f"{param.removesuffix('_file')}.jsonl"
            sources[path], places[param] = _path(store, job, id, param), str(path)
    if start:
        sources[folder / "start"] = store.home / start.folder
    spec = {
        "job": job.id,
        "fine_tuned_model": f"ft:{base.name}:{settings.organization}:{job.suffix or ''}:{ids.new('', 8)}",
        "base": {**base.as_dict(), "start_from": str(folder / "start") if start else None},
        **places,
        "method": job.method["type"],
        "hyperparameters": job.hyperparameters,
        "seed": job.seed,
        "checkpoint_seconds": settings.training.checkpoint_seconds,
    }
    return spec, sources


def _path(store: Store, job: Job, file_id: str, param: str) -> Path:
    file = store.find(File, file_id, job.project)
    if file is None:
        raise no_such_file(file_id, param)
    return store.file_path(file)


def _gather(folder: JobFolder, spec: dict[str, Any], sources: Sources) -> None:
    """Give everything a second name here, so that deleting the file or the model does no harm to the job."""
    folder.path.mkdir(parents=True, exist_ok=True)
    for place, source in sources.items():
        if source.is_dir():
            ignore = shutil.ignore_patterns(*TRAINING_STATE)
            shutil.copytree(source, place, copy_function=_link, ignore=ignore)
        else:
            _link(source, place)
    folder.write_spec(spec)
    disk.flush(folder.path)
    disk.flush_name(folder.path)


def _link(source: Path | str, place: Path | str) -> None:
    try:
        os.link(source, place)
    except OSError:
        # Not every file system has hard links.
        shutil.copyfile(source, place)
