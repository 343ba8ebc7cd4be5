"""The tables of data: drops, datasets, their copies at the backend, and overlaps between them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, UniqueConstraint

from storage.schema.columns import key, maybe, metadata, needed
from storage.types import Choice, Moment, Nested, Real, Whole, Words
from tuning.datasets.progress import Progress as CheckProgress
from tuning.datasets.report import Report
from tuning.records import (
    Acceptance,
    Correction,
    Diff,
    DropState,
    Offer,
    Overlap,
    PartialUpload,
    Remedy,
    Source,
    UploadState,
    Waiting,
)

drops = Table(
    "drops",
    metadata,
    key("id"),
    needed("workspace", Words),
    needed("channel", Words),
    needed("file_id", Words),
    needed("user", Words),
    maybe("thread_ts", Words),
    needed("state", Choice(DropState)),
    needed("created_at", Moment),
    needed("filename", Words),
    needed("size", Whole),
    maybe("dataset_id", Words),
    maybe("version_id", Words),
    needed("known", Boolean),
    maybe("report", Nested(Report)),
    needed("problem", Words),
    needed("reply", Boolean),
    needed("sha256", Words),
    maybe("remedy", Nested(Remedy)),
    maybe("offer", Nested(Offer)),
    maybe("source", Nested(Source)),
    #: The source's, to find who needs these bytes.
    needed("source_sha256", Words),
    needed("findings", Words),
    maybe("seen", Nested(CheckProgress)),
    needed("stopped_by", Words),
    maybe("corrects", Nested(Correction)),
    needed("corrected_by", Words),
    maybe("waiting", Nested(Waiting)),
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
    key("workspace"),
    key("drop_id"),
    Column("row", Whole, primary_key=True),
    maybe("text", Words),
    needed("by", Words),
    needed("made_at", Moment),
)

datasets = Table(
    "datasets",
    metadata,
    key("id"),
    needed("workspace", Words),
    needed("name", Words),
    needed("owner", Words),
    needed("created_at", Moment),
    needed("direct", Boolean),
    UniqueConstraint("workspace", "name"),
)

versions = Table(
    "versions",
    metadata,
    key("id"),
    #: The dataset's, so that a lookup by content needs no join.
    needed("workspace", Words),
    needed("dataset_id", Words, ForeignKey("datasets.id")),
    needed("number", Whole),
    needed("sha256", Words),
    needed("size", Whole),
    needed("report", Nested(Report)),
    needed("created_by", Words),
    needed("created_at", Moment),
    maybe("diff", Nested(Diff)),
    maybe("accepted", Nested(Acceptance)),
    maybe("source", Nested(Source)),
    #: The source's, to find who needs these bytes.
    needed("source_sha256", Words),
    UniqueConstraint("dataset_id", "number"),
    Index(None, "workspace", "sha256"),
    Index(None, "sha256"),
    Index(None, "source_sha256"),
)


uploads = Table(
    "uploads",
    metadata,
    key("workspace"),
    key("sha256"),
    needed("filename", Words),
    needed("state", Choice(UploadState)),
    maybe("file_id", Words),
    maybe("attempted_at", Moment),
    maybe("partial", Nested(PartialUpload)),
    Index(None, "state"),
)

splits = Table(
    "splits",
    metadata,
    key("id"),
    needed("workspace", Words),
    needed("user", Words),
    needed("admin", Boolean),
    needed("dataset", Words),
    needed("validation", Real),
    needed("heldout", Real),
    needed("seed", Whole),
    needed("asked_at", Moment),
)

leaks = Table(
    "leaks",
    metadata,
    key("workspace"),
    key("training"),
    key("validation"),
    needed("found", Nested(Overlap)),
)
