"""What was done once and must not be done again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.rows import insert_new
from storage.types import storable

#: PostgreSQL indexes no text much longer than 2,600 bytes.
LONGEST_KEY = 500


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
