"""The migrations lead to the tables that the code uses, from several processes at once too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from storage import migrate, open_store
from storage.engine import driver_dsn, make_engine
from storage.errors import DatabaseError, DatabaseNotMigrated, DatabaseSettingWrong
from storage.migrate import config
from storage.schema import metadata
from tests.fakes.databases import PostgresServer, in_thread
from tests.fakes.records import make_drop

MIGRATE = "import asyncio, sys; from storage import migrate; asyncio.run(migrate(sys.argv[1]))"


async def in_database(url: str, work: Any) -> Any:
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_the_migrations_make_exactly_the_tables_of_the_schema(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    assert await in_database(empty_database_url, differences) == []


async def test_a_difference_from_the_schema_would_be_seen(empty_database_url: str) -> None:
    await migrate(empty_database_url)

    def damage(connection: Connection) -> list[Any]:
        connection.execute(text("ALTER TABLE jobs DROP COLUMN trouble"))
        connection.execute(text("DROP INDEX ix_updates_waiting"))
        return differences(connection)

    assert {change[0] for change in await in_database(empty_database_url, damage)} == {
        "add_column",
        "add_index",
    }


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    store = open_store(database_url)
    async with store.begin() as tx:
        await tx.drops.add(make_drop())
    await migrate(database_url)
    async with store.begin() as tx:
        assert await tx.drops.get("drop_T1_1") == make_drop()
    await store.close()


async def test_a_ping_says_whether_the_database_is_migrated(empty_database_url: str) -> None:
    store = open_store(empty_database_url)
    with pytest.raises(DatabaseNotMigrated) as caught:
        await store.ping()
    assert "ft-bot migrate" in caught.value.remedy
    await migrate(empty_database_url)
    await store.ping()
    await store.close()


async def test_a_database_of_a_newer_version_is_refused_with_advice(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    newer = text("UPDATE alembic_version SET version_num = '9'")
    await in_database(empty_database_url, lambda connection: connection.execute(newer))
    with pytest.raises(DatabaseNotMigrated) as caught:
        await migrate(empty_database_url)
    assert "newer ft-bot" in caught.value.remedy
    store = open_store(empty_database_url)
    with pytest.raises(DatabaseNotMigrated):
        await store.ping()
    await store.close()


def test_several_processes_may_migrate_a_new_database_at_once(empty_database_url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, empty_database_url]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert in_thread(lambda: in_database(empty_database_url, differences)) == []


async def test_a_sqlite_database_is_set_up_for_many_readers_and_full_durability(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'down' / 'ft.db'}"
    await migrate(url)

    def pragmas(connection: Connection) -> list[Any]:
        names = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        return [connection.execute(text(f"PRAGMA {name}")).scalar() for name in names]

    assert await in_database(url, pragmas) == ["wal", 1, 2, 30_000]


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are only some notes, and not a database at all\n" * 40)
    with pytest.raises(DatabaseError, match="not a database"):
        await migrate(f"sqlite:///{path}")


async def test_a_folder_that_can_not_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseSettingWrong, match="folder of FT_DATABASE_URL"):
        await migrate(f"sqlite:///{tmp_path / 'file' / 'ft.db'}")


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("postgres://u:p%40w@h:5432/db", "postgresql://u:p%40w@h:5432/db"),
        ("postgresql+asyncpg://u@h/db", "postgresql://u@h/db"),
        (
            "postgres://u:p@h/db?sslmode=require&channel_binding=require",
            "postgresql://u:p@h/db?sslmode=require",
        ),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db?host=%2Frun%2Fpostgresql"),
    ],
)
def test_the_urls_that_platforms_give_are_understood(written: str, understood: str) -> None:
    assert driver_dsn(written) == understood


@pytest.mark.postgres
async def test_libpqs_options_do_not_keep_the_bot_from_connecting(postgres_server: PostgresServer) -> None:
    url = postgres_server.emptied()
    store = open_store(f" {url}?sslmode=prefer&channel_binding=prefer&connect_timeout=5&application_name=ft ")
    await store.ping()
    await store.close()


@pytest.mark.postgres
async def test_connections_that_the_server_dropped_are_replaced(postgres_server: PostgresServer) -> None:
    url = postgres_server.emptied()
    store = open_store(url)
    async with store.begin() as tx:
        await tx.drops.add(make_drop())
    database = url.rpartition("/")[2]
    postgres_server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    )
    async with store.begin() as tx:
        assert await tx.drops.get("drop_T1_1") == make_drop()
    await store.close()


async def test_a_database_of_the_first_version_keeps_its_rows(empty_database_url: str) -> None:
    def first(connection: Connection) -> None:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        connection.execute(
            text(
                'INSERT INTO drops (id, workspace, channel, file_id, "user", state, created_at, filename, '
                "size, known, problem) VALUES ('drop_T1_1', 'T1', 'C1', 'F1', 'U1', 'received', "
                "'2026-03-04 12:00:00.000000', '', 0, false, '')"
            )
        )

    await in_database(empty_database_url, first)
    await migrate(empty_database_url)
    store = open_store(empty_database_url)
    async with store.begin() as tx:
        found = await tx.drops.get("drop_T1_1")
    await store.close()
    assert found is not None
    assert (found.file_id, found.reply, found.sha256) == ("F1", False, "")
