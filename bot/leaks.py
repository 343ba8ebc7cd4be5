"""Looks for a validation file's rows in a training file, in a niced process as `checker` checks a file."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from bot.checker import REPORTED, run_module
from tuning.datasets.report import Report
from tuning.errors import FileUnreadable
from tuning.records import Overlap

log = logging.getLogger(__name__)

#: So many rows are told.
SHOWN = 3
LEAK = "leaked_row"


@dataclass(frozen=True, slots=True)
class ProcessLeaks:
    """Fulfils `tuning.ports.Leaks`; one pair of files at a time."""

    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def find(self, training: Path, validation: Path) -> Overlap:
        options = [str(validation), "--json", f"--keep={SHOWN}", "--against", str(training)]
        async with self.turn:
            out, err, code = await run_module("tuning.datasets", *options)
        if code not in REPORTED:
            log.error("the look for leaks ended with %s: %s", code, err.decode(errors="replace")[-2000:])
            raise FileUnreadable("The validation data could not be compared with the training data.")
        report = Report.from_json(out)
        found = [finding for finding in report.findings if finding.code == LEAK]
        return Overlap(
            rows=report.rows,
            leaked=report.codes.get(LEAK, 0),
            examples=tuple((finding.row or 0, finding.message) for finding in found[:SHOWN]),
            closely=report.against == "closely",
        )
