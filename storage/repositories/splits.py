"""Splits that were asked for and aren't answered yet."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.rows import Rows
from tuning.records import SplitAsked

_splits = Rows(schema.splits, SplitAsked)


class SqlSplits:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, asked: SplitAsked) -> None:
        await _splits.insert(self._connection, asked)

    async def remove(self, asked: SplitAsked) -> None:
        await self._connection.execute(delete(schema.splits).where(schema.splits.c.id == asked.id))

    async def all(self) -> list[SplitAsked]:
        found = _splits.select().order_by(schema.splits.c.asked_at, schema.splits.c.id)
        return await _splits.all(self._connection, found)
