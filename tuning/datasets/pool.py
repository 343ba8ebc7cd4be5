"""Checks a file in stretches: in this process when it is small, in several when it is big."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tuning.datasets.checker import Settings
from tuning.datasets.progress import Teller
from tuning.datasets.ranges import ramp
from tuning.datasets.report import Finding
from tuning.datasets.stretch import Part, check_stretch
from tuning.datasets.tally import Tally
from tuning.datasets.workers import Workers

STRETCH = 4 << 20
TOLD_STRETCH = 1 << 20
"""Stretches are shorter when every finding is wanted: a stretch may have more findings than rows."""

Sink = Callable[[list[Finding]], None]


def check_all(
    path: Path,
    size: int,
    settings: Settings,
    processes: int,
    sink: Sink | None = None,
    teller: Teller | None = None,
    workers: Workers | None = None,
) -> Tally:
    """The tally of the whole file, or of its beginning when who is told the progress ends the check.

    `sink` gets every finding, in the order of the rows. `workers` are those that were started already.
    """
    collect = sink is not None
    stretches = ramp(size, min(STRETCH, TOLD_STRETCH) if collect else STRETCH)
    join = _Join(stretches, settings.keep, sink, teller or Teller(None, size))
    if processes <= 1 or len(stretches) <= 1:
        return join.all(check_stretch(path, settings, start, end, collect) for start, end in stretches)
    job = (path, settings, collect)
    if workers:
        return join.all(workers.run(job, stretches))
    with closing(Workers(processes)) as workers:
        workers.load(settings.encoding)
        return join.all(workers.run(job, stretches))


class _Join(NamedTuple):
    """Adds up the tallies of the stretches and tells the progress."""

    stretches: list[tuple[int, int]]
    keep: int
    sink: Sink | None
    teller: Teller

    def all(self, parts: Iterable[Part]) -> Tally:
        """The sum of all parts, or of those before the listener ended the check."""
        whole = Tally()
        for (_, end), (tally, every) in zip(self.stretches, parts, strict=True):
            if self.sink and every:
                shifted = Tally(findings=every)
                shifted.shift(whole.lines)
                self.sink(shifted.findings)
            whole.join(tally, self.keep)
            if self.teller.tell(whole, end):
                break
        return whole
