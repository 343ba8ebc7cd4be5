"""One record type in one table: columns and fields have the same names, so mapping needs no list of them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.types import storable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


class Rows(Generic[R]):
    """Reads and writes records; `extra` values go into columns that the record doesn't have."""

    def __init__(self, table: Table, record: type[R], *, without: frozenset[str] = frozenset()) -> None:
        self.table = table
        self._record = record
        self._names = [field.name for field in fields(record) if field.name not in without]

    def select(self, *where: ColumnElement[bool]) -> Select[Any]:
        return select(*(self.table.c[name] for name in self._names)).where(*where)

    def record(self, row: Any, **more: Any) -> R:
        return self._record(**row._mapping, **more)

    async def one(self, connection: AsyncConnection, statement: Select[Any]) -> R | None:
        row = (await connection.execute(statement.limit(1))).first()
        return None if row is None else self.record(row)

    async def all(self, connection: AsyncConnection, statement: Select[Any]) -> list[R]:
        return [self.record(row) for row in await connection.execute(statement)]

    def values(self, record: R, **extra: Any) -> dict[str, Any]:
        return {name: getattr(record, name) for name in self._names} | extra

    async def insert(self, connection: AsyncConnection, record: R, **extra: Any) -> None:
        await connection.execute(insert(self.table).values(self.values(record, **extra)))

    async def add(self, connection: AsyncConnection, record: R, **extra: Any) -> bool:
        """Insert; False, and nothing changed, when a unique constraint has its like already."""
        return await insert_new(connection, self.table, self.values(record, **extra))

    async def save(self, connection: AsyncConnection, record: R, **extra: Any) -> None:
        """Overwrite the row with this primary key. Raises LookupError when there is none."""
        values = self.values(record, **extra)
        keys = {column.name: values.pop(column.name) for column in self.table.primary_key}
        same = [self.table.c[name] == value for name, value in keys.items()]
        if "workspace" in values:
            same.append(self.table.c.workspace == values.pop("workspace"))
        result = await connection.execute(update(self.table).where(*same).values(values))
        if result.rowcount != 1:
            raise LookupError(f"no row {keys} in {self.table.name}")


async def insert_new(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
    """Insert unless a unique constraint is in the way; whether a row was made."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    result = await connection.execute(dialect.insert(table).values(values).on_conflict_do_nothing())
    return result.rowcount == 1


def holds(column: ColumnElement[str], search: str) -> ColumnElement[bool]:
    """Whether the column's text contains `search`, whatever the case of the letters."""
    return func.lower(column).contains(storable(search).lower(), autoescape=True)
