"""Files: the kept bytes on disk, and those that people shared in the chat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tuning.records import SharedFile


class DatasetFiles(Protocol):
    """The bytes of versions, kept once under their SHA-256."""

    def path(self, sha256: str) -> Path: ...

    async def keep(self, temporary: Path, sha256: str) -> Path:
        """Move a finished file in, atomically; the same bytes are kept once."""
        ...

    def temporary(self, name: str) -> Path:
        """A path for a file in the making, on the same disk; leftovers are removed at the next start."""
        ...

    def used(self) -> int:
        """Bytes of all kept files and of those in the making."""
        ...

    def size(self, sha256: str) -> int:
        """Bytes of a kept file; 0 when there is none."""
        ...

    def kept(self) -> Iterator[tuple[str, float]]:
        """Every kept file's SHA-256, with when it was kept (seconds since 1970)."""
        ...

    def remove(self, sha256: str) -> None:
        """Delete a kept file; one that is gone already is fine."""
        ...


class SharedFiles(Protocol):
    """Files that people shared in the chat."""

    async def info(self, file_id: str, channel: str) -> SharedFile:
        """Raises FileUnreadable when the file is gone or may not be read."""
        ...

    async def head(self, file: SharedFile, most: int) -> bytes:
        """The first bytes, at most so many; raises FileUnreadable."""
        ...

    async def download(self, file: SharedFile, target: Path) -> str:
        """Stream to disk; a transfer that drops goes on where it was. Raises FileUnreadable.

        Returns the SHA-256 of what came, counted on the way.
        """
        ...
