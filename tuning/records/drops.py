"""A file on its way to being a dataset: dropped, checked, and mended where it was rejected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tuning.datasets.progress import Progress as CheckProgress
from tuning.datasets.report import Report
from tuning.records.datasets import Diff, Source


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
    #: What was assumed, and what of the file wouldn't be in the rows.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """In which rows errors of each kind are: gone ones by the rejected file's rows, others by the new one's.

    Row 0 is the file as a whole.
    """

    gone: dict[str, tuple[int, ...]]
    left: dict[str, tuple[int, ...]]
    new: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a file changed against the rejected file `drop_id` of its thread, which it is meant to correct.

    `before` and `after` count the errors of each kind in both. `diff` is None where rows can't be compared.
    """

    drop_id: str
    filename: str
    before: dict[str, int]
    after: dict[str, int]
    diff: Diff | None = None
    #: The rejected file was checked to its end.
    whole: bool = True
    #: The corrected file was changed by hand or by a remedy since `diff` was counted.
    edited: bool = False
    #: None where some rows with errors aren't known.
    moved: Moved | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a file waits for before it is checked: so many files, or the one `after` of its own thread."""

    ahead: int = 0
    after: str = ""


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
    #: What it changed against a rejected file of its thread.
    corrects: Correction | None = None
    #: The drop whose file corrects this rejected one: nothing is offered here any more.
    corrected_by: str = ""
    #: Told when it waits for more than a moment.
    waiting: Waiting | None = None

    @property
    def direct(self) -> bool:
        """Dropped where nobody but its person and the bot sees it."""
        return self.channel.startswith("D")

    @property
    def owner(self) -> str:
        """Who may mend it."""
        return self.user


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
