"""A version's bytes at the backend: sent once for each workspace and content, found again after a crash.

Before bytes are sent the attempt is put on record. When its outcome is unknown the file is looked
up by its name, which holds the content's hash, so that no copy is left behind.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from tuning.errors import BackendError, BackendNotFound, FileUnreadable, StillSettling
from tuning.ports import Backend, Clock, DatasetFiles, Leases, Store
from tuning.records import Upload, UploadState, Version
from tuning.sending import Sender, Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Uploads:
    """Brings versions to the backend and takes unused ones away again."""

    store: Store
    backend: Backend
    sender: Sender
    files: DatasetFiles
    leases: Leases
    now: Clock

    async def ensure(self, workspace: str, name: str, version: Version, watch: Watch | None = None) -> str:
        """The backend's id of this version's file; sends it when it isn't there.

        `watch` is told every few seconds how far it is. Raises NotWanted when it answers no.
        """
        lease = f"upload:{workspace}:{version.sha256}"
        if not await self.leases.acquire(lease):
            raise StillSettling("Another job is sending this file just now.")
        try:
            return await self._ensure(workspace, name, version, watch)
        finally:
            await self.leases.release(lease)

    async def _ensure(self, workspace: str, name: str, version: Version, watch: Watch | None) -> str:
        async with self.store.begin() as tx:
            upload = await tx.uploads.get(workspace, version.sha256)
        if upload and upload.state is UploadState.deleting:
            await self._delete(upload)
            upload = None
        if upload and upload.file_id and await self._still_there(upload):
            return upload.file_id
        filename = f"{name}-v{version.number}-{workspace}-{version.sha256[:16]}.jsonl"
        upload = upload or Upload(workspace, version.sha256, filename, UploadState.uploading)
        file_id = await self._found(upload) if upload.attempted_at else None
        return await self._ready(upload, file_id or await self._send(upload, watch))

    async def _send(self, upload: Upload, watch: Watch | None) -> str:
        path = self.files.path(upload.sha256)
        if not path.exists():
            raise FileUnreadable(
                "The dataset's file isn't on this machine's disk.",
                remedy="Processes that share a database must share FT_DATA_DIR too.",
            )
        attempt = replace(upload, attempted_at=self.now())
        async with self.store.begin() as tx:
            await tx.uploads.save(attempt)
        return await self.sender.send(attempt, path, watch)

    async def _found(self, upload: Upload) -> str | None:
        """The file that an earlier attempt left at the backend; copies of it are deleted."""
        found = await self.backend.find_files(upload.filename)
        for copy in found[1:]:
            await self.backend.delete_file(copy.id)
        return found[0].id if found else None

    async def _ready(self, upload: Upload, file_id: str) -> str:
        async with self.store.begin() as tx:
            await tx.uploads.save(replace(upload, state=UploadState.ready, file_id=file_id, partial=None))
        return file_id

    async def _still_there(self, upload: Upload) -> bool:
        """Whether nobody deleted the file at the backend since."""
        return any(file.id == upload.file_id for file in await self.backend.find_files(upload.filename))

    async def sweep(self) -> None:
        """Delete at the backend what a refused or cancelled job left there."""
        async with self.store.begin() as tx:
            deleting = await tx.uploads.deleting()
        for upload in deleting:
            lease = f"upload:{upload.workspace}:{upload.sha256}"
            if await self.leases.acquire(lease):
                try:
                    await self._take_back(upload)
                except BackendError as error:
                    log.warning("%s stays at the backend for now: %s", upload.filename, error)
                finally:
                    await self.leases.release(lease)

    async def _take_back(self, listed: Upload) -> None:
        """Delete it, unless another job has brought it back since it was listed."""
        async with self.store.begin() as tx:
            upload = await tx.uploads.get(listed.workspace, listed.sha256)
        if upload and upload.state is UploadState.deleting:
            await self._delete(upload)

    async def _delete(self, upload: Upload) -> None:
        if upload.partial:
            await self.backend.cancel_upload(upload.partial.id)
        for file in await self.backend.find_files(upload.filename):
            await self.backend.delete_file(file.id)
        if upload.file_id:
            try:
                await self.backend.delete_file(upload.file_id)
            except BackendNotFound:
                log.info("file %s was gone already", upload.file_id)
        async with self.store.begin() as tx:
            await tx.uploads.remove(upload)
