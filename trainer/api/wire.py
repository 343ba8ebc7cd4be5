"""Records as OpenAI's objects."""

from typing import Any

from trainer.settings import Settings
from trainer.store import Checkpoint, Event, File, Job, Model, Part, Upload


def file(record: File) -> dict[str, Any]:
    """A file object; one that doesn't expire has no `expires_at`."""
    ends = {} if record.expires_at is None else {"expires_at": record.expires_at}
    return {
        "object": "file",
        "id": record.id,
        "purpose": record.purpose,
        "filename": record.filename,
        "bytes": record.bytes,
        "created_at": record.created_at,
        "status": "processed",
        **ends,
    }


def upload(record: Upload, made: File | None = None) -> dict[str, Any]:
    """An upload object."""
    return {
        "object": "upload",
        "id": record.id,
        "bytes": record.bytes,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "filename": record.filename,
        "purpose": record.purpose,
        "status": record.status,
        "file": file(made) if made else None,
    }


def part(record: Part) -> dict[str, Any]:
    """An upload.part object."""
    return {
        "object": "upload.part",
        "id": record.id,
        "created_at": record.created_at,
        "upload_id": record.upload_id,
    }


def job(record: Job, settings: Settings) -> dict[str, Any]:
    """A fine_tuning.job object."""
    kind = record.method["type"]
    return {
        "object": "fine_tuning.job",
        "id": record.id,
        "model": record.model,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
        "fine_tuned_model": record.fine_tuned_model,
        "organization_id": f"org-{settings.organization}",
        "result_files": list(record.result_files),
        "status": record.status,
        "validation_file": record.validation_file,
        "training_file": record.training_file,
        "hyperparameters": {name: value for name, value in record.hyperparameters.items() if name != "beta"},
        "trained_tokens": record.trained_tokens,
        "error": record.error,
        "seed": record.seed,
        "estimated_finish": record.estimated_finish,
        "integrations": [],
        "metadata": record.metadata,
        "method": {"type": kind, kind: {"hyperparameters": record.hyperparameters}},
    }


def event(record: Event) -> dict[str, Any]:
    """A fine_tuning.job.event object."""
    return {
        "object": "fine_tuning.job.event",
        "id": record.id,
        "created_at": record.created_at,
        "level": record.level,
        "message": record.message,
        "type": record.type,
        "data": record.data or {},
    }


def checkpoint(record: Checkpoint) -> dict[str, Any]:
    """A fine_tuning.job.checkpoint object."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": record.id,
        "created_at": record.created_at,
        "fine_tuned_model_checkpoint": record.model,
        "fine_tuning_job_id": record.job_id,
        "metrics": record.metrics,
        "step_number": record.step,
    }


def model(record: Model, settings: Settings) -> dict[str, Any]:
    """A model object for something that a job made."""
    return _model(record.id, record.created, f"org-{settings.organization}")


def base(name: str) -> dict[str, Any]:
    """A model object for a base."""
    return _model(name, 1767225600, "system")


def _model(id: str, created: int, owner: str) -> dict[str, Any]:
    return {"object": "model", "id": id, "created": created, "owned_by": owner, "shutdown_date": None}


def listing(data: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """A page, with the ids of its ends."""
    return {
        "object": "list",
        "data": data,
        "has_more": has_more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
