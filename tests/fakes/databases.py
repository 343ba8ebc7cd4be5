"""Real databases for tests: SQLite files, and a PostgreSQL server of this session's own.

The server comes from Debian's programs, listens on a free port of 127.0.0.1, keeps its files in a
folder that goes away with it, and dies with the test process. Tests share one migrated database, which
is emptied before each: making one takes far longer. Without the programs the tests skip; where CI
is set they fail.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from storage import migrate
from storage.schema import metadata

KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=256MB")
_SMALL = ("shared_buffers=16MB", "max_connections=40", "autovacuum=off", "jit=off")
_PR_SET_PDEATHSIG = 1


def programs() -> Path | None:
    """The folder with initdb and postgres: Debian's newest, or what PATH says."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _unprivileged() -> dict[str, Any]:
    """Arguments for subprocess: the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("there is neither a user postgres nor a user nobody to run PostgreSQL as")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_thread(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end in a loop of its own, whatever loop the test has."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


class PostgresServer:
    """A PostgreSQL server in a folder of its own."""

    def __init__(self, bin_dir: Path, folder: Path) -> None:
        self._bin, self._data = bin_dir, folder / "data"
        self._log = folder / "log"
        self._as = _unprivileged()
        if self._as:
            os.chown(folder, self._as["user"], self._as["group"])
        self._folder = folder
        self._numbers = count(1)
        self._call(
            "initdb", "-D", str(self._data), "-U", "ft", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments], cwd=self._folder, capture_output=True, text=True, **self._as
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def start(self) -> None:
        for _ in range(5):
            self.port = _free_port()
            options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", *_FAST, *_SMALL]
            command = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port)]
            command += [part for option in options for part in ("-c", option)]
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    command, cwd=self._folder, stdout=log, stderr=log, preexec_fn=_die_with_parent, **self._as
                )
            if self._ready():
                return
        raise RuntimeError(f"PostgreSQL didn't start:\n{self._log.read_text()}")

    def _ready(self) -> bool:
        """Wait until it says so in its pid file; False when it ended, as when the port was taken."""
        deadline = time.monotonic() + 60
        while self._process.poll() is None:
            lines = self._lines()
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return True
            if time.monotonic() > deadline:
                self.stop()
                return False
            time.sleep(0.02)
        return False

    def _lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def url(self, database: str) -> str:
        return f"postgres://ft@127.0.0.1:{self.port}/{database}"

    def create(self, name: str = "") -> str:
        """Make a database, and return its URL."""
        name = name or f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def emptied(self) -> str:
        """The URL of the migrated database, without rows."""
        tables = reversed(metadata.sorted_tables)
        self.execute(";".join(f"DELETE FROM {table.name}" for table in tables), "migrated")
        return self.url("migrated")

    def execute(self, statement: str, database: str = "postgres") -> None:
        async def work() -> None:
            import asyncpg

            connection = await asyncpg.connect(self.url(database), timeout=10)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        in_thread(work)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server with a migrated database."""
    bin_dir = programs()
    if bin_dir is None:
        why = "PostgreSQL's programs are not installed (Debian: apt-get install postgresql): not tested on it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="ft-bot-postgres-"))
    server = PostgresServer(bin_dir, folder)
    try:
        server.start()
        try:
            migrated = server.create("migrated")
            in_thread(lambda: migrate(migrated))
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    in_thread(lambda: migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty database: each test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.emptied()
    path = tmp_path / "ft-bot.db"
    shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
    return f"sqlite:///{path}"


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that was never migrated, on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.create()
    return f"sqlite:///{tmp_path / 'new' / 'ft-bot.db'}"
