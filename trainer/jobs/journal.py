"""Carries a worker's journal into the database, each record once, whatever dies in between."""

import base64
import shutil
from pathlib import Path
from typing import Any

from trainer import ids
from trainer.folder import TRAINING_STATE, JobFolder, replace_file, step_of
from trainer.jobs.events import metrics_message, tell
from trainer.store import Checkpoint, File, Job, Model, Store


def folder_of(store: Store, job_id: str) -> JobFolder:
    """The job's folder."""
    return JobFolder(store.jobs / job_id)


def ingest(store: Store, job: Job) -> Job:
    """Take over what the journal has beyond what is known, in one transaction; returns the job of now."""
    news = [] if job.over else list(folder_of(store, job.id).records(job.journal_offset))
    if not news:
        return job
    with store.transaction():
        for _, record in news:
            APPLY[record["kind"]](store, job, record)
        store.change(job.id, journal_offset=news[-1][0])
    return store.where(Job, id=job.id)[0]


def _note(store: Store, job: Job, record: dict[str, Any]) -> None:
    tell(store, job.id, record["message"], level=record["level"])


def _hyperparameters(store: Store, job: Job, record: dict[str, Any]) -> None:
    store.change(job.id, hyperparameters=record["values"])
    tell(store, job.id, record["message"])


def _metrics(store: Store, job: Job, record: dict[str, Any]) -> None:
    store.change(job.id, estimated_finish=record["finish"])
    tell(store, job.id, metrics_message(record["data"]), data=record["data"])


def _checkpoint(store: Store, job: Job, record: dict[str, Any]) -> None:
    step = record["step"]
    name = f"{model_name(store, job)}:ckpt-step-{step}"
    store.add(Checkpoint(ids.new("ftckpt_"), job.id, ids.now(), name, step, record["metrics"]))
    folder = f"jobs/{job.id}/checkpoints/checkpoint-{step}"
    store.add(Model(name, job.project, ids.now(), job.base, job.id, folder))
    tell(store, job.id, f"Checkpoint created at step {step}")


def _outcome(store: Store, job: Job, record: dict[str, Any]) -> None:
    OUTCOMES[record["outcome"]](store, job, record)


def _checked(store: Store, job: Job, record: dict[str, Any]) -> None:
    store.change(job.id, status="queued")
    tell(store, job.id, "Files validated, moving job to queued state")


def _paused(store: Store, job: Job, record: dict[str, Any]) -> None:
    pause(store, job)


def pause(store: Store, job: Job) -> None:
    """Have a job wait for its resumption."""
    store.change(job.id, status="paused", estimated_finish=None)
    tell(store, job.id, "The job has been paused")


def _failed(store: Store, job: Job, record: dict[str, Any]) -> None:
    fail(store, job, record["code"], record["message"], record.get("param"))


def fail(store: Store, job: Job, code: str, message: str, param: str | None = None) -> None:
    """End a job with its reason."""
    error = {"code": code, "message": message, "param": param}
    store.change(job.id, status="failed", error=error, finished_at=ids.now(), estimated_finish=None)
    tell(store, job.id, message, level="error")


def _succeeded(store: Store, job: Job, record: dict[str, Any]) -> None:
    name = model_name(store, job)
    store.add(Model(name, job.project, ids.now(), job.base, job.id, f"jobs/{job.id}/model"))
    store.change(
        job.id,
        status="succeeded",
        fine_tuned_model=name,
        finished_at=ids.now(),
        estimated_finish=None,
        trained_tokens=record["trained_tokens"],
        result_files=[_keep_results(store, job)],
    )
    tell(store, job.id, f"New fine-tuned model created: {name}")
    tell(store, job.id, "The job has successfully completed")


def _keep_results(store: Store, job: Job) -> str:
    # OpenAI hands out the step metrics in base64, and the scripts that read them decode it.
    content = base64.b64encode(folder_of(store, job.id).results.read_bytes())
    file = File(
        ids.new("file-"), job.project, "step_metrics.csv", len(content), "fine-tune-results", ids.now()
    )
    replace_file(store.file_path(file), content)
    store.add(file)
    return file.id


def model_name(store: Store, job: Job) -> str:
    """The name that the job's model has or will have."""
    name: str = folder_of(store, job.id).spec()["fine_tuned_model"]
    return name


def part_with(store: Store, model: Model) -> Path | None:
    """Forget a model; returns the folder to be removed, unless its job may still have to continue from it."""
    place, folder = store.home / model.folder, folder_of(store, model.job_id)
    job = store.find(Job, model.job_id)
    if job is None or job.over or place.parent.name != "checkpoints":
        store.remove(model)
        return place
    folder.disown(step_of(place))
    store.remove(model)
    last = folder.last_checkpoint()
    return None if last and last.name == place.name else place


def discard_training_state(folder: JobFolder) -> None:
    """Once a job is over, its checkpoints are models: what only training needs can go."""
    for path in (folder.path / "start", *folder.path.glob("damaged-*")):
        shutil.rmtree(path, ignore_errors=True)
    unwanted = folder.unwanted()
    for checkpoint in folder.checkpoints.glob("checkpoint-*"):
        if step_of(checkpoint) in unwanted or not (checkpoint / "complete").exists():
            shutil.rmtree(checkpoint)
            continue
        for name in TRAINING_STATE:
            for path in checkpoint.glob(name):
                path.unlink()


OUTCOMES = {"checked": _checked, "paused": _paused, "failed": _failed, "succeeded": _succeeded}
APPLY = {
    "note": _note,
    "hyperparameters": _hyperparameters,
    "metrics": _metrics,
    "checkpoint": _checkpoint,
    "outcome": _outcome,
}
