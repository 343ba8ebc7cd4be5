"""The plain repositories: drops, datasets, models, uploads, overlaps, asks, deeds."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.errors import RecordRefused
from storage.rows import Rows, insert_new
from storage.types import storable
from tuning.records import (
    Ask,
    Dataset,
    Drop,
    DropState,
    Edit,
    Model,
    Overlap,
    Source,
    Upload,
    UploadState,
    Version,
)

#: PostgreSQL indexes no text much longer than 2,600 bytes.
LONGEST_KEY = 500

_drops = Rows(schema.drops, Drop)
_datasets = Rows(schema.datasets, Dataset, without=frozenset({"versions"}))
_versions = Rows(schema.versions, Version)
_models = Rows(schema.models, Model)
_edits = Rows(schema.edits, Edit)
_uploads = Rows(schema.uploads, Upload)
_asks = Rows(schema.asks, Ask)


def holds(column: ColumnElement[str], search: str) -> ColumnElement[bool]:
    """Whether the column's text contains `search`, whatever the case of the letters."""
    return func.lower(column).contains(storable(search).lower(), autoescape=True)


def source_sha256(source: Source | None) -> str:
    """What the column of this name holds."""
    return source.sha256 if source else ""


class SqlDrops:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, drop: Drop) -> bool:
        return await _drops.add(self._connection, drop, source_sha256=source_sha256(drop.source))

    async def get(self, drop_id: str) -> Drop | None:
        return await _drops.one(self._connection, _drops.select(schema.drops.c.id == drop_id))

    async def by_file(self, workspace: str, channel: str, file_id: str) -> Drop | None:
        table = schema.drops.c
        found = _drops.select(
            table.workspace == workspace, table.channel == channel, table.file_id == file_id
        )
        return await _drops.one(self._connection, found)

    async def save(self, drop: Drop) -> None:
        await _drops.save(self._connection, drop, source_sha256=source_sha256(drop.source))

    async def unfinished(self) -> list[Drop]:
        table = schema.drops.c
        received = _drops.select(table.state == DropState.received)
        return await _drops.all(self._connection, received.order_by(table.created_at, table.id))

    async def in_thread(self, workspace: str, channel: str, thread_ts: str) -> list[Drop]:
        table = schema.drops.c
        return await self._oldest_first(
            table.workspace == workspace, table.channel == channel, table.thread_ts == thread_ts
        )

    async def of_dataset(self, workspace: str, dataset_id: str) -> list[Drop]:
        table = schema.drops.c
        return await self._oldest_first(table.workspace == workspace, table.dataset_id == dataset_id)

    async def mendable_before(self, moment: datetime) -> list[Drop]:
        table = schema.drops.c
        return await self._oldest_first(
            table.state == DropState.rejected, table.sha256 != "", table.created_at < moment
        )

    async def edit(self, edit: Edit) -> None:
        if not await _edits.add(self._connection, edit):
            await _edits.save(self._connection, edit)

    async def edits(self, workspace: str, drop_id: str) -> list[Edit]:
        table = schema.edits.c
        found = _edits.select(table.workspace == workspace, table.drop_id == drop_id)
        return await _edits.all(self._connection, found.order_by(table.row))

    async def forget_edits(self, workspace: str, drop_id: str) -> None:
        table = schema.edits.c
        same = (table.workspace == workspace, table.drop_id == drop_id)
        await self._connection.execute(delete(schema.edits).where(*same))

    async def _oldest_first(self, *where: ColumnElement[bool]) -> list[Drop]:
        table = schema.drops.c
        return await _drops.all(self._connection, _drops.select(*where).order_by(table.created_at, table.id))


class SqlDatasets:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, dataset: Dataset) -> None:
        if not await _datasets.add(self._connection, dataset):
            raise RecordRefused(f"There is a dataset called {dataset.name} already.")
        for version in dataset.versions:
            await _versions.insert(self._connection, version, **_extra(version, dataset.workspace))

    async def add_version(self, version: Version) -> None:
        table = schema.datasets.c
        found = await self._connection.execute(select(table.workspace).where(table.id == version.dataset_id))
        workspace = found.scalar_one_or_none()
        if workspace is None:
            raise RecordRefused(f"There is no dataset {version.dataset_id} on record.")
        if not await _versions.add(self._connection, version, **_extra(version, workspace)):
            raise RecordRefused(f"The dataset has a version {version.number} already.")

    async def get(self, workspace: str, dataset_id: str) -> Dataset | None:
        table = schema.datasets.c
        found = await self._with_versions([table.workspace == workspace, table.id == dataset_id], limit=1)
        return found[0] if found else None

    async def version(self, workspace: str, version_id: str) -> Version | None:
        table = schema.versions.c
        found = _versions.select(table.workspace == workspace, table.id == version_id)
        return await _versions.one(self._connection, found)

    async def by_sha256(self, workspace: str, sha256: str) -> Dataset | None:
        table = schema.versions.c
        having = select(table.dataset_id).where(table.workspace == workspace, table.sha256 == sha256)
        found = await self._with_versions([schema.datasets.c.id.in_(having)], limit=1)
        return found[0] if found else None

    async def rename(self, dataset: Dataset, name: str) -> None:
        if name in await self.names(dataset.workspace):
            raise RecordRefused(f"There is a dataset called {name} already.")
        await _datasets.save(self._connection, replace(dataset, name=name))

    async def remove(self, dataset: Dataset) -> None:
        versions, table = schema.versions, schema.datasets
        await self._connection.execute(delete(versions).where(versions.c.dataset_id == dataset.id))
        await self._connection.execute(delete(table).where(table.c.id == dataset.id))

    async def needs_bytes(self, sha256: str) -> bool:
        versions, drops = schema.versions.c, schema.drops.c
        held = (versions.sha256, versions.source_sha256, drops.sha256, drops.source_sha256, drops.findings)
        for column in held:
            found = await self._connection.execute(select(column).where(column == sha256).limit(1))
            if found.first() is not None:
                return True
        return False

    async def names(self, workspace: str) -> list[str]:
        table = schema.datasets.c
        found = await self._connection.execute(select(table.name).where(table.workspace == workspace))
        return sorted(found.scalars())

    async def _with_versions(self, where: Sequence[ColumnElement[bool]], limit: int) -> list[Dataset]:
        """The newest datasets that fit, each with all its versions: two queries, however many there are."""
        table, version = schema.datasets.c, schema.versions.c
        newest = _datasets.select(*where).order_by(table.created_at.desc(), table.id.desc()).limit(limit)
        rows = (await self._connection.execute(newest)).all()
        theirs = _versions.select(version.dataset_id.in_([row.id for row in rows]))
        of: dict[str, list[Version]] = defaultdict(list)
        for one in await _versions.all(self._connection, theirs.order_by(version.number)):
            of[one.dataset_id].append(one)
        return [_datasets.record(row, versions=tuple(of[row.id])) for row in rows]

    async def list(self, workspace: str, *, search: str = "", limit: int = 100) -> list[Dataset]:
        table = schema.datasets.c
        return await self._with_versions([table.workspace == workspace, holds(table.name, search)], limit)


def _extra(version: Version, workspace: str) -> dict[str, str]:
    """The columns of a version that its record doesn't have."""
    return {"workspace": workspace, "source_sha256": source_sha256(version.source)}


class SqlModels:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, model: Model) -> None:
        await _models.add(self._connection, model)

    async def save(self, model: Model) -> None:
        await _models.save(self._connection, model)

    async def get(self, workspace: str, model_id: str) -> Model | None:
        table = schema.models.c
        found = _models.select(table.workspace == workspace, table.id == model_id)
        return await _models.one(self._connection, found)

    async def list(self, workspace: str, *, search: str = "", limit: int = 100) -> list[Model]:
        table = schema.models.c
        here = _models.select(
            table.workspace == workspace, table.deleted_at.is_(None), holds(table.id, search)
        )
        newest = here.order_by(table.created_at.desc(), table.id.desc()).limit(limit)
        return await _models.all(self._connection, newest)


class SqlUploads:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, workspace: str, sha256: str) -> Upload | None:
        return await self._one(workspace, schema.uploads.c.sha256 == sha256)

    async def by_file(self, workspace: str, file_id: str) -> Upload | None:
        return await self._one(workspace, schema.uploads.c.file_id == file_id)

    async def save(self, upload: Upload) -> None:
        if not await _uploads.add(self._connection, upload):
            await _uploads.save(self._connection, upload)

    async def remove(self, upload: Upload) -> None:
        table = schema.uploads.c
        same = (table.workspace == upload.workspace, table.sha256 == upload.sha256)
        await self._connection.execute(delete(schema.uploads).where(*same))

    async def deleting(self) -> list[Upload]:
        table = schema.uploads.c
        going = _uploads.select(table.state == UploadState.deleting)
        return await _uploads.all(self._connection, going.order_by(table.workspace, table.sha256))

    async def _one(self, workspace: str, which: Any) -> Upload | None:
        found = _uploads.select(schema.uploads.c.workspace == workspace, which)
        return await _uploads.one(self._connection, found)


class SqlOverlaps:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, workspace: str, training: str, validation: str) -> Overlap | None:
        table = schema.leaks.c
        same = (table.workspace == workspace, table.training == training, table.validation == validation)
        found = await self._connection.execute(select(table.found).where(*same))
        return found.scalar_one_or_none()

    async def save(self, workspace: str, training: str, validation: str, found: Overlap) -> None:
        values = {"workspace": workspace, "training": training, "validation": validation, "found": found}
        await insert_new(self._connection, schema.leaks, values)


class SqlAsks:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, ask: Ask) -> None:
        await _asks.insert(self._connection, ask)

    async def list(self, workspace: str, limit: int = 20) -> list[Ask]:
        table = schema.asks.c
        here = _asks.select(table.workspace == workspace)
        newest = here.order_by(table.created_at.desc(), table.id.desc()).limit(limit)
        return await _asks.all(self._connection, newest)


class SqlDeeds:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def first(self, workspace: str, key: str, now: datetime) -> bool:
        if len(key) > LONGEST_KEY:
            key = hashlib.sha256(storable(key).encode()).hexdigest()
        values = {"workspace": workspace, "key": key, "seen_at": now}
        return await insert_new(self._connection, schema.deeds, values)

    async def forget_before(self, moment: datetime) -> None:
        await self._connection.execute(delete(schema.deeds).where(schema.deeds.c.seen_at < moment))
