"""Checks one stretch of a file, in whatever process."""

from __future__ import annotations

import os
from pathlib import Path

from tuning.datasets.checker import Checker, Settings
from tuning.datasets.ranges import BOM, LONGEST_ROW, blocks
from tuning.datasets.report import Finding
from tuning.datasets.tally import Tally

Job = tuple[Path, Settings, bool]
"""The file, how to check it, and whether every finding is asked for."""
Part = tuple[Tally, list[Finding]]
"""What a stretch adds up to, and every finding in it if they were asked for."""


def check_stretch(path: Path, settings: Settings, start: int, end: int, collect: bool) -> Part:
    """Check the lines that begin in [start, end). With `collect`, every finding is returned as well."""
    every: list[Finding] = []
    checker = Checker(settings, every.extend if collect else None)
    file = os.open(path, os.O_RDONLY)
    try:
        for block in blocks(file, start, end):
            if block.skipped:
                _skipped(checker, block.offset, block.skipped)
            elif block.offset == 0 and block.data.startswith(BOM):
                checker.tally.marks.skip(0, len(BOM))
                checker.feed(block.data[len(BOM) :], len(BOM))
            else:
                checker.feed(block.data, block.offset)
    finally:
        os.close(file)
    return checker.tally, every


def _skipped(checker: Checker, offset: int, length: int) -> None:
    mega = 1 << 20
    what = f"The row has {length / mega:.0f} MB; rows of more than {LONGEST_ROW // mega} MB aren't read"
    checker.note("row_too_long", what, length, offset)
