"""A create request, checked as OpenAI checks it, as the job it asks for."""

import re
import secrets
import unicodedata
from typing import Any

from trainer import fields, ids
from trainer.errors import ApiError, bad, no_such_file
from trainer.jobs.methods import METHODS, NUMBERS, method_of, refuse_unknown
from trainer.settings import Base, Settings
from trainer.store import File, Job, Model, Store

KEYS = {
    "model",
    "training_file",
    "validation_file",
    "hyperparameters",
    "method",
    "suffix",
    "seed",
    "metadata",
    "integrations",
}
ACTIVE = ("validating_files", "queued", "running", "pausing")
LARGEST_SEED = 2**31 - 1


def job_from(body: dict[str, Any], store: Store, settings: Settings, project: str) -> Job:
    """The job that a request asks for; raises ApiError naming the parameter that is wrong."""
    refuse_unknown(body, KEYS)
    fields.check(body, {"integrations": _integrations, "metadata": fields.pairs})
    base = _base(body, store, settings, project)
    method, requested = method_of(body)
    suffix = _suffix(body)
    job = Job(
        id=ids.new("ftjob-"),
        project=project,
        status="validating_files",
        created_at=ids.now(),
        model=body["model"],
        base=base.name,
        training_file=_file(body, "training_file", store, project),
        validation_file=_file(body, "validation_file", store, project)
        if body.get("validation_file") is not None
        else None,
        seed=_seed(body),
        suffix=suffix,
        method={"type": method},
        hyperparameters={name: requested.get(name, "auto") for name in NUMBERS if name in METHODS[method]},
        metadata=body.get("metadata"),
    )
    refuse_too_many(store, settings, project)
    return job


def _integrations(value: Any, param: str) -> None:
    if not isinstance(value, list):
        raise fields.wrong_type(param, "a list")
    if value:
        raise bad("Integrations are not supported by this server.", param, "unsupported_parameter")


def base_of(model: str, store: Store, settings: Settings, project: str) -> tuple[Base, Model | None] | None:
    """The base behind a model's name, and the model itself if a job made it."""
    if model in settings.bases:
        return settings.bases[model], None
    made = store.find(Model, model, project)
    if made and made.base in settings.bases:
        return settings.bases[made.base], made
    return None


def _base(body: dict[str, Any], store: Store, settings: Settings, project: str) -> Base:
    name = _string(body, "model")
    found = base_of(name, store, settings, project)
    if found is None:
        raise no_such_base(name, settings)
    return found[0]


def no_such_base(name: str, settings: Settings) -> ApiError:
    """What a request gets that names a model which can't be trained further."""
    offered = ", ".join(settings.bases)
    message = f"Model {name} is not available for fine-tuning or does not exist. Available: {offered}."
    return bad(message, "model", "model_not_available")


def _file(body: dict[str, Any], param: str, store: Store, project: str) -> str:
    id = _string(body, param)
    file = store.find(File, id, project)
    if file is None:
        raise ApiError(400, f"invalid {param}: {id}", param=param, code="invalid_file")
    if file.purpose != "fine-tune":
        raise bad(
            f"File {id} has purpose {file.purpose!r}; it must be 'fine-tune'.", param, "invalid_file_purpose"
        )
    if not store.file_path(file).exists():
        raise no_such_file(id, param)
    return id


def _string(body: dict[str, Any], param: str) -> str:
    value = body.get(param)
    if value is None:
        raise bad(f"you must provide a {param} parameter", param, "missing_required_parameter")
    if not isinstance(value, str) or not value:
        raise bad(f"Invalid type for '{param}': expected a non-empty string.", param, "invalid_type")
    return value


def _suffix(body: dict[str, Any]) -> str | None:
    suffix = body.get("suffix")
    if suffix is None:
        return None
    if not isinstance(suffix, str) or not 1 <= len(suffix) <= 64:
        raise bad("Invalid 'suffix': must be a string of 1 to 64 characters.", "suffix", "invalid_value")
    # Without their accents letters can stand in a model's name, which is part of addresses and commands.
    plain = "".join(c for c in unicodedata.normalize("NFKD", suffix) if not unicodedata.combining(c))
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-")
    if not clean:
        message = (
            "Invalid 'suffix': it becomes part of the model's name, which has letters from A to Z, digits, "
            "'.', '_' and '-' only; nothing of this one is left."
        )
        raise bad(message, "suffix", "invalid_value")
    return clean


def _seed(body: dict[str, Any]) -> int:
    seed = body.get("seed")
    if seed is None:
        return secrets.randbelow(LARGEST_SEED)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise bad(
            f"Invalid 'seed': must be an integer between 0 and {LARGEST_SEED}.", "seed", "invalid_value"
        )
    return seed


def refuse_too_many(store: Store, settings: Settings, project: str) -> None:
    """Raise ApiError for a project that has as many jobs as it may have."""
    active = sum(len(store.where(Job, project=project, status=status)) for status in ACTIVE)
    most = settings.limits.active_jobs_per_project
    if active >= most:
        message = (
            f"This project has {active} active fine-tuning jobs, the limit is {most}. Wait for one to end."
        )
        # The SDK would try again within seconds, and a job takes longer than that to end.
        headers = {"x-should-retry": "false"}
        raise ApiError(
            429, message, code="active_jobs_limit_exceeded", kind="rate_limit_exceeded", headers=headers
        )
