"""Leases: who works on what, across processes that share a database.

A lease ends with its holder: at once when the holder died on this machine, else when its time is up.
Within a process a lease is held once, too: two tasks that ask for it are told apart.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from storage import schema
from storage.process import Process, parse, this_process
from storage.rows import insert_new
from storage.store import SqlStore
from tuning.ports import Clock

log = logging.getLogger(__name__)

TTL = timedelta(seconds=60)

_table = schema.leases.c


class SqlLeases:
    """The leases of this process; `renew` must be called well within `ttl`."""

    def __init__(
        self, store: SqlStore, clock: Clock, *, ttl: timedelta = TTL, holder: Process | None = None
    ) -> None:
        self._store = store
        self._now = clock
        self._ttl = ttl
        self._holder = holder or this_process()
        self._held: set[str] = set()

    async def acquire(self, name: str) -> bool:
        if name in self._held:
            return False
        self._held.add(name)
        won = False
        try:
            won = await self._take(name)
        finally:
            # also when cancelled: what is not in `_held` is not renewed and may be taken again
            if not won:
                self._held.discard(name)
        return won

    async def release(self, name: str) -> None:
        self._held.discard(name)
        async with self._store.connection() as connection:
            await connection.execute(delete(schema.leases).where(_table.name == name, self._ours()))

    async def renew(self) -> None:
        if not self._held:
            return
        async with self._store.connection() as connection:
            mine = update(schema.leases).where(_table.name.in_(sorted(self._held)), self._ours())
            renewed = await connection.execute(
                mine.values(until=self._now() + self._ttl).returning(_table.name)
            )
            lost = self._held - set(renewed.scalars())
        for name in sorted(lost):
            log.warning("the lease %s was lost: it ran out before it was renewed", name)

    async def _take(self, name: str) -> bool:
        now = self._now()
        values = {"name": name, "holder": str(self._holder), "until": now + self._ttl}
        async with self._store.connection() as connection:
            if await insert_new(connection, schema.leases, values):
                return True
            found = await connection.execute(select(_table.holder, _table.until).where(_table.name == name))
            holder, until = found.one()
            if not self._free(holder, until, now):
                return False
            await connection.execute(update(schema.leases).where(_table.name == name).values(values))
            return True

    def _free(self, holder: str, until: datetime, now: datetime) -> bool:
        if until <= now or holder == str(self._holder):
            return True
        other = parse(holder)
        return other is not None and self._holder.knows_dead(other)

    def _ours(self) -> ColumnElement[bool]:
        return _table.holder == str(self._holder)
