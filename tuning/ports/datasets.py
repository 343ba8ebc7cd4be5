"""Repositories of data: drops, datasets, their copies at the backend, and overlaps between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tuning.records import Dataset, Drop, Edit, Overlap, SplitAsked, Upload, Version


class Drops(Protocol):
    async def add(self, drop: Drop) -> bool:
        """Store a new drop; False when this file in this channel is on record already."""
        ...

    async def get(self, drop_id: str) -> Drop | None: ...
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

    async def save(self, dataset: Dataset) -> None:
        """Overwrite all but its versions."""
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
    async def list(
        self, workspace: str, *, search: str = "", limit: int = 100, start: int = 0
    ) -> Sequence[Dataset]:
        """Some datasets whose name holds `search`, from the `start`-th (from 0) on."""
        ...


class Splits(Protocol):
    """Splits that were asked for and aren't answered yet."""

    async def add(self, asked: SplitAsked) -> None: ...
    async def remove(self, asked: SplitAsked) -> None: ...
    async def all(self) -> Sequence[SplitAsked]:
        """Of all workspaces, oldest first."""
        ...


class Uploads(Protocol):
    async def get(self, workspace: str, sha256: str) -> Upload | None: ...
    async def save(self, upload: Upload) -> None: ...
    async def remove(self, upload: Upload) -> None: ...
    async def deleting(self) -> Sequence[Upload]: ...


class Overlaps(Protocol):
    """Which validation rows stand in training data, by the SHA-256 of both."""

    async def get(self, workspace: str, training: str, validation: str) -> Overlap | None: ...
    async def save(self, workspace: str, training: str, validation: str, found: Overlap) -> None: ...
