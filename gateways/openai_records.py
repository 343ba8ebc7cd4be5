"""The wire's JSON, read into the domain's records.

Strict about what the domain can't do without (ids, statuses, times of events), lenient about the
rest: other servers leave out fields, and unknown statuses and event types pass through. Read from
plain JSON and not from the SDK's types, which fill in nothing and check nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tuning.errors import BackendGarbled
from tuning.records import BackendFile, BackendJob, BackendModel, Checkpoint, Event

Json = Mapping[str, Any]


def clean(value: object) -> Any:
    """A JSON value that every database and encoding takes: no NUL, no lone surrogate, no NaN."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(clean(key)): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list) else value


def parsed(content: bytes) -> Json:
    """The JSON object in a response's body."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        page = content.lstrip()[:1] == b"<"
        raise garbled("it is a web page" if page else "it is no JSON") from None
    if not isinstance(body, dict):
        raise garbled("it is no JSON object")
    return body


def entries(body: Json) -> list[Json]:
    """The objects of a list."""
    data = body.get("data")
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise garbled("it has no list under `data`")
    return data


def file_record(body: Json) -> BackendFile:
    return BackendFile(
        id=needed(body, "id"), filename=_text(body, "filename"), size=_whole(body, "bytes") or 0
    )


def expiry(body: Json) -> datetime | None:
    """Until when an upload can be completed."""
    return _moment(body, "expires_at")


def job_record(body: Json) -> BackendJob:
    code, message = _error(body.get("error"))
    return BackendJob(
        id=needed(body, "id"),
        status=needed(body, "status"),
        model=_text(body, "fine_tuned_model") or None,
        training_file=_text(body, "training_file") or None,
        created_at=_moment(body, "created_at"),
        finished_at=_moment(body, "finished_at"),
        estimated_finish=_moment(body, "estimated_finish"),
        trained_tokens=_whole(body, "trained_tokens"),
        error_code=code,
        error_message=message,
        metadata=_pairs(body.get("metadata")),
    )


def event_record(body: Json) -> Event:
    data = body.get("data")
    return Event(
        id=needed(body, "id"),
        created_at=_when(body),
        level=_text(body, "level") or "info",
        type=_text(body, "type") or "message",
        message=_text(body, "message"),
        data=clean(data) if isinstance(data, dict) else {},
    )


def checkpoint_record(body: Json) -> Checkpoint:
    step = _whole(body, "step_number")
    if step is None:
        raise garbled("`step_number` is missing")
    metrics = body.get("metrics")
    return Checkpoint(
        id=needed(body, "id"),
        model=needed(body, "fine_tuned_model_checkpoint"),
        step=step,
        created_at=_when(body),
        metrics=_numbers(metrics) if isinstance(metrics, dict) else {},
    )


def model_record(body: Json) -> BackendModel:
    return BackendModel(needed(body, "id"))


def needed(body: Json, key: str) -> str:
    """A text that must be there."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise garbled(f"`{key}` is missing")
    return str(clean(value))


def garbled(why: str) -> BackendGarbled:
    return BackendGarbled(f"The backend's answer isn't its API's format: {why}.")


def _text(body: Json, key: str) -> str:
    value = body.get(key)
    return str(clean(value)) if isinstance(value, str) else ""


def _whole(body: Json, key: str) -> int | None:
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value)


def _moment(body: Json, key: str) -> datetime | None:
    """A Unix time in seconds."""
    seconds = _whole(body, key)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, ValueError, OSError):
        return None


def _when(body: Json) -> datetime:
    moment = _moment(body, "created_at")
    if moment is None:
        raise garbled("`created_at` is missing")
    return moment


def _error(error: object) -> tuple[str | None, str | None]:
    """Code and message of a job's error; OpenAI sends an empty object for a job that is well."""
    if isinstance(error, str) and error:
        return None, str(clean(error))
    if not isinstance(error, dict):
        return None, None
    return _text(error, "code") or None, _text(error, "message") or None


def _pairs(metadata: object) -> dict[str, str]:
    if not isinstance(metadata, dict):
        return {}
    return {str(clean(key)): str(clean(value)) for key, value in metadata.items() if isinstance(value, str)}


def _numbers(metrics: Json) -> dict[str, float]:
    return {
        str(clean(key)): float(value)
        for key, value in metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
