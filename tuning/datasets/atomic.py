"""Files that appear only when they are complete."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

#: What goes wrong with the file that is written, whatever else is read meanwhile.
_OF_TARGET = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EPIPE)


@contextmanager
def writing(target: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the name `target` at the end, or leaves nothing behind after an error.

    A link is followed; a device or a pipe is written to as it is. Raises OSError with the target's name.
    """
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "It is a folder, not a file", str(target))
    real = Path(os.path.realpath(target))
    if not real.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"There is no folder {target.parent}", str(target))
    part = real.with_name(f".{real.name[:50]}.{os.getpid()}.part")
    with _named(target, part):
        if _is_device(target):
            with target.open("wb") as file:
                yield file
            return
        with _removed(part), part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(part, real)


def _is_device(target: Path) -> bool:
    """Whether it is a device or a pipe, or one that is a file for the time being, as `/dev/stdout` may be."""
    return target.exists() and (not target.is_file() or target.parent == Path("/dev"))


@contextmanager
def _removed(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _named(target: Path, part: Path) -> Iterator[None]:
    """Errors with the name that people gave, instead of that of a file they never see."""
    try:
        yield
    except OSError as error:
        ours = error.filename in (str(part), part) or error.filename2 is not None
        if ours or (error.filename is None and error.errno in _OF_TARGET):
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths are one file, by whatever names."""
    try:
        return one.samefile(other)
    except OSError:
        return False


@contextmanager
def ended_softly() -> Iterator[None]:
    """Being told to end (SIGTERM) ends this process as any error does, so that it leaves nothing behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
