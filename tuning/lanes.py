"""Whose turn it is to be worked on: one large file at a time, and beside it one small one.

So a few rows never wait for a gigabyte, and no more than two files take memory and processors at once. Each
lane is first come, first served.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

#: A file of up to this size is small: it is checked within a second or two.
SMALL_BYTES = 5 * 1024 * 1024
#: Whoever waits for less than this isn't told of it.
PATIENCE_SECONDS = 3.0
#: Files that are worked on at once, one in each lane.
AT_ONCE = 2

#: Is told how many files come before one that waits.
Waits = Callable[[int], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Lane:
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    #: A ticket for each file that is worked on or waits, in their order.
    line: list[object] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Lanes:
    """The turns within one process."""

    small_bytes: int = SMALL_BYTES
    patience: float = PATIENCE_SECONDS
    _small: _Lane = field(default_factory=_Lane)
    _large: _Lane = field(default_factory=_Lane)

    @asynccontextmanager
    async def turn(self, size: int, waits: Waits | None = None) -> AsyncIterator[None]:
        """A file of so many bytes is worked on inside; `waits` is told when that is some time away."""
        lane, ticket = self._small if size <= self.small_bytes else self._large, object()
        lane.line.append(ticket)
        teller = asyncio.create_task(self._tell(lane, ticket, waits)) if waits and lane.line[1:] else None
        try:
            async with lane.turn:
                await _end(teller)
                yield
        finally:
            lane.line.remove(ticket)
            await _end(teller)

    async def _tell(self, lane: _Lane, ticket: object, waits: Waits) -> None:
        told = 0
        while True:
            await asyncio.sleep(self.patience)
            ahead = lane.line.index(ticket)
            if ahead != told:
                await waits(ahead)
                told = ahead


async def _end(teller: asyncio.Task[None] | None) -> None:
    """Nothing is told any more when this returns. Raises what the telling raised."""
    if teller is not None:
        teller.cancel()
        await asyncio.wait({teller})
        if not teller.cancelled():
            teller.result()
