"""The store: all repositories over one transaction, and one transaction at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine import READING, make_engine
from storage.errors import DatabaseError, DatabaseNotMigrated, RecordRefused
from storage.migrate import current, newest
from storage.repositories.datasets import SqlDatasets
from storage.repositories.deeds import SqlDeeds
from storage.repositories.drops import SqlDrops
from storage.repositories.jobs import SqlJobs
from storage.repositories.models import SqlAsks, SqlModels
from storage.repositories.splits import SqlSplits
from storage.repositories.updates import SqlUpdates
from storage.repositories.uploads import SqlOverlaps, SqlUploads
from storage.whole import transaction


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn the drivers' exceptions into ours."""
    try:
        yield
    except IntegrityError as error:
        raise RecordRefused(f"This contradicts what is on record: {error.orig}.") from error
    except DBAPIError as error:
        raise DatabaseError(f"The database can't be used just now: {error.orig}.") from error
    except StatementError as error:
        # a value of the wrong kind: the caller's mistake, told in its own words
        raise (error.orig or error) from error
    except NoConnection as error:
        raise DatabaseError("The database is busy.") from error


class SqlTransaction:
    """The repositories of one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.drops = SqlDrops(connection)
        self.datasets = SqlDatasets(connection)
        self.jobs = SqlJobs(connection)
        self.models = SqlModels(connection)
        self.splits = SqlSplits(connection)
        self.uploads = SqlUploads(connection)
        self.overlaps = SqlOverlaps(connection)
        self.asks = SqlAsks(connection)
        self.updates = SqlUpdates(connection)
        self.deeds = SqlDeeds(connection)


class SqlStore:
    """Transactions over one database; they take turns, also between processes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{READING: True})
        self._turn = asyncio.Lock()
        self._inside: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlTransaction]:
        """A transaction: committed when the block ends, rolled back when it raises or is cancelled."""
        async with self.connection() as connection:
            yield SqlTransaction(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction, for this package's own use."""
        task = asyncio.current_task()
        if task is not None and task is self._inside:
            raise RuntimeError("a transaction is open in this task already: it would wait for itself")
        async with self._turn:
            self._inside = task
            try:
                with our_errors():
                    async with transaction(self._engine) as connection:
                        yield connection
            finally:
                self._inside = None

    async def ping(self) -> None:
        """Raises DatabaseError when the database doesn't answer or its tables are of another version."""
        with our_errors():
            async with self._reading.connect() as connection:
                revision = await connection.run_sync(current)
        if revision != newest():
            raise DatabaseNotMigrated()

    async def close(self) -> None:
        """Give the connections back; the store can't be used after."""
        await self._engine.dispose()


def open_store(url: str) -> SqlStore:
    """A store over the database at this URL; connects when first used. Raises DatabaseSettingWrong."""
    return SqlStore(make_engine(url))
