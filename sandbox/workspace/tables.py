"""Tables of frozen records, held in memory; a listener hears of every change and may write it to disk."""

from collections.abc import Callable, Iterator, ValuesView
from typing import Any, Generic, TypeVar

R = TypeVar("R")
Change = Callable[[str, str, Any], None]


class Table(Generic[R]):
    """Records of one kind by key."""

    def __init__(self, name: str, kind: type[R], key: Callable[[R], str], changed: Change) -> None:
        self.name = name
        self.kind = kind
        self._key = key
        self._changed = changed
        self._rows: dict[str, R] = {}

    def put(self, record: R) -> R:
        """Adds the record, or replaces the one with its key."""
        key = self._key(record)
        self._rows[key] = record
        self._changed(self.name, key, record)
        return record

    def load(self, record: R) -> None:
        """Takes over a record that is on disk already."""
        self._rows[self._key(record)] = record

    def remove(self, key: str) -> None:
        if self._rows.pop(key, None) is not None:
            self._changed(self.name, key, None)

    def get(self, key: str | None) -> R | None:
        return self._rows.get(key) if key is not None else None

    def values(self) -> ValuesView[R]:
        return self._rows.values()

    def __getitem__(self, key: str) -> R:
        return self._rows[key]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Tables:
    """All tables of a workspace; `on_change(table, key, record or None)` hears of each change."""

    def __init__(self) -> None:
        self.kept: dict[str, Table[Any]] = {}
        self.on_change: Change = lambda table, key, record: None

    def add(self, name: str, kind: type[R], key: Callable[[R], str], kept: bool = True) -> Table[R]:
        table: Table[R] = Table(name, kind, key, self._tell if kept else lambda *change: None)
        if kept:
            self.kept[name] = table
        return table

    def _tell(self, table: str, key: str, record: Any) -> None:
        self.on_change(table, key, record)
