"""What lies on the disk and for how long: the quota, rejected files to be mended, what nobody needs.

Bytes are removed inside a transaction that has looked whether a record names them. Whoever adds such a
record looks inside its transaction whether the bytes are still there: so neither misses the other.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from tuning.errors import FtBotError
from tuning.ports import Clock, DatasetFiles, Store
from tuning.sources import held

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
    remedy = (
        "Delete datasets that nobody needs (`/ft datasets`, then Details), or ask the administrator to raise "
        "FT_QUOTA_BYTES."
    )


@dataclass(frozen=True, slots=True)
class Keeping:
    """Looks after FT_DATA_DIR."""

    store: Store
    files: DatasetFiles
    now: Clock
    quota: int = QUOTA_BYTES

    async def room_for(self, name: str, size: int) -> None:
        """Raises QuotaReached when a file of this size would exceed the quota."""
        used = await asyncio.to_thread(self.files.used)
        if used + size > self.quota:
            raise QuotaReached(
                f"There is no room for {name}: it has {size:,} bytes, and {used:,} of the {self.quota:,} "
                "bytes that may be kept are used."
            )

    async def room(self) -> int:
        """Bytes that may still be kept."""
        return max(0, self.quota - await asyncio.to_thread(self.files.used))

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
                await tx.drops.save(replace(drop, sha256="", source=None, findings=""))
                await tx.drops.forget_edits(drop.workspace, drop.id)
        await self.let_go(*(sha256 for drop in old for sha256 in held(drop)))
        if old:
            log.info("%s rejected files were let go after %s", len(old), MENDABLE)
