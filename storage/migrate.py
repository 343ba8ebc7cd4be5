"""Brings a database's tables up to this version, in one transaction: it is old or new, never between."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.engine import PATIENCE_SECONDS, is_sqlite, make_engine, sqlite_path
from storage.errors import DatabaseError, DatabaseNotMigrated

_SCRIPTS = Path(__file__).with_name("migrations")


async def migrate(url: str) -> None:
    """Upgrade to the newest revision; several processes may do it at once. Raises DatabaseError."""
    engine = make_engine(url, foreign_keys=False)
    try:
        if is_sqlite(url):
            await asyncio.to_thread(_use_wal, sqlite_path(url))
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except CommandError as error:
        raise DatabaseNotMigrated(
            f"The database can't be migrated: {error}.",
            remedy="It was made by a newer ft-bot: install that one.",
        ) from error
    except DBAPIError as error:
        raise DatabaseError(f"The database can't be migrated: {error.orig}.") from error
    finally:
        await engine.dispose()


@cache
def newest() -> str | None:
    """The revision that this version of the package needs."""
    return ScriptDirectory.from_config(config()).get_current_head()


def current(connection: Connection) -> str | None:
    """The revision that the database is at; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def config() -> Config:
    """Alembic's configuration; the scripts travel in the package, so no file is read."""
    settings = Config()
    settings.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def _upgrade(connection: Connection) -> None:
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


def _use_wal(path: Path) -> None:
    """Let readers and the writer work side by side; the file remembers it."""
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise DatabaseError(f"The database file {path} can't be used: {error}.") from error
