"""The tables. A column has the name of its record's field; the few more that a table keeps say why.

Every row belongs to a workspace, except a lease, which belongs to a process.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, MetaData, Table, UniqueConstraint

from storage.types import Choice, Moment, Nested, Real, Whole, Words
from tuning.datasets.progress import Progress as CheckProgress
from tuning.datasets.report import Report
from tuning.records import (
    Acceptance,
    Diff,
    DropState,
    Offer,
    Overlap,
    PartialUpload,
    Plan,
    Progress,
    Remedy,
    Source,
    UpdateState,
    UploadState,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str, *references: Any) -> Column[Any]:
    return Column(name, Words, *references, primary_key=True)


def _needed(name: str, kind: Any, *references: Any) -> Column[Any]:
    return Column(name, kind, *references, nullable=False)


def _maybe(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=True)


drops = Table(
    "drops",
    metadata,
    _key("id"),
    _needed("workspace", Words),
    _needed("channel", Words),
    _needed("file_id", Words),
    _needed("user", Words),
    _maybe("thread_ts", Words),
    _needed("state", Choice(DropState)),
    _needed("created_at", Moment),
    _needed("filename", Words),
    _needed("size", Whole),
    _maybe("dataset_id", Words),
    _maybe("version_id", Words),
    _needed("known", Boolean),
    _maybe("report", Nested(Report)),
    _needed("problem", Words),
    _needed("reply", Boolean),
    _needed("sha256", Words),
    _maybe("remedy", Nested(Remedy)),
    _maybe("offer", Nested(Offer)),
    _maybe("source", Nested(Source)),
    #: The source's, to find who needs these bytes.
    _needed("source_sha256", Words),
    _needed("findings", Words),
    _maybe("seen", Nested(CheckProgress)),
    _needed("stopped_by", Words),
    UniqueConstraint("workspace", "channel", "file_id"),
    Index(None, "state"),
    Index(None, "workspace", "channel", "thread_ts"),
    Index(None, "workspace", "dataset_id"),
    Index(None, "sha256"),
    Index(None, "source_sha256"),
    Index(None, "findings"),
)

edits = Table(
    "edits",
    metadata,
    _key("workspace"),
    _key("drop_id"),
    Column("row", Whole, primary_key=True),
    _maybe("text", Words),
    _needed("by", Words),
    _needed("made_at", Moment),
)

datasets = Table(
    "datasets",
    metadata,
    _key("id"),
    _needed("workspace", Words),
    _needed("name", Words),
    _needed("owner", Words),
    _needed("created_at", Moment),
    UniqueConstraint("workspace", "name"),
)

versions = Table(
    "versions",
    metadata,
    _key("id"),
    #: The dataset's, so that a lookup by content needs no join.
    _needed("workspace", Words),
    _needed("dataset_id", Words, ForeignKey("datasets.id")),
    _needed("number", Whole),
    _needed("sha256", Words),
    _needed("size", Whole),
    _needed("report", Nested(Report)),
    _needed("created_by", Words),
    _needed("created_at", Moment),
    _maybe("diff", Nested(Diff)),
    _maybe("accepted", Nested(Acceptance)),
    _maybe("source", Nested(Source)),
    #: The source's, to find who needs these bytes.
    _needed("source_sha256", Words),
    UniqueConstraint("dataset_id", "number"),
    Index(None, "workspace", "sha256"),
    Index(None, "sha256"),
    Index(None, "source_sha256"),
)

jobs = Table(
    "jobs",
    metadata,
    _key("id"),
    _needed("workspace", Words),
    _needed("owner", Words),
    _needed("channel", Words),
    _needed("plan", Nested(Plan)),
    #: The plan's, to find the jobs that use a version.
    _needed("version_id", Words),
    _maybe("validation_version_id", Words),
    _needed("status", Words),
    _needed("created_at", Moment),
    _maybe("backend_id", Words),
    _maybe("training_file", Words),
    _maybe("validation_file", Words),
    _maybe("create_attempted_at", Moment),
    _maybe("cancel_requested_by", Words),
    _maybe("started_at", Moment),
    _maybe("finished_at", Moment),
    _maybe("estimated_finish", Moment),
    _maybe("model", Words),
    _maybe("trained_tokens", Whole),
    _maybe("error_code", Words),
    _maybe("error_message", Words),
    _needed("progress", Nested(Progress)),
    _needed("last_message", Words),
    _needed("trouble", Words),
    _needed("troubles", Whole),
    _maybe("next_poll_at", Moment),
    _needed("closed", Boolean),
    Index(None, "workspace", "created_at"),
    Index(None, "status"),
    Index(None, "closed", "next_poll_at"),
)

events = Table(
    "events",
    metadata,
    _key("job_id", ForeignKey("jobs.id")),
    _key("id"),
    _needed("workspace", Words),
    #: Counts within the job: a backend's times have whole seconds and don't tell the order.
    _needed("position", Whole),
    _needed("created_at", Moment),
    _needed("level", Words),
    _needed("type", Words),
    _needed("message", Words),
    _needed("data", Nested(dict[str, Any])),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _key("job_id", ForeignKey("jobs.id")),
    _key("id"),
    _needed("workspace", Words),
    _needed("model", Words),
    _needed("step", Whole),
    _needed("created_at", Moment),
    _needed("metrics", Nested(dict[str, float])),
)

models = Table(
    "models",
    metadata,
    _key("workspace"),
    _key("id"),
    _needed("owner", Words),
    _needed("job_id", Words),
    _needed("base", Words),
    _needed("created_at", Moment),
    _maybe("system_prompt", Words),
    _maybe("deleted_at", Moment),
    _maybe("deleted_by", Words),
)

uploads = Table(
    "uploads",
    metadata,
    _key("workspace"),
    _key("sha256"),
    _needed("filename", Words),
    _needed("state", Choice(UploadState)),
    _maybe("file_id", Words),
    _maybe("attempted_at", Moment),
    _maybe("partial", Nested(PartialUpload)),
    Index(None, "state"),
)

leaks = Table(
    "leaks",
    metadata,
    _key("workspace"),
    _key("training"),
    _key("validation"),
    _needed("found", Nested(Overlap)),
)

asks = Table(
    "asks",
    metadata,
    _key("id"),
    _needed("workspace", Words),
    _needed("user", Words),
    _needed("channel", Words),
    _needed("model", Words),
    _needed("question", Words),
    _needed("created_at", Moment),
    _needed("answer", Words),
    _maybe("prompt_tokens", Whole),
    _maybe("completion_tokens", Whole),
    _maybe("usd", Real),
    Index(None, "workspace", "created_at"),
)

updates = Table(
    "updates",
    metadata,
    _key("id"),
    _needed("workspace", Words),
    _needed("channel", Words),
    _needed("kind", Words),
    _needed("subject", Words),
    _needed("created_at", Moment),
    _needed("payload", Nested(dict[str, Any])),
    _maybe("thread_ts", Words),
    _maybe("parent", Words),
    _maybe("recipient", Words),
    _needed("state", Choice(UpdateState)),
    _maybe("ts", Words),
    _needed("revision", Whole),
    _needed("shown", Whole),
    _needed("attempts", Whole),
    _maybe("not_before", Moment),
    _needed("seq", Whole),
    #: A card's place in the queue for being edited; null while the message shows its newest revision.
    _maybe("waiting", Whole),
    UniqueConstraint("seq"),
    Index(None, "state", "workspace", "channel", "seq"),
    Index(None, "subject", "kind"),
    Index(None, "waiting"),
)

deeds = Table(
    "deeds",
    metadata,
    _key("workspace"),
    _key("key"),
    _needed("seen_at", Moment),
    Index(None, "seen_at"),
)

leases = Table(
    "leases",
    metadata,
    _key("name"),
    _needed("holder", Words),
    _needed("until", Moment),
)
