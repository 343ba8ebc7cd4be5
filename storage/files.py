"""The bytes of dataset versions on disk: FT_DATA_DIR/files/<2 hex>/<sha256>, written once, never half.

A file in the making lies on the same disk in a folder of its process and is moved in when it is
complete, so that a kill at any moment leaves either nothing or all of it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import DiskFull
from storage.process import Process, parse, this_process

#: Leftovers of a process on another machine are removed when they are this old.
FORSAKEN_SECONDS = 24 * 3600
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class KeptFiles:
    """Files under their SHA-256."""

    def __init__(self, root: Path, process: Process) -> None:
        self._root = root
        self._making = root / "temporary"
        self._mine = self._making / str(process)
        self._process = process

    def path(self, sha256: str) -> Path:
        """Where the bytes with this hash lie, or would."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is not a SHA-256 in lower-case hex")
        return self._root / sha256[:2] / sha256

    def temporary(self, name: str) -> Path:
        """A path for a file in the making; the same name gives the same path within this process."""
        with disk_errors(self._root):
            self._mine.mkdir(parents=True, exist_ok=True)
        return self._mine / (_UNSAFE.sub("_", name)[-100:].lstrip(".") or "file")

    async def keep(self, temporary: Path, sha256: str) -> Path:
        """Move a finished file in, so that it survives a power cut. Raises DiskFull."""
        return await asyncio.to_thread(self._keep, temporary, self.path(sha256))

    def _keep(self, temporary: Path, final: Path) -> Path:
        with disk_errors(self._root):
            final.parent.mkdir(parents=True, exist_ok=True)
            _sync(temporary)
            # the time of keeping: bytes that no record names yet are young
            os.utime(temporary)
            os.replace(temporary, final)
            _sync(final.parent)
            _sync(self._root)
        return final

    def used(self) -> int:
        """Bytes of all kept files and of those in the making."""
        making = (path for path in self._making.glob("*/*"))
        return sum(_bytes(path) for path in (*self._root.glob("??/*"), *making))

    def size(self, sha256: str) -> int:
        """Bytes of a kept file; 0 when there is none."""
        return _bytes(self.path(sha256))

    def kept(self) -> Iterator[tuple[str, float]]:
        """Every kept file's SHA-256, with when it was kept."""
        for path in self._root.glob("??/*"):
            with suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime

    def remove(self, sha256: str) -> None:
        """Delete a kept file; one that is gone already is fine."""
        self.path(sha256).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what processes that run no more left in the making."""
        for folder in self._making.glob("*"):
            owner = parse(folder.name)
            old = time.time() - folder.stat().st_mtime > FORSAKEN_SECONDS
            elsewhere = owner is None or owner.place != self._process.place
            if (owner and self._process.knows_dead(owner)) or (elsewhere and old):
                shutil.rmtree(folder, ignore_errors=True)


def open_files(data_dir: Path) -> KeptFiles:
    """The files under FT_DATA_DIR, ready for use: folders made, leftovers of earlier runs removed."""
    root = data_dir / "files"
    with disk_errors(data_dir):
        root.mkdir(parents=True, exist_ok=True)
        (root / "temporary").mkdir(exist_ok=True)
    files = KeptFiles(root, this_process())
    files.sweep()
    return files


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Say plainly that the disk is full, and how full."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(f"The bot's disk is full: {_free(folder)} left in {folder}.") from error


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.1f} MB"
    except OSError:
        return "nothing"


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
