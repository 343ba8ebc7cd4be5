"""From a database URL, as people and platforms write it, to an engine whose transactions are serial.

Both databases give the same guarantee: a transaction sees all that was committed before it began,
and no other one runs beside it. SQLite takes its write lock at BEGIN; PostgreSQL takes one advisory
lock. The bot's transactions last milliseconds, and in return read-change-save loses no change,
an update's `seq` is also the order of commits, and nothing can deadlock.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.errors import DatabaseError, DatabaseSettingWrong

#: How long a transaction waits for its turn, and how long PostgreSQL lets one sit idle.
PATIENCE_SECONDS = 30
#: Execution option of a connection that only reads and must not wait for its turn.
READING = "ft_bot_reading"

_POSTGRES = frozenset({"postgres", "postgresql", "postgresql+asyncpg", "postgres+asyncpg"})
_SQLITE = frozenset({"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"})
#: libpq's options that asyncpg would hand to the server, which doesn't know them.
_LIBPQ_ONLY = frozenset(
    {"channel_binding", "gssencmode", "connect_timeout", "keepalives", "keepalives_idle"}
    | {"keepalives_interval", "keepalives_count", "tcp_user_timeout", "pgbouncer", "sslcompression"}
)
#: Any number will do, as long as nothing else in this database locks it: "ftbot" in ASCII.
_TURN = 0x6674626F74
_TAKE_TURN = (
    f"SELECT set_config('lock_timeout', '{PATIENCE_SECONDS}s', true), "
    f"set_config('idle_in_transaction_session_timeout', '{PATIENCE_SECONDS}s', true), "
    f"pg_advisory_xact_lock({_TURN})"
)


def make_engine(url: str, *, foreign_keys: bool = True) -> AsyncEngine:
    """An engine for sqlite:///, postgresql:// or postgres:// URLs. Raises DatabaseSettingWrong."""
    scheme = url.strip().partition("://")[0].lower()
    if scheme in _SQLITE:
        return _sqlite_engine(sqlite_path(url), foreign_keys)
    if scheme in _POSTGRES:
        return _postgres_engine(url.strip())
    raise DatabaseSettingWrong("FT_DATABASE_URL starts with neither sqlite:/// nor postgresql://.")


def is_sqlite(url: str) -> bool:
    return url.strip().partition("://")[0].lower() in _SQLITE


def sqlite_path(url: str) -> Path:
    """The file that a sqlite:/// URL names; its folder is made when it isn't there."""
    name = _parsed(url).database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise DatabaseSettingWrong(
            "FT_DATABASE_URL names no SQLite file; what the bot knows must be kept in one."
        )
    path = Path(name).expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseSettingWrong(f"The folder of FT_DATABASE_URL can't be made: {error}.") from error
    return path


def _parsed(url: str) -> URL:
    try:
        return make_url(url.strip())
    except (ArgumentError, ValueError):
        # the parser's own words would repeat the URL, password and all
        raise DatabaseSettingWrong("FT_DATABASE_URL is not a URL.") from None


def _sqlite_engine(path: Path, foreign_keys: bool) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        connect_args={"timeout": PATIENCE_SECONDS},
        hide_parameters=True,
    )

    def prepare(connection: Any, _record: Any) -> None:
        # the driver's own BEGIN would come late and take no write lock: see `begin`
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def _postgres_engine(url: str) -> AsyncEngine:
    if find_spec("asyncpg") is None:
        raise DatabaseSettingWrong(
            "FT_DATABASE_URL names a PostgreSQL database, and its driver isn't installed.",
            remedy="Install it: pip install 'ft-bot[postgres]'.",
        )
    _parsed(url)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(_connect, driver_dsn(url)),
        pool_pre_ping=True,
        hide_parameters=True,
    )

    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(READING):
            connection.exec_driver_sql(_TAKE_TURN)

    event.listen(engine.sync_engine, "begin", begin)
    return engine


def driver_dsn(url: str) -> str:
    """The URL in asyncpg's spelling; it understands libpq's sslmode and friends by itself."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in _LIBPQ_ONLY]
    return f"postgresql://{parts.netloc}{parts.path}" + (f"?{urlencode(query)}" if query else "")


async def _connect(dsn: str) -> Any:
    import asyncpg

    try:
        return await asyncpg.connect(dsn, timeout=10)
    except TimeoutError as error:
        raise DatabaseError("The PostgreSQL database doesn't answer within 10 seconds.") from error
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(f"The PostgreSQL database can't be reached: {error}.") from error
