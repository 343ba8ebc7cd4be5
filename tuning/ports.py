"""What the domain needs of the world outside, as protocols that gateways and storage fulfil.

Every backend call raises a `tuning.errors.BackendError` and nothing else. A lookup by id that
finds nothing returns None; listings are newest first unless said otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tuning.datasets.progress import Progress
from tuning.datasets.report import Report
from tuning.records import (
    Ask,
    BackendFile,
    BackendJob,
    BackendModel,
    Checkpoint,
    Dataset,
    Delta,
    Diff,
    Drop,
    Edit,
    Event,
    Job,
    Model,
    Offer,
    Overlap,
    Plan,
    Remedy,
    SharedFile,
    Update,
    Upload,
    Version,
)

#: Is told how many bytes of a file, or of a part, were handed over so far.
Sent = Callable[[int], None]


class Backend(Protocol):
    """A service that speaks the OpenAI fine-tuning wire. Writes are sent once, never retried inside."""

    async def upload(self, path: Path, filename: str, sent: Sent | None = None) -> BackendFile:
        """Send a file with purpose fine-tune, streamed from disk."""
        ...

    async def begin_upload(self, filename: str, size: int) -> tuple[str, datetime]:
        """Announce a file that comes in parts: the upload's id, and until when it can be completed.

        Raises BackendNotFound when the backend takes no files in parts.
        """
        ...

    async def send_part(
        self, upload_id: str, path: Path, start: int, size: int, sent: Sent | None = None
    ) -> str:
        """Send `size` bytes of a file from `start` on, streamed from disk; the part's id."""
        ...

    async def complete_upload(self, upload_id: str, parts: Sequence[str]) -> BackendFile:
        """Make a file of these parts, in this order."""
        ...

    async def cancel_upload(self, upload_id: str) -> None:
        """Give up an upload in parts; one that is over already is fine."""
        ...

    async def find_files(self, filename: str) -> list[BackendFile]:
        """All files with exactly this name."""
        ...

    async def delete_file(self, file_id: str) -> None:
        """Delete a file; one that is gone already is fine."""
        ...

    async def create_job(
        self, plan: Plan, *, training_file: str, validation_file: str | None, metadata: dict[str, str]
    ) -> BackendJob: ...

    async def find_jobs(self, metadata: dict[str, str], *, since: datetime) -> list[BackendJob]:
        """Jobs created after `since` whose metadata hold these pairs, if the backend can filter or not."""
        ...

    async def job(self, backend_id: str) -> BackendJob: ...

    async def cancel_job(self, backend_id: str) -> BackendJob: ...

    async def events(self, backend_id: str, known: frozenset[str]) -> list[Event]:
        """Events that are not in `known`, oldest first; stops paging at the first page of known ones."""
        ...

    async def checkpoints(self, backend_id: str) -> list[Checkpoint]:
        """Oldest first; a backend without checkpoints has none."""
        ...

    async def models(self) -> list[BackendModel]: ...

    async def delete_model(self, model: str) -> None:
        """Delete a fine-tuned model; one that is gone already is fine."""
        ...

    def answer(self, model: str, question: str, *, system: str | None) -> AsyncIterator[Delta]:
        """Stream a chat completion; the last delta carries the token counts when the backend tells them."""
        ...


class DatasetFiles(Protocol):
    """The bytes of versions, kept once under their SHA-256."""

    def path(self, sha256: str) -> Path: ...

    async def keep(self, temporary: Path, sha256: str) -> Path:
        """Move a finished file in, atomically; the same bytes are kept once."""
        ...

    def temporary(self, name: str) -> Path:
        """A path for a file in the making, on the same disk; leftovers are removed at the next start."""
        ...

    def used(self) -> int:
        """Bytes of all kept files and of those in the making."""
        ...

    def kept(self) -> Iterator[tuple[str, float]]:
        """Every kept file's SHA-256, with when it was kept (seconds since 1970)."""
        ...

    def remove(self, sha256: str) -> None:
        """Delete a kept file; one that is gone already is fine."""
        ...


class SharedFiles(Protocol):
    """Files that people shared in the chat."""

    async def info(self, file_id: str, channel: str) -> SharedFile:
        """Raises FileUnreadable when the file is gone or may not be read."""
        ...

    async def head(self, file: SharedFile, most: int) -> bytes:
        """The first bytes, at most so many; raises FileUnreadable."""
        ...

    async def download(self, file: SharedFile, target: Path) -> str:
        """Stream to disk; a transfer that drops goes on where it was. Raises FileUnreadable.

        Returns the SHA-256 of what came, counted on the way.
        """
        ...


CheckListener = Callable[[Progress], Awaitable[bool]]


class Checker(Protocol):
    """Checks a file in a process of its own, so that the event loop never waits for it."""

    async def check(
        self,
        path: Path,
        *,
        base: str | None = None,
        findings: Path | None = None,
        progress: CheckListener | None = None,
    ) -> Report:
        """The report; all findings go to the CSV file `findings` when it is named.

        `progress` is awaited with what is known so far, about once a second and never twice at a time; when
        it answers True, the check ends soon and its report is `partial`.
        """
        ...


class Reworker(Protocol):
    """Makes files out of files in a process of its own. Raises FileUnreadable with what to do."""

    async def redact(self, source: Path, target: Path) -> dict[str, int]:
        """Write a copy without what is private; how often each kind of it was replaced."""
        ...

    async def plain(self, source: Path, target: Path, most: int) -> tuple[str, str]:
        """Unpack a file and make it UTF-8: its packing and its encoding, empty where nothing was done.

        `most` bounds what is unpacked, in bytes.
        """
        ...

    async def preview(self, source: Path, remedy: Remedy | None = None) -> Offer:
        """How the file would be converted, with a remedy's templates where it has some."""
        ...

    async def convert(self, source: Path, target: Path, remedy: Remedy) -> Remedy:
        """Write the rows as JSONL; the remedy with how many there are and how many were left out."""
        ...

    async def split(
        self, source: Path, folder: Path, *, validation: float, heldout: float, seed: int
    ) -> list[tuple[str, Path]]:
        """Write the parts into the folder: their names with their files."""
        ...


class Leaks(Protocol):
    """Looks for validation rows in training data in a process of its own. Raises FileUnreadable."""

    async def find(self, training: Path, validation: Path) -> Overlap: ...


class Comparer(Protocol):
    """Compares two versions in a process of its own."""

    async def compare(self, old: Path, new: Path) -> Diff: ...


class Clock(Protocol):
    def __call__(self) -> datetime: ...


class Drops(Protocol):
    async def add(self, drop: Drop) -> bool:
        """Store a new drop; False when this file in this channel is on record already."""
        ...

    async def get(self, drop_id: str) -> Drop | None: ...
    async def by_file(self, workspace: str, channel: str, file_id: str) -> Drop | None: ...
    async def save(self, drop: Drop) -> None: ...

    async def unfinished(self) -> Sequence[Drop]:
        """Drops in state received, oldest first, of all workspaces."""
        ...

    async def in_thread(self, workspace: str, channel: str, thread_ts: str) -> Sequence[Drop]:
        """The drops that are answered in this thread, oldest first."""
        ...

    async def of_dataset(self, workspace: str, dataset_id: str) -> Sequence[Drop]:
        """The drops that were kept as this dataset or found to be in it."""
        ...

    async def mendable_before(self, moment: datetime) -> Sequence[Drop]:
        """Rejected drops from before this moment, of all workspaces, whose bytes are still kept."""
        ...

    async def edit(self, edit: Edit) -> None:
        """Note what becomes of a row; the last word counts."""
        ...

    async def edits(self, workspace: str, drop_id: str) -> Sequence[Edit]:
        """By row."""
        ...

    async def forget_edits(self, workspace: str, drop_id: str) -> None: ...


class Datasets(Protocol):
    async def add(self, dataset: Dataset) -> None:
        """Store a dataset with its versions; its name must be free in the workspace."""
        ...

    async def add_version(self, version: Version) -> None: ...
    async def get(self, workspace: str, dataset_id: str) -> Dataset | None: ...
    async def version(self, workspace: str, version_id: str) -> Version | None: ...

    async def by_sha256(self, workspace: str, sha256: str) -> Dataset | None:
        """The dataset that has a version with these bytes."""
        ...

    async def rename(self, dataset: Dataset, name: str) -> None:
        """Raises a Conflict when another dataset has this name."""
        ...

    async def remove(self, dataset: Dataset) -> None:
        """Delete a dataset with its versions."""
        ...

    async def needs_bytes(self, sha256: str) -> bool:
        """Whether any version of any workspace, or any drop that can be mended, has or was made of these
        bytes, or has them as its findings."""
        ...

    async def names(self, workspace: str) -> Sequence[str]: ...
    async def list(self, workspace: str, *, search: str = "", limit: int = 100) -> Sequence[Dataset]: ...


class Jobs(Protocol):
    async def add(self, job: Job) -> bool:
        """Store a new job; False when one with this id is on record already."""
        ...

    async def get(self, job_id: str) -> Job | None: ...
    async def save(self, job: Job) -> None: ...

    async def matching(self, workspace: str, ref: str) -> Sequence[Job]:
        """Jobs whose own or backend id is `ref` or starts with it (a letter's case doesn't matter)."""
        ...

    async def list(self, workspace: str, *, owner: str | None = None, limit: int = 20) -> Sequence[Job]: ...
    async def launching(self) -> Sequence[Job]:
        """Jobs in uploading or creating, oldest first, of all workspaces."""
        ...

    async def due(self, now: datetime, limit: int = 50) -> Sequence[Job]:
        """Jobs at the backend, not closed, whose `next_poll_at` has come, longest waiting first."""
        ...

    async def using_version(self, workspace: str, version_id: str) -> Sequence[Job]:
        """Jobs whose plan names this version as training or validation data."""
        ...

    async def event_ids(self, job_id: str) -> frozenset[str]: ...
    async def add_events(self, job_id: str, events: Sequence[Event]) -> None: ...
    async def events(self, job_id: str, limit: int = 20) -> Sequence[Event]:
        """Newest first."""
        ...

    async def add_checkpoints(self, job_id: str, checkpoints: Sequence[Checkpoint]) -> Sequence[Checkpoint]:
        """Store those that are new, and return them."""
        ...

    async def checkpoints(self, job_id: str) -> Sequence[Checkpoint]: ...

    async def with_checkpoint(self, workspace: str, model: str) -> Job | None:
        """The job that made the checkpoint of this model name."""
        ...


class Models(Protocol):
    async def add(self, model: Model) -> None:
        """Store a model; one that is on record already stays as it is."""
        ...

    async def save(self, model: Model) -> None: ...

    async def get(self, workspace: str, model_id: str) -> Model | None: ...
    async def list(self, workspace: str, *, search: str = "", limit: int = 100) -> Sequence[Model]:
        """Models that were not deleted."""
        ...


class Uploads(Protocol):
    async def get(self, workspace: str, sha256: str) -> Upload | None: ...
    async def save(self, upload: Upload) -> None: ...
    async def remove(self, upload: Upload) -> None: ...
    async def by_file(self, workspace: str, file_id: str) -> Upload | None: ...
    async def deleting(self) -> Sequence[Upload]: ...


class Overlaps(Protocol):
    """Which validation rows stand in training data, by the SHA-256 of both."""

    async def get(self, workspace: str, training: str, validation: str) -> Overlap | None: ...
    async def save(self, workspace: str, training: str, validation: str, found: Overlap) -> None: ...


class Asks(Protocol):
    async def add(self, ask: Ask) -> None: ...
    async def list(self, workspace: str, limit: int = 20) -> Sequence[Ask]: ...


class Updates(Protocol):
    async def add(self, update: Update) -> None:
        """Owe a message; one that is on record already stays as it is."""
        ...

    async def get(self, update_id: str) -> Update | None: ...

    async def save(self, update: Update) -> None:
        """Overwrite; `seq` stays, and a revision never goes back."""
        ...

    async def card(self, kind: str, subject: str) -> Update | None: ...

    async def revise(self, kind: str, subject: str) -> None:
        """Count up the revision of the subject's card, if it has one."""
        ...

    async def open_channels(self, now: datetime) -> Sequence[tuple[str, str]]:
        """(workspace, channel) pairs with an update that is due: to post, or to edit."""
        ...

    async def next_in(self, workspace: str, channel: str, now: datetime) -> Update | None:
        """The first update to post in this channel by `seq`, else the longest waiting card to edit.

        None when nothing is due, or when the first one to post must wait (`not_before`).
        An update whose parent is neither sent nor dead waits for it.
        """
        ...


class Deeds(Protocol):
    """What was done once and must not be done again (a command, a click, an event)."""

    async def first(self, workspace: str, key: str, now: datetime) -> bool:
        """True the first time that this key is seen in the workspace."""
        ...

    async def forget_before(self, moment: datetime) -> None: ...


class Transaction(Protocol):
    """All repositories over one database transaction."""

    @property
    def drops(self) -> Drops: ...
    @property
    def datasets(self) -> Datasets: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def models(self) -> Models: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def overlaps(self) -> Overlaps: ...
    @property
    def asks(self) -> Asks: ...
    @property
    def updates(self) -> Updates: ...
    @property
    def deeds(self) -> Deeds: ...


class Store(Protocol):
    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        ...

    async def ping(self) -> None:
        """Raises when the database doesn't answer."""
        ...


class Leases(Protocol):
    """Who works on what, across processes. A lease is held by this process and ends with it."""

    async def acquire(self, name: str) -> bool:
        """True when nobody holds it, in this process either; who died on this machine holds nothing."""
        ...

    async def release(self, name: str) -> None: ...

    async def renew(self) -> None:
        """Extend all leases that this process holds; the schedule calls it."""
        ...
