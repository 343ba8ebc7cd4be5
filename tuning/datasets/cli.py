"""What `ft-bot validate` does: check, print, and an exit status that scripts can trust."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tuning.datasets.atomic import ended_softly, same_file, writing
from tuning.datasets.front import CannotRead, check_file
from tuning.datasets.output import print_all
from tuning.datasets.progress import Listener, Progress
from tuning.datasets.report import TokenStats
from tuning.datasets.table import findings_file
from tuning.datasets.text import render
from tuning.datasets.workers import WorkerDied

FINE, HAS_ERRORS, CANNOT_READ = 0, 1, 2


@ended_softly()
def main_validate(
    path: Path,
    *,
    as_json: bool = False,
    base: str | None = None,
    method: str | None = None,
    encoding: str | None = None,
    max_tokens: int | None = None,
    keep: int | None = None,
    findings_csv: Path | None = None,
    most_findings: int | None = None,
    against: Path | None = None,
    deep: bool = False,
    progress: bool = False,
    refusals: Sequence[str] = (),
    histogram: Path | None = None,
    draw: Callable[[TokenStats], bytes] | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Check a file and print its report: 0 if it is fine, 1 if it has errors, 2 if it can't be read.

    `keep` bounds the findings of each code: by default 1,000 in JSON, 20 for people. With `progress`, what is
    known so far goes to `err` about once a second, and an interrupt (Ctrl-C) ends the check with a report.
    What `draw` makes of the tokens per example is written to `histogram`.
    """
    out, err = out or sys.stdout, err or sys.stderr
    if clash := _replaced(path, against, findings_csv, histogram):
        print(f"ft-bot: {clash.name} is read: give what is written another name.", file=err)
        return CANNOT_READ
    try:
        with findings_file(findings_csv, most_findings) as sink, _told(err, progress) as listener:
            report = check_file(
                path,
                base=base,
                method=method,
                encoding=encoding,
                max_tokens=max_tokens,
                keep=keep or (1000 if as_json else 20),
                sink=sink,
                against=against,
                deep=deep,
                progress=listener,
                refusals=refusals,
            )
    except (CannotRead, ValueError, WorkerDied) as error:
        print(f"ft-bot: {error}", file=err)
        return CANNOT_READ
    if histogram and draw and not _written(histogram, draw, report.tokens, err):
        return CANNOT_READ
    print_all(report.to_json(indent=2).decode() if as_json else render(report, path.name), out)
    return FINE if report.ok else HAS_ERRORS


def _replaced(path: Path, against: Path | None, *written: Path | None) -> Path | None:
    """A file that is read and would be written too."""
    read = [one for one in (path, against) if one]
    return next((two for two in written if two and any(same_file(one, two) for one in read)), None)


def _written(path: Path, draw: Callable[[TokenStats], bytes], tokens: TokenStats, err: TextIO) -> bool:
    """Write the picture; a file without examples has none, which is said and no failure."""
    try:
        with writing(path) as file:
            file.write(draw(tokens))
    except ValueError as error:
        print(f"ft-bot: no picture: {error}", file=err)
    except OSError as error:
        print(f"ft-bot: {path.name or path} can't be written: {error.strerror}.", file=err)
        return False
    return True


@contextmanager
def _told(err: TextIO, wanted: bool) -> Iterator[Listener | None]:
    """A listener that prints what it is told, a line of JSON each time, and ends the check if interrupted."""
    if not wanted:
        yield None
        return
    interrupts: list[int] = []

    def listener(progress: Progress) -> bool:
        print(progress.to_json().decode(), file=err, flush=True)
        return bool(interrupts)

    before = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    try:
        yield listener
    finally:
        signal.signal(signal.SIGINT, before)
