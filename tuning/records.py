"""The records that the domain owns: frozen, typed, free of SDK and ORM types.

Times are aware datetimes in UTC. `workspace` is a Slack team id; every record belongs to one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tuning.datasets.progress import Progress as CheckProgress
from tuning.datasets.report import Report


class Method(StrEnum):
    """How to train; the values are the wire's."""

    supervised = "supervised"
    dpo = "dpo"
    reinforcement = "reinforcement"


class Status(StrEnum):
    """A job's states: two of ours before the backend knows it, then the wire's own."""

    uploading = "uploading"
    creating = "creating"
    validating_files = "validating_files"
    queued = "queued"
    running = "running"
    pausing = "pausing"
    paused = "paused"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"


#: Before the backend gave the job an id.
LAUNCHING = frozenset({Status.uploading.value, Status.creating.value})
#: No job leaves these.
ENDED = frozenset({Status.succeeded.value, Status.failed.value, Status.cancelled.value})


@dataclass(frozen=True, slots=True)
class Person:
    """Who does something: a Slack user in a workspace."""

    workspace: str
    user: str
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """How one version's rows differ from those of the version before it."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who answers for the secrets and personal data in a version: which, and how many of each."""

    by: str
    at: datetime
    codes: dict[str, int]


class Step(StrEnum):
    """What was done to a dropped file before it was kept."""

    #: Out of gzip or ZIP.
    unpacked = "unpacked"
    #: From UTF-16 or UTF-32 to UTF-8.
    recoded = "recoded"
    converted = "converted"
    mended = "mended"
    redacted = "redacted"


@dataclass(frozen=True, slots=True)
class Source:
    """The dropped file that a version was made of, and how.

    It is kept with the version under `sha256`, which is empty where it is not: what was private in it was
    redacted, or it holds the same rows in a packing or an encoding. `diff` counts the rows from it to the
    version, where both are JSONL.
    """

    filename: str
    size: int
    sha256: str
    steps: tuple[Step, ...]
    diff: Diff | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One content of a dataset; the bytes are kept under their SHA-256."""

    id: str
    dataset_id: str
    number: int
    sha256: str
    size: int
    report: Report
    created_by: str
    created_at: datetime
    #: None for a first version, and where the rows could not be compared.
    diff: Diff | None = None
    accepted: Acceptance | None = None
    #: None when the bytes are as they were dropped.
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A training file that a person brought, with its versions, oldest first."""

    id: str
    workspace: str
    name: str
    owner: str
    created_at: datetime
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        return self.versions[-1]


class DropState(StrEnum):
    received = "received"
    kept = "kept"
    rejected = "rejected"
    failed = "failed"
    ignored = "ignored"


class RemedyKind(StrEnum):
    redact = "redact"
    accept = "accept"
    convert = "convert"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What somebody asked for, so that a rejected file can be kept.

    `codes` counts what is accepted, or what was replaced once it is done. The texts are a conversion's:
    templates in which `{column}` stands for a cell, and the system prompt.
    """

    kind: RemedyKind
    by: str
    asked_at: datetime
    codes: dict[str, int] = field(default_factory=dict)
    user: str = ""
    assistant: str = ""
    system: str = ""
    rows: int = 0
    skipped: int = 0
    #: The first records that a conversion left out, with why.
    skips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """How a file of another format would be converted: its shape, its columns, and the first rows.

    `trouble` says why it can't be without more being told. What is private in the rows is replaced.
    """

    shape: str
    columns: tuple[str, ...] = ()
    preview: tuple[str, ...] = ()
    trouble: str = ""
    #: Where the shape tells nothing: the columns that are likely asked and answered.
    guess: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drop:
    """A file that somebody dropped into a channel, until it is kept, rejected or failed."""

    id: str
    workspace: str
    channel: str
    file_id: str
    user: str
    thread_ts: str | None
    state: DropState
    created_at: datetime
    filename: str = ""
    size: int = 0
    dataset_id: str | None = None
    version_id: str | None = None
    #: The version was here before: nothing was kept a second time.
    known: bool = False
    report: Report | None = None
    #: What kept it from being kept; of a kept one, what its person should know.
    problem: str = ""
    #: Dropped into a thread that was there before, not in a message of its own.
    reply: bool = False
    #: The bytes that wait here to be mended, of a rejected drop; empty when there are none.
    sha256: str = ""
    #: Asked for and, once the drop is kept, done.
    remedy: Remedy | None = None
    offer: Offer | None = None
    #: What `sha256` was made of, once something was.
    source: Source | None = None
    #: The SHA-256 of the table of all findings, of a rejected drop.
    findings: str = ""
    #: How far the check is, of one that takes long.
    seen: CheckProgress | None = None
    #: Who asked for the check's end before it saw all rows.
    stopped_by: str = ""

    @property
    def owner(self) -> str:
        """Who may mend it."""
        return self.user


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of a validation file's rows stand in the training file too, whole, by their prompt or nearly.

    `examples` are the first few: the row, and where it stands. Without `closely`, rows that are nearly the
    same weren't looked for: there are too many.
    """

    rows: int
    leaked: int
    examples: tuple[tuple[int, str], ...] = ()
    closely: bool = True


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of one row of a rejected drop: its new text, or None when it is left out."""

    workspace: str
    drop_id: str
    row: int
    text: str | None
    by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class SharedFile:
    """What the chat says of a file; `thread_ts` is where to answer in the channel that was asked about."""

    id: str
    name: str
    size: int
    mimetype: str
    url: str
    thread_ts: str | None = None
    #: It was shared within a thread.
    reply: bool = False


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """None means that the backend chooses ("auto")."""

    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    beta: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan may cost: tokens trained on, and US dollars as a range (None: no price on record)."""

    tokens: int
    usd_low: float | None = None
    usd_high: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A job that is proposed and not started."""

    id: str
    workspace: str
    owner: str
    channel: str
    dataset_id: str
    dataset_name: str
    version_id: str
    base: str
    method: Method = Method.supervised
    suffix: str | None = None
    seed: int | None = None
    hyperparameters: Hyperparameters = Hyperparameters()
    validation_name: str | None = None
    validation_version_id: str | None = None
    estimate: Estimate = Estimate(0)
    #: None where there is no validation data, or nobody looked yet.
    overlap: Overlap | None = None
    #: 0 in plans that were made before these were on record.
    version_number: int = 0
    validation_version_number: int = 0

    @property
    def trains_on(self) -> str:
        """The dataset and its version, as people type them: `news@2`."""
        return at_version(self.dataset_name, self.version_number)

    @property
    def validates_on(self) -> str:
        """The same of what it is validated on; empty when it isn't."""
        return at_version(self.validation_name or "", self.validation_version_number)


def at_version(name: str, number: int) -> str:
    """A dataset's name with a version's number, where both are known."""
    return f"{name}@{number}" if name and number else name


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest metrics of a job; losses are means over a step's tokens."""

    step: int | None = None
    total_steps: int | None = None
    train_loss: float | None = None
    valid_loss: float | None = None
    train_accuracy: float | None = None
    #: The last training losses, oldest first, for a small chart.
    losses: tuple[float, ...] = ()
    #: Bytes of a file on its way to the backend: those that were sent, and all.
    sent: int | None = None
    to_send: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A plan that was started; its id is the plan's. It has one owner and one thread."""

    id: str
    workspace: str
    owner: str
    channel: str
    plan: Plan
    #: One of Status, or a word of the backend's that we don't know.
    status: str
    created_at: datetime
    backend_id: str | None = None
    training_file: str | None = None
    validation_file: str | None = None
    #: When a create was last sent whose outcome is not on record yet.
    create_attempted_at: datetime | None = None
    cancel_requested_by: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    estimated_finish: datetime | None = None
    model: str | None = None
    trained_tokens: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    progress: Progress = Progress()
    #: The newest event's words, as the backend wrote them.
    last_message: str = ""
    #: What keeps us from following the job just now, in words for people; empty when all is well.
    trouble: str = ""
    troubles: int = 0
    next_poll_at: datetime | None = None
    #: Its end was told and no event is missing: it is not polled any more.
    closed: bool = False

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def shown_id(self) -> str:
        """The id that people see: the backend's as soon as there is one."""
        return self.backend_id or self.id


@dataclass(frozen=True, slots=True)
class Event:
    """What the backend says of a job."""

    id: str
    created_at: datetime
    level: str
    type: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model on the way: it answers like the finished one."""

    id: str
    model: str
    step: int
    created_at: datetime
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendJob:
    """A job as the backend tells it."""

    id: str
    status: str
    model: str | None = None
    training_file: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    estimated_finish: datetime | None = None
    trained_tokens: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendFile:
    id: str
    filename: str
    size: int


@dataclass(frozen=True, slots=True)
class BackendModel:
    id: str
    owned_by: str = ""
    #: The day after which it answers no more, when the backend says so (YYYY-MM-DD).
    shutdown_date: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What a job made. `deleted_at` is set once the backend let go of it."""

    id: str
    workspace: str
    owner: str
    job_id: str
    base: str
    created_at: datetime
    #: The system prompt that all training rows shared; asks send it too.
    system_prompt: str | None = None
    deleted_at: datetime | None = None
    deleted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one model, with its answer, tokens and cost in US dollars."""

    id: str
    workspace: str
    user: str
    channel: str
    model: str
    question: str
    created_at: datetime
    answer: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer; the last one carries the token counts."""

    text: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """A file on its way to the backend in parts; those that the backend has, in their order.

    Each part but the last has `part_bytes`; the parts don't outlive `expires_at`.
    """

    id: str
    expires_at: datetime
    part_bytes: int
    parts: tuple[str, ...] = ()


class UploadState(StrEnum):
    uploading = "uploading"
    ready = "ready"
    deleting = "deleting"


@dataclass(frozen=True, slots=True)
class Upload:
    """A version's bytes at the backend, one for each workspace and content."""

    workspace: str
    sha256: str
    filename: str
    state: UploadState
    file_id: str | None = None
    #: Set before bytes are sent; an attempt whose outcome is unknown is looked up by file name.
    attempted_at: datetime | None = None
    #: What was begun in parts and isn't complete.
    partial: PartialUpload | None = None


class UpdateState(StrEnum):
    pending = "pending"
    sending = "sending"
    sent = "sent"
    dead = "dead"


@dataclass(frozen=True, slots=True)
class Update:
    """A message that we owe to a channel: stored with the state that it tells, sent by the courier.

    `kind` names the view that renders it. Cards (`job_card`, `drop_card`) are rendered from their
    subject's state when sent and edited in place while `revision` is above `shown`; other kinds
    are rendered from `payload` and sent once. `parent` is the update whose message is the thread's
    root; `thread_ts` is a root that was there before us.
    """

    id: str
    workspace: str
    channel: str
    kind: str
    subject: str
    created_at: datetime
    payload: dict[str, Any] = field(default_factory=dict)
    thread_ts: str | None = None
    parent: str | None = None
    #: Whom to tell directly when the channel can't be written to.
    recipient: str | None = None
    state: UpdateState = UpdateState.pending
    ts: str | None = None
    revision: int = 1
    shown: int = 0
    attempts: int = 0
    not_before: datetime | None = None
    #: Given by the store: updates are sent in this order within a channel.
    seq: int = 0
