"""A full disk: told from other errors, whatever words a library has for it; and room that is kept back."""

import errno
import os
import shutil
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ADVICE = "the disk of the trainer's machine is full. Free some space and start the job again."
#: Enough for thousands of records in the database.
RESERVE_BYTES = 8 * 1024 * 1024
#: A worker whose last words found no room ends with this exit status.
UNSAID = errno.ENOSPC
#: With less than this not even a few words may find room.
NOTHING_BYTES = 256 * 1024
# The last two are torch's, whose writer doesn't say why it could not write.
WORDS = (
    "no space left",
    "database or disk is full",
    *(f"os error {number}" for number in FULL),
    "unexpected pos",
    "pytorchstreamwriter failed",
)


def is_full(error: BaseException) -> bool:
    """Whether this error, or one that it came from, is a disk or quota without room."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL:
            return True
        if any(words in str(cause).lower() for words in WORDS):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def has_none(folder: Path) -> bool:
    """Whether the disk below this folder has as good as nothing left."""
    return shutil.disk_usage(folder).free < NOTHING_BYTES


def flush(path: Path) -> None:
    """Have a file, or a folder with everything in it, outlive a power cut."""
    for inner in path.iterdir() if path.is_dir() else ():
        flush(inner)
    _sync(path)


def flush_name(path: Path) -> None:
    """Have a file's or a folder's name outlive a power cut, once what it names is flushed."""
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Reserve:
    """A file that only holds room, so that on a full disk what happened can still be written down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self) -> None:
        """Take the room, or take it back, once there is enough of it to spare."""
        if self.path.exists() or not self._to_spare():
            return
        try:
            self.path.write_bytes(bytes(RESERVE_BYTES))
        except OSError:
            self.path.unlink(missing_ok=True)

    def release(self) -> bool:
        """Give the room up to whoever must write now; False when that would not help."""
        if self._to_spare() or not self.path.exists():
            return False
        self.path.unlink()
        return True

    def _to_spare(self) -> bool:
        return shutil.disk_usage(self.path.parent).free >= 4 * RESERVE_BYTES
