"""Run by Alembic: migrates over the connection that storage.migrate hands in."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from storage.schema import metadata


def _plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types as what they are in the database, so that old migrations never change."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_plain,
)
with context.begin_transaction():
    context.run_migrations()
