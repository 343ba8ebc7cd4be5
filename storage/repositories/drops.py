"""Dropped files, with what becomes of the rows of those that were rejected."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.repositories.datasets import source_sha256
from storage.rows import Rows
from tuning.records import Drop, DropState, Edit

_drops = Rows(schema.drops, Drop)
_edits = Rows(schema.edits, Edit)


class SqlDrops:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, drop: Drop) -> bool:
        return await _drops.add(self._connection, drop, source_sha256=source_sha256(drop.source))

    async def get(self, drop_id: str) -> Drop | None:
        return await _drops.one(self._connection, _drops.select(schema.drops.c.id == drop_id))

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
