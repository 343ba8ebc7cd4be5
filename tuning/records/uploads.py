"""A version's bytes on their way to the backend, whole or in parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """A file on its way to the backend in parts; those that the backend has, in their order.

    Each part but the last has `part_bytes`; the parts don't outlive `expires_at`.
    """

    id: str
    expires_at: datetime
    part_bytes: int
    parts: tuple[str, ...] = ()


class UploadState(StrEnum):
    uploading = "uploading"
    ready = "ready"
    deleting = "deleting"


@dataclass(frozen=True, slots=True)
class Upload:
    """A version's bytes at the backend, one for each workspace and content."""

    workspace: str
    sha256: str
    filename: str
    state: UploadState
    file_id: str | None = None
    #: Set before bytes are sent; an attempt whose outcome is unknown is looked up by file name.
    attempted_at: datetime | None = None
    #: What was begun in parts and isn't complete.
    partial: PartialUpload | None = None
