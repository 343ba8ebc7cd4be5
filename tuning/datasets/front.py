"""The front door of the check. It starts the processes for a big file before it imports what they don't need.

They take a quarter of a second to load the tokenizer, and everything else happens meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tuning.datasets.workers import SMALL, Workers, processes_for

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from tuning.datasets.pool import Sink
    from tuning.datasets.progress import Listener
    from tuning.datasets.report import Report
    from tuning.pricing import PriceBook

METHODS = ("supervised", "dpo", "reinforcement")


class CannotRead(Exception):
    """The file can't be read; the message says why."""


class Wish(NamedTuple):
    """How a file is to be checked; see `check_file`."""

    base: str | None
    method: str | None
    encoding: str
    max_tokens: int | None
    keep: int
    processes: int | None
    prices: PriceBook
    sink: Sink | None
    against: Path | None
    deep: bool
    progress: Listener | None
    refusals: tuple[str, ...]
    workers: Workers | None
    """Processes that were started already."""
    today: dt.date
    assumed: tuple[str, ...]
    """What is taken for granted of a base that isn't on record."""


def check_file(
    path: Path,
    *,
    base: str | None = None,
    method: str | None = None,
    encoding: str | None = None,
    max_tokens: int | None = None,
    keep: int = 20,
    processes: int | None = None,
    prices: PriceBook | None = None,
    sink: Sink | None = None,
    against: Path | None = None,
    deep: bool = False,
    progress: Listener | None = None,
    refusals: Sequence[str] = (),
    today: dt.date | None = None,
) -> Report:
    """Check every row of a file and say what was found.

    `base` chooses encoding, limit and price; `encoding` and `max_tokens` override it. `keep` bounds how many
    findings of each code the report holds; `sink` gets all of them. `against` is a training file in which no
    row of this one should stand. `refusals` are the words in which this set refuses. Rows are compared with
    each other up to `COMPARED_ROWS` and `COMPARED_BYTES`, or all of them if `deep`. `progress` is told how
    far the check is, after the first stretch and then once a second at most;
    when it answers True, the check ends there, and the report says so. Packed files and UTF-16 are opened.
    `today` tells which bases are gone.
    Raises CannotRead if there is no file to read and ValueError for an unknown method or encoding.
    """
    if method is not None and method not in METHODS:
        raise ValueError(f"There is no method {method!r}. Choose one of {', '.join(METHODS)}.")
    if max_tokens is not None and max_tokens < 1:
        raise ValueError("The limit of tokens has to be at least 1.")
    workers = _workers(path, processes)
    try:
        from datetime import UTC, datetime

        from tuning.datasets.tokens import check_encoding
        from tuning.pricing import book

        prices = prices or book()
        assumed = _assumed(prices, base, encoding, max_tokens)
        encoding = check_encoding(encoding or prices.encoding(base))
        if workers:
            workers.load(encoding)
        from tuning.datasets.check import check

        options = (base, method, encoding, max_tokens, keep, processes, prices, sink, against, deep, progress)
        today = today or datetime.now(UTC).date()
        return check(path, Wish(*options, tuple(refusals), workers, today, assumed))
    finally:
        if workers:
            workers.close()


def _assumed(
    prices: PriceBook, base: str | None, encoding: str | None, max_tokens: int | None
) -> tuple[str, ...]:
    """What is counted with, of a base that isn't on record, though nobody asked for it."""
    if not base or prices.known(base):
        return ()
    limit = "" if max_tokens else f"{prices.limit(base):,} tokens"
    return tuple(filter(None, ("" if encoding else prices.encoding(base), limit)))


def _workers(path: Path, processes: int | None) -> Workers | None:
    """Processes for a file that is big; whether there is one to read is told later."""
    try:
        size = path.stat().st_size
    except OSError:
        return None
    count = processes or processes_for(size)
    return Workers(count) if size > SMALL and count > 1 else None
