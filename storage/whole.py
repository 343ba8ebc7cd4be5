"""Connections whose statements are finished even when the task that asked is cancelled.

A driver that is interrupted inside a statement leaves a connection that SQLAlchemy throws away. SQLite
closes such a connection only once its last cursor is gone, which the traceback of the cancellation keeps
alive; until then the write lock stays taken, and whoever tidies up next waits for it in vain.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end; a task that is cancelled meanwhile is cancelled right after."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.cancelled() or task.exception()
        raise cancelled
    return task.result()


class WholeConnection(AsyncConnection):
    """Its `execute` is all or nothing, whatever happens to the task that awaits it."""

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        return await whole(super().execute(*args, **kwargs))


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction: committed at the end of the block, else rolled back."""
    connection = WholeConnection(engine)
    try:
        await whole(connection.start())
        await whole(connection.begin().start())
        yield connection
        await whole(connection.commit())
    finally:
        if connection.sync_connection is not None:
            await whole(connection.close())
