"""When the backend's copy of a version may go: it is marked, and deleted by the next sweep of `uploads`."""

from __future__ import annotations

from dataclasses import replace

from tuning.ports import Transaction
from tuning.records import Job, UploadState, Version


async def release_after_job(tx: Transaction, job: Job, version_id: str) -> None:
    """Mark a version's upload for deletion unless another job needs it."""
    version: Version | None = await tx.datasets.version(job.workspace, version_id)
    upload = await tx.uploads.get(job.workspace, version.sha256) if version else None
    if upload is None:
        return
    for other in await tx.jobs.using_version(job.workspace, version_id):
        if other.id != job.id and (other.backend_id or not other.ended):
            return
    await tx.uploads.save(replace(upload, state=UploadState.deleting))


async def release_after_dataset(tx: Transaction, version: Version, workspace: str) -> None:
    """Mark the backend's copy of these bytes for deletion, unless another dataset has them too."""
    if await tx.datasets.by_sha256(workspace, version.sha256):
        return
    if upload := await tx.uploads.get(workspace, version.sha256):
        await tx.uploads.save(replace(upload, state=UploadState.deleting))
