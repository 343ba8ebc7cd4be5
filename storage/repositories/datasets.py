"""Datasets with their versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.errors import RecordRefused
from storage.rows import Rows, holds
from tuning.records import Dataset, Source, Version

_datasets = Rows(schema.datasets, Dataset, without=frozenset({"versions"}))
_versions = Rows(schema.versions, Version)


def source_sha256(source: Source | None) -> str:
    """What the column of this name holds."""
    return source.sha256 if source else ""


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

    async def save(self, dataset: Dataset) -> None:
        await _datasets.save(self._connection, dataset)

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

    async def _with_versions(
        self, where: Sequence[ColumnElement[bool]], limit: int, start: int = 0
    ) -> list[Dataset]:
        """The newest datasets that fit, each with all its versions: two queries, however many there are."""
        table, version = schema.datasets.c, schema.versions.c
        newest = _datasets.select(*where).order_by(table.created_at.desc(), table.id.desc())
        rows = (await self._connection.execute(newest.limit(limit).offset(start))).all()
        theirs = _versions.select(version.dataset_id.in_([row.id for row in rows]))
        of: dict[str, list[Version]] = defaultdict(list)
        for one in await _versions.all(self._connection, theirs.order_by(version.number)):
            of[one.dataset_id].append(one)
        return [_datasets.record(row, versions=tuple(of[row.id])) for row in rows]

    async def list(
        self, workspace: str, *, search: str = "", limit: int = 100, start: int = 0
    ) -> list[Dataset]:
        table = schema.datasets.c
        here = [table.workspace == workspace, holds(table.name, search)]
        return await self._with_versions(here, limit, start)


def _extra(version: Version, workspace: str) -> dict[str, str]:
    """The columns of a version that its record doesn't have."""
    return {"workspace": workspace, "source_sha256": source_sha256(version.source)}
