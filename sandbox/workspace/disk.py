"""The workspace on disk: SQLite, one row a record, written as it changes and read back at the start."""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .messages import index
from .state import Workspace

VERSION = 1


class Disk:
    """A folder with `workspace.sqlite3` and the files' bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "workspace.sqlite3", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, VERSION):
            self._db.close()
            raise ValueError(
                f"{folder} was written by another version of the sandbox ({found}, not {VERSION})"
            )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS records "
            "(kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    def attach(self, ws: Workspace) -> None:
        """Loads what is there into the workspace, and writes down every change from now on."""
        for kind, body in self._db.execute("SELECT kind, body FROM records"):
            table = ws.tables.kept.get(kind)
            if table is not None:
                table.load(table.kind(**{key: _tuples(value) for key, value in json.loads(body).items()}))
        for message in sorted(ws.messages.values(), key=lambda each: float(each.ts)):
            index(ws, message)
            ws.timestamps.seen(message.ts)
        ws.tables.on_change = self._write

    def _write(self, kind: str, key: str, record: Any) -> None:
        if record is None:
            self._db.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))
        else:
            row = (kind, key, json.dumps(asdict(record)))
            self._db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", row)

    def close(self) -> None:
        self._db.close()


def _tuples(value: Any) -> Any:
    """JSON's lists back to the records' tuples; what is inside a dictionary was a list all along."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
