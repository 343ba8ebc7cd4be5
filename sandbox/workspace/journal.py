"""Everything that happens, numbered, so that a test, the demo and the page can follow along."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    seq: int
    time: float
    kind: str
    data: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"seq": self.seq, "time": self.time, "kind": self.kind, "data": self.data}


class Journal:
    """Keeps the latest entries; readers poll with the number of the last entry they saw, or subscribe."""

    def __init__(self, keep: int = 20_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._subscribers: list[Callable[[Entry], None]] = []
        self._news = asyncio.Event()
        self.last = 0

    def add(self, kind: str, **data: Any) -> Entry:
        self.last += 1
        entry = Entry(self.last, time.time(), kind, data)
        self._entries.append(entry)
        self._news.set()
        self._news = asyncio.Event()
        for tell in tuple(self._subscribers):
            tell(entry)
        return entry

    def since(self, seq: int, limit: int = 1000) -> list[Entry]:
        """At most `limit` entries numbered above `seq`, oldest first."""
        if not self._entries or seq >= self.last:
            return []
        skip = max(0, seq + 1 - self._entries[0].seq)
        return [self._entries[i] for i in range(skip, min(len(self._entries), skip + limit))]

    async def wait(self, seq: int, seconds: float, limit: int = 1000) -> list[Entry]:
        """Like `since`, but waits up to `seconds` for the first entry."""
        deadline = time.monotonic() + seconds
        while not (entries := self.since(seq, limit)):
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                return []
        return entries

    def subscribe(self, tell: Callable[[Entry], None]) -> Callable[[], None]:
        """Calls `tell` with every later entry; the returned function ends that."""
        self._subscribers.append(tell)
        return lambda: self._subscribers.remove(tell)
