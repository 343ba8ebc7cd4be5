"""The tables of jobs, of the models that they made, and of what was asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Table

from storage.schema.columns import key, maybe, metadata, needed
from storage.types import Moment, Nested, Real, Whole, Words
from tuning.records import Plan, Progress

jobs = Table(
    "jobs",
    metadata,
    key("id"),
    needed("workspace", Words),
    needed("owner", Words),
    needed("channel", Words),
    needed("plan", Nested(Plan)),
    #: The plan's, to find the jobs that use a version.
    needed("version_id", Words),
    maybe("validation_version_id", Words),
    needed("status", Words),
    needed("created_at", Moment),
    maybe("backend_id", Words),
    maybe("training_file", Words),
    maybe("validation_file", Words),
    maybe("create_attempted_at", Moment),
    maybe("cancel_requested_by", Words),
    maybe("started_at", Moment),
    maybe("finished_at", Moment),
    maybe("estimated_finish", Moment),
    maybe("model", Words),
    maybe("trained_tokens", Whole),
    maybe("error_code", Words),
    maybe("error_message", Words),
    needed("progress", Nested(Progress)),
    needed("last_message", Words),
    needed("trouble", Words),
    needed("troubles", Whole),
    maybe("next_poll_at", Moment),
    needed("closed", Boolean),
    Index(None, "workspace", "created_at"),
    Index(None, "status"),
    Index(None, "closed", "next_poll_at"),
)
events = Table(
    "events",
    metadata,
    key("job_id", ForeignKey("jobs.id")),
    key("id"),
    needed("workspace", Words),
    #: Counts within the job: a backend's times have whole seconds and don't tell the order.
    needed("position", Whole),
    needed("created_at", Moment),
    needed("level", Words),
    needed("type", Words),
    needed("message", Words),
    needed("data", Nested(dict[str, Any])),
)
checkpoints = Table(
    "checkpoints",
    metadata,
    key("job_id", ForeignKey("jobs.id")),
    key("id"),
    needed("workspace", Words),
    needed("model", Words),
    needed("step", Whole),
    needed("created_at", Moment),
    needed("metrics", Nested(dict[str, float])),
)
models = Table(
    "models",
    metadata,
    key("workspace"),
    key("id"),
    needed("owner", Words),
    needed("job_id", Words),
    needed("base", Words),
    needed("created_at", Moment),
    maybe("system_prompt", Words),
    maybe("deleted_at", Moment),
    maybe("deleted_by", Words),
)
asks = Table(
    "asks",
    metadata,
    key("id"),
    needed("workspace", Words),
    needed("user", Words),
    needed("channel", Words),
    needed("model", Words),
    needed("question", Words),
    needed("created_at", Moment),
    needed("answer", Words),
    maybe("prompt_tokens", Whole),
    maybe("completion_tokens", Whole),
    maybe("usd", Real),
    Index(None, "workspace", "created_at"),
)
