"""The bytes of one file on their way to the backend: whole, or in parts when it is large.

Each part that the backend has is put on record at once, so that a kill or a dropped connection costs one part
at most. A create of an upload whose answer was lost leaves an empty one there, which expires by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from tuning.errors import BackendError, BackendNotFound, BackendRefused
from tuning.ports import Backend, Clock, Store
from tuning.pricing import book
from tuning.records import PartialUpload, Upload

log = logging.getLogger(__name__)

T = TypeVar("T")
#: Is told how many bytes were sent, and of how many; answers whether the file is still wanted.
Watch = Callable[[int, int], Awaitable[bool]]
#: Seconds between two times that the watch is told.
WATCH_SECONDS = 3.0


class NotWanted(Exception):
    """Nobody wants the file any more: the sending was broken off."""


class TooLargeForBackend(BackendError):
    """The backend takes no file of this size."""

    code = "too_large_for_backend"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that go in one request, and bytes of one part of a larger file."""

    file: int
    part: int


def usual_limits() -> Limits:
    return Limits(book().defaults.file_bytes, book().defaults.part_bytes)


@dataclass(slots=True)
class Meter:
    """How far a file is; `done` are the parts that the backend has."""

    total: int
    done: int = 0
    now: int = 0

    def add(self, sent: int) -> None:
        self.now = sent

    @property
    def sent(self) -> int:
        return self.done + self.now


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends files, and tells a watch every few seconds how far it is."""

    store: Store
    backend: Backend
    now: Clock
    limits: Limits
    watch_seconds: float = WATCH_SECONDS

    async def send(self, upload: Upload, path: Path, watch: Watch | None = None) -> str:
        """The backend's id of the file. Raises NotWanted when the watch says so."""
        meter = Meter(_size_of(path))
        way = self._in_parts if meter.total > self.limits.file else self._whole
        return await self._watched(way(upload, path, meter), meter, watch)

    async def _whole(self, upload: Upload, path: Path, meter: Meter) -> str:
        return (await self.backend.upload(path, upload.filename, meter.add)).id

    async def _in_parts(self, upload: Upload, path: Path, meter: Meter) -> str:
        partial = upload.partial
        if partial and partial.expires_at > self.now():
            try:
                return await self._rest(upload, partial, path, meter)
            except (BackendRefused, BackendNotFound) as error:
                # it is over there: perhaps because it was completed, and only the answer was lost
                log.warning("the upload %s can't go on: %s", partial.id, error)
                if found := await self.backend.find_files(upload.filename):
                    return found[0].id
                await self.backend.cancel_upload(partial.id)
        return await self._rest(upload, await self._begin(upload, meter.total), path, meter)

    async def _begin(self, upload: Upload, size: int) -> PartialUpload:
        try:
            upload_id, expires = await self.backend.begin_upload(upload.filename, size)
        except BackendNotFound:
            mega = 1 << 20
            raise TooLargeForBackend(
                f"The file has {size / mega:,.0f} MB. This backend takes {self.limits.file // mega:,} MB at "
                "once and, unlike OpenAI, nothing in parts (it has no /uploads)."
            ) from None
        partial = PartialUpload(upload_id, expires, self.limits.part)
        await self._note(upload, partial)
        return partial

    async def _rest(self, upload: Upload, partial: PartialUpload, path: Path, meter: Meter) -> str:
        """Send the parts that the backend doesn't have, and complete the file."""
        while (start := len(partial.parts) * partial.part_bytes) < meter.total:
            meter.done, meter.now = start, 0
            size = min(partial.part_bytes, meter.total - start)
            part = await self.backend.send_part(partial.id, path, start, size, meter.add)
            partial = replace(partial, parts=(*partial.parts, part))
            await self._note(upload, partial)
        meter.done, meter.now = meter.total, 0
        return (await self.backend.complete_upload(partial.id, partial.parts)).id

    async def _note(self, upload: Upload, partial: PartialUpload) -> None:
        async with self.store.begin() as tx:
            fresh = await tx.uploads.get(upload.workspace, upload.sha256) or upload
            await tx.uploads.save(replace(fresh, partial=partial))

    async def _watched(self, sending: Coroutine[Any, Any, T], meter: Meter, watch: Watch | None) -> T:
        """Do it, with the watch told meanwhile. What is broken off has not reached the backend as a whole."""
        task = asyncio.ensure_future(sending)
        try:
            while not (await asyncio.wait({task}, timeout=self.watch_seconds))[0]:
                wanted = watch is None or await watch(meter.sent, meter.total)
                if not wanted and meter.sent < meter.total:
                    raise NotWanted
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})


def _size_of(path: Path) -> int:
    return path.stat().st_size
