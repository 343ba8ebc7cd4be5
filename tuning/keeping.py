"""What lies on the disk and for how long: the quota, rejected files to be mended, what nobody needs.

Bytes are removed inside a transaction that has looked whether a record names them. Whoever adds such a
record looks inside its transaction whether the bytes are still there: so neither misses the other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tuning.errors import FtBotError
from tuning.ports import Clock, DatasetFiles, Store, Transaction
from tuning.records import Drop, DropState
from tuning.sizes import size
from tuning.sources import held
from tuning.updates import tell_drop

log = logging.getLogger(__name__)

#: How much may be kept when nothing else is set.
QUOTA_BYTES = 20_000_000_000
#: How long a rejected file waits to be mended.
MENDABLE = timedelta(days=7)
#: Bytes that no record names are this old before they are removed: they may be on their way into one.
YOUNG = timedelta(days=1)


class QuotaReached(FtBotError):
    """The bot's disk quota is used up."""

    code = "quota_reached"

    def __init__(self, message: str = "", *, then: str = "try again") -> None:
        remedy = (
            "Delete datasets that nobody needs (`/ft datasets`, then Details), or ask the administrator to "
            f"raise FT_QUOTA_BYTES; then {then}."
        )
        super().__init__(message, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Looks after FT_DATA_DIR."""

    store: Store
    files: DatasetFiles
    now: Clock
    quota: int = QUOTA_BYTES

    async def room_for(self, name: str, more: int, then: str = "drop the file again") -> None:
        """Have rejected files give way, the oldest first, until there is room for so many bytes.

        Raises QuotaReached when there is none without them either: then they stay. `then` is what to do
        once there is room.
        """
        if await self._left() >= more:
            return
        rejected = await self._rejected()
        if await self._left() + await self._bytes(rejected) < more:
            raise QuotaReached(await self._what_takes_it(name, more, rejected), then=then)
        for drop in rejected:
            await self._give_way(drop)
            if await self._left() >= more:
                return
        raise QuotaReached(await self._what_takes_it(name, more, ()), then=then)

    async def room(self) -> int:
        """Bytes that may still be kept once rejected files have given way."""
        return max(0, await self._left() + await self._bytes(await self._rejected()))

    async def _left(self) -> int:
        return self.quota - await asyncio.to_thread(self.files.used)

    async def _rejected(self) -> Sequence[Drop]:
        """The rejected files that wait to be mended, oldest first."""
        async with self.store.begin() as tx:
            return await tx.drops.mendable_before(self.now())

    async def _bytes(self, drops: Sequence[Drop]) -> int:
        """What these drops alone keep on the disk, with the tables of their findings."""
        sha256s = {sha256 for drop in drops for sha256 in held(drop) if sha256}
        return await asyncio.to_thread(lambda: sum(map(self.files.size, sha256s)))

    async def _give_way(self, drop: Drop) -> None:
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id)
            if fresh is None or fresh.state is not DropState.rejected:
                return
            await _forget(tx, fresh)
            await tell_drop(tx, fresh)
        await self.let_go(*held(fresh))
        log.info("the rejected file of drop %s gave way to another file", drop.id)

    async def _what_takes_it(self, name: str, more: int, rejected: Sequence[Drop]) -> str:
        waiting = await self._bytes(rejected)
        used = self.quota - await self._left() - waiting
        also = f", and rejected files of the last week use {size(waiting)}" if waiting else ""
        return (
            f"There is no room for {name} ({size(more)}): datasets use {size(used)} of the "
            f"{size(self.quota)} that may be kept{also}."
        )

    async def let_go(self, *sha256s: str) -> None:
        """Remove the bytes that no record names any more."""
        for sha256 in filter(None, sha256s):
            async with self.store.begin() as tx:
                if not await tx.datasets.needs_bytes(sha256):
                    self.files.remove(sha256)

    async def sweep(self) -> None:
        """Let rejected files go after their time, and what a stop left without a record."""
        await self._forget_mendable()
        limit = (self.now() - YOUNG).timestamp()
        kept = await asyncio.to_thread(lambda: list(self.files.kept()))
        await self.let_go(*(sha256 for sha256, since in kept if since < limit))

    async def _forget_mendable(self) -> None:
        async with self.store.begin() as tx:
            old = await tx.drops.mendable_before(self.now() - MENDABLE)
            for drop in old:
                await _forget(tx, drop)
        await self.let_go(*(sha256 for drop in old for sha256 in held(drop)))
        if old:
            log.info("%s rejected files were let go after %s", len(old), MENDABLE)


async def _forget(tx: Transaction, drop: Drop) -> None:
    """Let a rejected drop's bytes go, and what was decided on its rows."""
    await tx.drops.save(replace(drop, sha256="", source=None, findings=""))
    await tx.drops.forget_edits(drop.workspace, drop.id)
