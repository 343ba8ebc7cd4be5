"""Bringing a dropped file here: whether it is meant for us, whether there is room, its bytes, made plain."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from tuning.datasets.plain import is_plain
from tuning.dropped import sha256_of
from tuning.errors import FileUnreadable
from tuning.keeping import Keeping
from tuning.meant import HEAD_BYTES, begins_like_data, told_by_name, worth_a_look
from tuning.ports import DatasetFiles, Reworker, SharedFiles, Store
from tuning.pricing import book
from tuning.records import Drop, SharedFile, Source, Step
from tuning.sizes import size
from tuning.updates import tell_drop

#: A file larger than this gets a "checking" message before its report.
ANNOUNCE_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Brings files; each step may be done again after a kill."""

    store: Store
    shared: SharedFiles
    files: DatasetFiles
    reworker: Reworker
    keeping: Keeping

    async def look(self, drop: Drop) -> tuple[SharedFile, bool]:
        """What Slack says of the file, and whether it is meant as training data."""
        shared = await self.shared.info(drop.file_id, drop.channel)
        if told_by_name(shared.name):
            return shared, True
        if not worth_a_look(shared):
            return shared, False
        head = await self.shared.head(shared, HEAD_BYTES)
        return shared, await asyncio.to_thread(begins_like_data, shared.name, head)

    async def fetch(self, drop: Drop, shared: SharedFile, temporary: Path) -> tuple[Drop, str]:
        """The drop with what was done to its bytes, which are in `temporary`, and their hash.

        Raises FtBotError.
        """
        digest = await self.shared.download(shared, temporary)
        plain = await self._plain(drop, temporary)
        return plain, digest if plain is drop else await asyncio.to_thread(sha256_of, temporary)

    async def announce(self, drop: Drop, shared: SharedFile) -> Drop:
        """Note what Slack says of the file; a big one is told to be in the making. Raises FtBotError."""
        most = book().defaults.upload_bytes
        if shared.size > most:
            raise FileUnreadable(
                f"{shared.name} has {size(shared.size)}; a training file may have {size(most)}.",
                remedy="Split it, or train on a sample.",
            )
        await self.keeping.room_for(shared.name, shared.size)
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id) or drop
            drop = replace(
                fresh,
                filename=shared.name,
                size=shared.size,
                thread_ts=fresh.thread_ts or shared.thread_ts,
                reply=fresh.reply or shared.reply,
            )
            await tx.drops.save(drop)
            if shared.size > ANNOUNCE_BYTES:
                await tell_drop(tx, drop)
        return drop

    async def _plain(self, drop: Drop, temporary: Path) -> Drop:
        """Unpack it and make it UTF-8, within the quota; the drop with what was done."""
        if is_plain(await asyncio.to_thread(_head, temporary)):
            return drop
        most = min(book().defaults.upload_bytes, await self.keeping.room())
        try:
            packing, encoding = await self.reworker.plain(temporary, temporary, most)
        except FileUnreadable as error:
            raise _of_workbook(drop, error) from error
        await self.keeping.room_for(drop.filename, 0)
        steps = [step for step, done in ((Step.unpacked, packing), (Step.recoded, encoding)) if done]
        return replace(drop, source=Source(drop.filename, drop.size, "", tuple(steps))) if steps else drop


def _of_workbook(drop: Drop, error: FileUnreadable) -> FileUnreadable:
    """What a person is told of a workbook: that it is a ZIP archive inside is no news for them."""
    if "damaged" not in error.message or not drop.filename.lower().endswith((".xlsx", ".xlsm")):
        return error
    return FileUnreadable(
        "The Excel file is damaged.", remedy="Save it again, or as CSV, and drop it once more."
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)
