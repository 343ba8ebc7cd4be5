"""What the tables are made of: how constraints are named, and three kinds of columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData

from storage.types import Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key(name: str, *references: Any) -> Column[Any]:
    return Column(name, Words, *references, primary_key=True)


def needed(name: str, kind: Any, *references: Any) -> Column[Any]:
    return Column(name, kind, *references, nullable=False)


def maybe(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=True)
