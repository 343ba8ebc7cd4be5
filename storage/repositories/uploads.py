"""Versions' bytes at the backend, and which rows of one file stand in another."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import schema
from storage.rows import Rows, insert_new
from tuning.records import Overlap, Upload, UploadState

_uploads = Rows(schema.uploads, Upload)


class SqlUploads:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, workspace: str, sha256: str) -> Upload | None:
        table = schema.uploads.c
        found = _uploads.select(table.workspace == workspace, table.sha256 == sha256)
        return await _uploads.one(self._connection, found)

    async def save(self, upload: Upload) -> None:
        if not await _uploads.add(self._connection, upload):
            await _uploads.save(self._connection, upload)

    async def remove(self, upload: Upload) -> None:
        table = schema.uploads.c
        same = (table.workspace == upload.workspace, table.sha256 == upload.sha256)
        await self._connection.execute(delete(schema.uploads).where(*same))

    async def deleting(self) -> list[Upload]:
        table = schema.uploads.c
        going = _uploads.select(table.state == UploadState.deleting)
        return await _uploads.all(self._connection, going.order_by(table.workspace, table.sha256))


class SqlOverlaps:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, workspace: str, training: str, validation: str) -> Overlap | None:
        table = schema.leaks.c
        same = (table.workspace == workspace, table.training == training, table.validation == validation)
        found = await self._connection.execute(select(table.found).where(*same))
        return found.scalar_one_or_none()

    async def save(self, workspace: str, training: str, validation: str, found: Overlap) -> None:
        values = {"workspace": workspace, "training": training, "validation": validation, "found": found}
        await insert_new(self._connection, schema.leaks, values)
