"""The database: plain SQLite on the server's own thread, each call a few microseconds.

A transaction is on the disk when it ends (synchronous=FULL): what a client was told survives a power cut.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from trainer.disk import Reserve
from trainer.store.records import Checkpoint, Delivery, Event, File, Job, Key, Model, Part, Upload

SCHEMA = Path(__file__).with_name("schema.sql")
JSON_COLUMNS = {"method", "hyperparameters", "metadata", "error", "result_files", "data", "metrics"}
#: Columns that came after the first release of the schema, for a home that is older.
ADDED = (
    ("files", "expires_at INTEGER"),
    ("uploads", "file_seconds INTEGER"),
    ("jobs", "idempotency_key TEXT"),
    ("jobs", "asked TEXT"),
)
#: How many deleted files are remembered as places in a list.
REMEMBERED = 10_000
TABLES: dict[type, str] = {
    File: "files",
    Job: "jobs",
    Event: "events",
    Checkpoint: "checkpoints",
    Model: "models",
    Upload: "uploads",
    Part: "parts",
    Key: "keys",
    Delivery: "deliveries",
}
R = TypeVar("R", File, Job, Event, Checkpoint, Model, Upload, Part, Key, Delivery)


class Store:
    """Find, list, add, change and remove records; ids are never guessed across projects."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.files = home / "files"
        # On a cluster a link to where all nodes see the same path.
        self.jobs = (home / "jobs").resolve()
        self.uploads = home / "uploads"
        for folder in (home, self.files, self.jobs, self.uploads):
            # Training data and models concern nobody else who can log in here.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.reserve = Reserve(home / "reserve")
        self.db = sqlite3.connect(home / "trainer.db", isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA foreign_keys = ON")
        self.db.executescript(SCHEMA.read_text())
        for table, column in ADDED:
            known = {row["name"] for row in self.db.execute(f"PRAGMA table_info({table})")}
            if column.split()[0] not in known:
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        self.identity = self._identity()

    def is_there(self) -> bool:
        """Whether the home still holds this database: a folder can be removed under a server that runs."""
        return self._identity() == self.identity

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = (self.home / "trainer.db").stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Let go of the database."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            # a full disk may have rolled it back already
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def find(self, kind: type[R], id: str, project: str | None = None) -> R | None:
        """The record with this id, if it belongs to the project."""
        where: dict[str, Any] = {"id": id} if project is None else {"id": id, "project": project}
        return next(iter(self.where(kind, **where)), None)

    def where(self, kind: type[R], **equal: Any) -> list[R]:
        """All records whose columns equal these values, oldest first."""
        condition = " AND ".join(f"{name} = ?" for name in equal) or "1"
        query = f"SELECT * FROM {TABLES[kind]} WHERE {condition} ORDER BY seq"  # noqa: S608
        return [_record(kind, row) for row in self.db.execute(query, list(equal.values()))]

    def any(self, kind: type[R]) -> bool:
        """Whether there is a record of this kind."""
        return self.db.execute(f"SELECT 1 FROM {TABLES[kind]} LIMIT 1").fetchone() is not None  # noqa: S608

    def page(
        self, kind: type[R], *, after: str | None, limit: int, ascending: bool = False, **equal: Any
    ) -> tuple[list[R], bool]:
        """One page of records, newest first unless ascending, and whether more follow. Raises KeyError."""
        conditions = [f"{name} = ?" for name in equal]
        values: list[Any] = list(equal.values())
        if after is not None:
            conditions.append(f"seq {'>' if ascending else '<'} ?")
            values.append(self._position(kind, after, equal))
        query = (
            f"SELECT * FROM {TABLES[kind]} WHERE {' AND '.join(conditions) or '1'} "  # noqa: S608
            f"ORDER BY seq {'ASC' if ascending else 'DESC'} LIMIT ?"
        )
        rows = self.db.execute(query, [*values, limit + 1]).fetchall()
        return [_record(kind, row) for row in rows[:limit]], len(rows) > limit

    def _position(self, kind: type[R], id: str, equal: dict[str, Any]) -> int:
        condition = " AND ".join(f"{name} = ?" for name in ["id", *equal])
        query = f"SELECT seq FROM {TABLES[kind]} WHERE {condition}"  # noqa: S608
        row = self.db.execute(query, [id, *equal.values()]).fetchone()
        if row is None and kind is File:
            query = "SELECT seq FROM gone WHERE id = ? AND project = ?"
            row = self.db.execute(query, [id, equal["project"]]).fetchone()
        if row is None:
            raise KeyError(id)
        return int(row["seq"])

    def add(self, record: File | Job | Model | Checkpoint | Upload | Part | Key | Delivery) -> None:
        """Keep a new record."""
        names = [field.name for field in fields(record)]
        self._insert(TABLES[type(record)], {name: getattr(record, name) for name in names})

    def add_event(self, job_id: str, event: Event) -> None:
        """Keep what was said of a job."""
        names = [field.name for field in fields(event)]
        self._insert("events", {"job_id": job_id, **{name: getattr(event, name) for name in names}})

    def _insert(self, table: str, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        query = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        self.db.execute(query, [_column(name, value) for name, value in values.items()])

    def change(self, job_id: str, **values: Any) -> None:
        """Set columns of a job."""
        self._update("jobs", job_id, values)

    def change_upload(self, upload_id: str, **values: Any) -> None:
        """Set columns of an upload."""
        self._update("uploads", upload_id, values)

    def postpone(self, delivery: Delivery, until: int) -> None:
        """Count a failed try, and name the time of the next."""
        self._update("deliveries", delivery.id, {"attempts": delivery.attempts + 1, "next_at": until})

    def _update(self, table: str, id: str, values: dict[str, Any]) -> None:
        assignments = ", ".join(f"{name} = ?" for name in values)
        columns = [_column(name, value) for name, value in values.items()]
        self.db.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", [*columns, id])  # noqa: S608

    def remove(self, record: File | Model | Key | Delivery) -> None:
        """Forget a record."""
        self.db.execute(f"DELETE FROM {TABLES[type(record)]} WHERE id = ?", [record.id])  # noqa: S608

    def expired_files(self, now: int) -> list[File]:
        """The files whose time is over."""
        query = "SELECT * FROM files WHERE expires_at <= ? ORDER BY seq"
        return [_record(File, row) for row in self.db.execute(query, [now])]

    def remove_file(self, file: File) -> None:
        """Forget a file and its bytes; a job that uses them has its own link.

        Where it stood is remembered for a while, for who deletes what a list shows and then asks for more.
        """
        with self.transaction():
            self.db.execute("INSERT INTO gone SELECT id, project, seq FROM files WHERE id = ?", [file.id])
            self.db.execute("DELETE FROM gone WHERE rowid <= (SELECT max(rowid) FROM gone) - ?", [REMEMBERED])
            self.remove(file)
        self.file_path(file).unlink(missing_ok=True)

    def file_path(self, file: File) -> Path:
        """Where a file's bytes are; the name comes from us, never from a request."""
        return self.files / file.id


def _record(kind: type[R], row: sqlite3.Row) -> R:
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(kind)}
    for name in JSON_COLUMNS & values.keys():
        values[name] = None if values[name] is None else json.loads(values[name])
    if "result_files" in values:
        values["result_files"] = tuple(values["result_files"])
    return kind(**values)


def _column(name: str, value: Any) -> Any:
    return json.dumps(value) if name in JSON_COLUMNS and value is not None else value
