"""Models, and what was asked of them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.rows import Rows, holds
from tuning.records import Ask, Model

_models = Rows(schema.models, Model)
_asks = Rows(schema.asks, Ask)


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
