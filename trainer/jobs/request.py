"""A create request, checked as OpenAI checks it, as the job it asks for."""

import re
import secrets
from typing import Any

from trainer import ids
from trainer.errors import ApiError, bad, no_such_file
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
NUMBERS: dict[str, tuple[type, float, float]] = {
    "n_epochs": (int, 1, 50),
    "batch_size": (int, 1, 256),
    "learning_rate_multiplier": (float, 0.0, 1000.0),
    "beta": (float, 0.0, 2.0),
}
METHODS = {"supervised": set(NUMBERS) - {"beta"}, "dpo": set(NUMBERS)}
ACTIVE = ("validating_files", "queued", "running", "pausing")
LARGEST_SEED = 2**31 - 1


def job_from(body: dict[str, Any], store: Store, settings: Settings, project: str) -> Job:
    """The job that a request asks for; raises ApiError naming the parameter that is wrong."""
    _refuse_unknown(body, KEYS)
    if body.get("integrations"):
        raise bad("Integrations are not supported by this server.", "integrations", "unsupported_parameter")
    base = _base(body, store, settings, project)
    method, requested = _method(body)
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
        if body.get("validation_file")
        else None,
        seed=_seed(body),
        suffix=suffix,
        method={"type": method},
        hyperparameters={name: requested.get(name, "auto") for name in NUMBERS if name in METHODS[method]},
        metadata=_metadata(body),
    )
    refuse_too_many(store, settings, project)
    return job


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


def _refuse_unknown(given: dict[str, Any], known: set[str], where: str = "") -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        message = f"Unrecognized request argument supplied: {where}{unknown[0]}"
        raise bad(message, f"{where}{unknown[0]}", "unknown_parameter")


def _method(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    method = {"type": "supervised"} if body.get("method") is None else _object(body, "method")
    kind = method.get("type")
    if not isinstance(kind, str) or kind not in METHODS:
        message = f"Method {kind!r} is not supported by this server. Supported: {', '.join(METHODS)}."
        raise bad(message, "method.type", "unsupported_value")
    _refuse_unknown(
        {name: value for name, value in method.items() if value is not None}, {"type", kind}, "method."
    )
    part = _object(method, kind, "method.")
    _refuse_unknown(part, {"hyperparameters"}, f"method.{kind}.")
    if part.get("hyperparameters") is not None:
        where = f"method.{kind}."
        return kind, _numbers(_object(part, "hyperparameters", where), kind, f"{where}hyperparameters")
    return kind, _numbers(_object(body, "hyperparameters"), kind, "hyperparameters")


def _object(body: dict[str, Any], name: str, where: str = "") -> dict[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        param = f"{where}{name}"
        raise bad(f"Invalid type for '{param}': expected an object.", param, "invalid_type")
    return value


def _numbers(requested: dict[str, Any], kind: str, where: str) -> dict[str, Any]:
    for name, value in requested.items():
        param = f"{where}.{name}"
        if name not in METHODS[kind]:
            raise bad(f"Unrecognized hyperparameter: {name}", param, "unknown_parameter")
        if value is not None and value != "auto":
            _check_number(name, value, param)
    return {name: value for name, value in requested.items() if value is not None}


def _check_number(name: str, value: Any, param: str) -> None:
    kind, least, most = NUMBERS[name]
    wanted = int if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise bad(f"Invalid type for '{param}': expected 'auto' or a number.", param, "invalid_type")
    too_small = value < least if kind is int else value <= least
    if too_small or value > most:
        bound = f"between {least:g} and {most:g}" if kind is int else f"above {least:g} and at most {most:g}"
        raise bad(f"Invalid '{param}': {value} must be {bound}.", param, "invalid_value")


def _suffix(body: dict[str, Any]) -> str | None:
    suffix = body.get("suffix")
    if suffix is None:
        return None
    if not isinstance(suffix, str) or not 1 <= len(suffix) <= 64:
        raise bad("Invalid 'suffix': must be a string of 1 to 64 characters.", "suffix", "invalid_value")
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", suffix).strip("-")
    if not clean:
        raise bad("Invalid 'suffix': must contain a letter or a digit.", "suffix", "invalid_value")
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


def _metadata(body: dict[str, Any]) -> dict[str, str] | None:
    metadata = body.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or len(metadata) > 16:
        raise bad("Invalid 'metadata': must be an object of at most 16 pairs.", "metadata", "invalid_value")
    for key, value in metadata.items():
        if len(key) > 64 or not isinstance(value, str) or len(value) > 512:
            message = (
                "Invalid 'metadata': keys have at most 64 characters, values are strings of at most 512."
            )
            raise bad(message, "metadata", "invalid_value")
    return metadata


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
