"""Checking one file from its bytes to its report. What few files need is imported where they need it."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tuning.datasets.checker import Settings
from tuning.datasets.finish import Subject, finish, labels_of
from tuning.datasets.front import CannotRead, Wish
from tuning.datasets.pool import check_all
from tuning.datasets.progress import Teller
from tuning.datasets.ranges import BOM, LONGEST_ROW
from tuning.datasets.report import Finding, Format, Overlap, Report
from tuning.datasets.sniff import HEAD, Look, look
from tuning.datasets.tally import Tally
from tuning.datasets.unpack import CannotConvert
from tuning.datasets.workers import processes_for

if TYPE_CHECKING:
    from tuning.datasets.inside import Inside

COMPARED_ROWS = 100_000
COMPARED_BYTES = 64 << 20
AGAINST_BYTES = 512 << 20
"""A bigger training set is searched for the same prompts only, not for rows that are nearly the same."""


def check(path: Path, wish: Wish) -> Report:
    """Check a file, or what is inside of it: packed files and UTF-16 are opened, once."""
    began = time.perf_counter()
    head, size = _head(path)
    seen = look(head, wish.method)
    if seen.container:
        from tuning.datasets.inside import how_it_came, opened_report

        digest = _Digest(path)
        inside = _look_inside(path, head, lambda inner: _check_plain(inner, wish, *_looked(inner, wish)))
        if inside.report:
            how = how_it_came(head)
            if wish.sink:
                wish.sink(how)
            seconds = round(time.perf_counter() - began, 3)
            return opened_report(inside.report, how, digest.value(), size, seconds)
        seen = seen._replace(trouble=inside.trouble or seen.trouble)
    return _check_plain(path, wish, head, size, seen)


def _looked(path: Path, wish: Wish) -> tuple[bytes, int, Look]:
    """A first look at what was inside of a packed file."""
    head, size = _head(path)
    seen = look(head, wish.method)
    packed = head.startswith(b"\x1f\x8b") or (head.startswith(b"PK") and b"[Content_Types].xml" not in head)
    twice = "It is packed twice: unpack it once." if packed else ""
    return head, size, seen._replace(trouble=seen.trouble or twice)


def _check_plain(path: Path, wish: Wish, head: bytes, size: int, seen: Look) -> Report:
    began = time.perf_counter()
    base, method, prices = wish.base, wish.method, wish.prices
    settings = Settings(
        format=_format(seen, method),
        encoding=wish.encoding,
        limit=wish.max_tokens or prices.limit(base),
        keep=wish.keep,
        shapes=seen.looks_like is None,
    )
    digest = _Digest(path)
    teller = Teller(wish.progress, size)
    tally = Tally() if seen.container else _check_rows(path, size, settings, wish, teller)
    has_bom = head.startswith(BOM)
    ended = teller.ended_at
    asked = (prices, base, method, wish.today, wish.assumed)
    subject = Subject(path, size, digest.value(), has_bom, seen, settings, *asked, ended)
    compared = _is_compared(size, tally, settings, wish.deep) and not seen.container and ended is None
    meaning, against = ([], None) if ended is not None else _meaning(path, tally, settings, wish, compared)
    meaning.sort(key=lambda finding: finding.row or 0)
    report = finish(subject, tally, meaning, compared, began, wish.sink)
    return msgspec.structs.replace(report, against=against)


def _look_inside(path: Path, head: bytes, check: Callable[[Path], Report]) -> Inside:
    from tuning.datasets.inside import look_inside

    try:
        return look_inside(path, head, check)
    except OSError as error:
        raise CannotRead(f"{path.name} can't be opened: {error.strerror}.") from error


def _format(seen: Look, method: str | None) -> Format:
    """The format to hold rows to: what they show, else what the method asks for, else chat."""
    if seen.format != "unknown":
        return seen.format
    return "dpo" if method == "dpo" else "reinforcement" if method == "reinforcement" else "supervised"


def _is_compared(size: int, tally: Tally, settings: Settings, deep: bool) -> bool:
    """Whether rows are compared with each other: it takes longer than all the rest."""
    small = tally.rows <= COMPARED_ROWS and size <= COMPARED_BYTES
    return settings.shapes and (small or deep)


def _meaning(
    path: Path, tally: Tally, settings: Settings, wish: Wish, compared: bool
) -> tuple[list[Finding], Overlap | None]:
    """Findings that need rows to be compared: with each other, and with those of a training set."""
    if not (compared and tally.rows) and not (wish.against and settings.shapes):
        return [], None
    from tuning.datasets.columns import read_columns
    from tuning.datasets.inside import opened
    from tuning.datasets.leaks import NothingToCompare, leaks
    from tuning.datasets.meaning import look_at

    try:
        columns = read_columns(path, tally.rows, wish.refusals)
        found = list(look_at(path, columns, settings.format, labels_of(tally))) if compared else []
        if wish.against is None:
            return found, None
        with opened(wish.against) as training:
            closely = wish.deep or training.stat().st_size <= AGAINST_BYTES
            found.extend(leaks(training, path, columns, closely=closely))
        return found, "closely" if closely else "same"
    except OSError as error:
        raise CannotRead(f"{Path(error.filename or path).name} can't be read: {error.strerror}.") from error
    except (CannotConvert, NothingToCompare) as error:
        name = wish.against.name if wish.against else path.name
        raise CannotRead(f"{name} can't be compared with: {error}") from error


def _check_rows(path: Path, size: int, settings: Settings, wish: Wish, teller: Teller) -> Tally:
    processes = wish.processes or processes_for(size)
    try:
        return check_all(path, size, settings, processes, wish.sink, teller, wish.workers)
    except OSError as error:
        raise CannotRead(f"{path.name} can't be read: {error.strerror}.") from error


def _head(path: Path) -> tuple[bytes, int]:
    try:
        if not path.is_file():
            kind = "is a folder" if path.is_dir() else "isn't there" if not path.exists() else "isn't a file"
            raise CannotRead(f"{path.name or path} {kind}.")
        with path.open("rb") as file:
            head = file.read(HEAD)
            while head.count(b"\n") < 2 and len(head) < LONGEST_ROW and (more := file.read(HEAD)):
                head += more
            return head, os.fstat(file.fileno()).st_size
    except OSError as error:
        raise CannotRead(f"{path.name} can't be read: {error.strerror}.") from error


class _Digest:
    """SHA-256 of the file, taken in a thread beside the check."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._value = ""
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._path.open("rb") as file:
                self._value = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self._error = error

    def value(self) -> str:
        """The digest in hexadecimal."""
        self._thread.join()
        if self._error:
            raise CannotRead(f"{self._path.name} can't be read: {self._error.strerror}.") from self._error
        return self._value
