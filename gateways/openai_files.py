"""Files at the backend, whole or in parts, streamed from disk."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from openai import omit

from gateways.openai_records import Json, expiry, file_record, needed
from gateways.openai_wire import UPLOAD_PATIENCE, UPLOAD_TIMEOUT, Wire
from tuning.errors import BackendNotFound, BackendRefused
from tuning.ports import Sent
from tuning.records import BackendFile

PURPOSE: Literal["fine-tune"] = "fine-tune"
MEDIA_TYPE = "application/jsonl"
#: What /uploads asks for a training file, where /files asks for nothing.
PARTS_MEDIA_TYPE = "text/jsonl"
#: How long an upload may take where the backend doesn't say: OpenAI's own hour.
USUAL_LIFE = timedelta(hours=1)


class Stretch(io.RawIOBase):
    """A stretch of a file as a file of its own, telling how much of it was read.

    It has no `fileno`: whoever asks the system for the length would get the whole file's.
    """

    def __init__(self, path: Path, start: int, size: int, sent: Sent | None) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._start, self._size, self._at = start, size, 0
        self._sent = sent

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self._size - self._at)
        self._file.seek(self._start + self._at)
        data = self._file.read(left if size is None or size < 0 else min(size, left))
        self._at += len(data)
        if self._sent and data:
            self._sent(self._at)
        return data

    def close(self) -> None:
        self._file.close()
        super().close()


class OpenAIFiles:
    """The part of `tuning.ports.Backend` that is about files."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._files = wire.client.files.with_raw_response
        self._uploads = wire.client.uploads.with_raw_response
        self._parts = wire.client.uploads.parts.with_raw_response

    async def upload(self, path: Path, filename: str, sent: Sent | None = None) -> BackendFile:
        with _opened(path, sent=sent) as source:
            file: Any = (filename, source, MEDIA_TYPE)
            body = await self._wire.write(
                lambda: self._files.create(file=file, purpose=PURPOSE, timeout=UPLOAD_TIMEOUT),
                patience=UPLOAD_PATIENCE,
            )
        return file_record(body)

    async def begin_upload(self, filename: str, size: int) -> tuple[str, datetime]:
        body = await self._wire.write(
            lambda: self._uploads.create(
                bytes=size, filename=filename, mime_type=PARTS_MEDIA_TYPE, purpose=PURPOSE
            )
        )
        return needed(body, "id"), expiry(body) or datetime.now(UTC) + USUAL_LIFE

    async def send_part(
        self, upload_id: str, path: Path, start: int, size: int, sent: Sent | None = None
    ) -> str:
        with _opened(path, start, size, sent) as source:
            part: Any = ("part", source, "application/octet-stream")
            body = await self._wire.write(
                lambda: self._parts.create(upload_id, data=part, timeout=UPLOAD_TIMEOUT),
                patience=UPLOAD_PATIENCE,
            )
        return needed(body, "id")

    async def complete_upload(self, upload_id: str, parts: Sequence[str]) -> BackendFile:
        body = await self._wire.write(
            lambda: self._uploads.complete(upload_id, part_ids=list(parts), timeout=UPLOAD_TIMEOUT),
            patience=UPLOAD_PATIENCE,
        )
        return file_record(body.get("file") or {})

    async def cancel_upload(self, upload_id: str) -> None:
        try:
            await self._wire.write(lambda: self._uploads.cancel(upload_id))
        except (BackendNotFound, BackendRefused):
            # completed, cancelled or expired: there is nothing to give up
            return

    async def find_files(self, filename: str) -> list[BackendFile]:
        pages = self._wire.pages(lambda after: self._files.list(after=after or omit, purpose=PURPOSE))
        return [
            file_record(entry) async for page in pages for entry in page if entry.get("filename") == filename
        ]

    async def delete_file(self, file_id: str) -> None:
        try:
            gone(await self._wire.write(lambda: self._files.delete(file_id)))
        except BackendNotFound:
            return


def gone(body: Json) -> None:
    """Raise BackendRefused when a deletion's answer says that nothing was deleted."""
    if body.get("deleted") is False:
        raise BackendRefused("The backend answered that it did not delete it.")


@contextmanager
def _opened(
    path: Path, start: int = 0, size: int | None = None, sent: Sent | None = None
) -> Iterator[Stretch]:
    try:
        whole = path.stat().st_size
        source = Stretch(path, start, whole - start if size is None else size, sent)
    except OSError as error:
        raise BackendRefused(f"The dataset's file can't be read here: {error.strerror}.") from None
    with source:
        yield source
