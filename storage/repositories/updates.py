"""The outbox: what we owe to each channel, and in which order.

Transactions are serial (see `engine`), so `max + 1` is a counter, and its order is that of commits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.rows import Rows
from tuning.records import Update, UpdateState

_updates = Rows(schema.updates, Update)
_table = schema.updates.c
_UNSENT = (UpdateState.pending, UpdateState.sending)


def _is_card(kind: str) -> bool:
    return kind.endswith("_card")


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(_table.not_before.is_(None), _table.not_before <= now)


def _to_post() -> ColumnElement[bool]:
    """Not sent yet, and not waiting for the message that it hangs on."""
    parent = schema.updates.alias("parent")
    waits = select(parent.c.id).where(parent.c.id == _table.parent, parent.c.state.in_(_UNSENT))
    return _table.state.in_(_UNSENT) & ~waits.exists()


def _to_edit() -> ColumnElement[bool]:
    return (_table.state == UpdateState.sent) & _table.waiting.is_not(None)


class SqlUpdates:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, record: Update) -> None:
        values: dict[str, Any] = {"seq": await self._next(_table.seq), "waiting": None}
        if _is_card(record.kind) and record.revision > record.shown:
            values["waiting"] = await self._next(_table.waiting)
        await _updates.add(self._connection, record, **values)

    async def get(self, update_id: str) -> Update | None:
        return await _updates.one(self._connection, _updates.select(_table.id == update_id))

    async def save(self, record: Update) -> None:
        """Overwrite, except that `seq` stays and `revision` never goes back.

        While a message was under way somebody may have revised its card.
        """
        found = select(_table.seq, _table.revision, _table.shown, _table.waiting)
        before = (await self._connection.execute(found.where(_table.id == record.id))).first()
        if before is None:
            raise LookupError(f"no update {record.id} on record")
        revision = max(before.revision, record.revision)
        waiting = before.waiting
        if not _is_card(record.kind) or revision <= record.shown:
            waiting = None
        elif waiting is None or record.shown > before.shown:
            # it was edited just now: the next turn is another card's
            waiting = await self._next(_table.waiting)
        await _updates.save(self._connection, record, seq=before.seq, revision=revision, waiting=waiting)

    async def card(self, kind: str, subject: str) -> Update | None:
        found = _updates.select(_table.kind == kind, _table.subject == subject)
        return await _updates.one(self._connection, found.order_by(_table.seq))

    async def revise(self, kind: str, subject: str) -> None:
        card = await self.card(kind, subject)
        if card is None:
            return
        waiting = await self._next(_table.waiting)
        await self._connection.execute(
            update(schema.updates)
            .where(_table.id == card.id)
            .values(revision=_table.revision + 1, waiting=func.coalesce(_table.waiting, waiting))
        )

    async def open_channels(self, now: datetime) -> list[tuple[str, str]]:
        place = (_table.workspace, _table.channel)
        first = select(func.min(_table.seq)).where(_to_post()).group_by(*place)
        posting = select(*place, _due(now)).where(_table.seq.in_(first)).order_by(_table.seq)
        ready = {(row[0], row[1]): row[2] for row in await self._connection.execute(posting)}
        editing = (
            select(*place).where(_to_edit(), _due(now)).group_by(*place).order_by(func.min(_table.waiting))
        )
        edits = [(row[0], row[1]) for row in await self._connection.execute(editing)]
        return [place for place, due in ready.items() if due] + [
            place for place in edits if place not in ready
        ]

    async def next_in(self, workspace: str, channel: str, now: datetime) -> Update | None:
        here = (_table.workspace == workspace, _table.channel == channel)
        first = await self._one(_updates.select(*here, _to_post()).order_by(_table.seq))
        if first is not None:
            return first if first.not_before is None or first.not_before <= now else None
        return await self._one(_updates.select(*here, _to_edit(), _due(now)).order_by(_table.waiting))

    async def _one(self, statement: Select[Any]) -> Update | None:
        return await _updates.one(self._connection, statement)

    async def _next(self, column: Column[Any]) -> int:
        largest = await self._connection.execute(select(func.coalesce(func.max(column), 0)))
        return int(largest.scalar_one()) + 1
