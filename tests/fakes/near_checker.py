"""The check within the test's own process: the tokenizer is loaded once, not half a second for each file.

What the real checker adds is a process that can be interrupted and told of; tests of that ask for it.
`tests/unit/bot/test_checker.py` holds both to the same answers.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from pathlib import Path

from bot.checker import KEEP, REPORTED
from tuning.datasets.cli import main_validate
from tuning.datasets.report import Report
from tuning.errors import FileUnreadable
from tuning.findings import MOST_FINDINGS
from tuning.ports import CheckListener


@dataclass(frozen=True, slots=True)
class NearChecker:
    """Fulfils `tuning.ports.Checker` for files so small that nothing is told on the way."""

    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def check(
        self,
        path: Path,
        *,
        base: str | None = None,
        findings: Path | None = None,
        progress: CheckListener | None = None,
    ) -> Report:
        out = io.StringIO()
        async with self.turn:
            code = await asyncio.to_thread(
                main_validate,
                path,
                as_json=True,
                base=base,
                keep=KEEP,
                findings_csv=findings,
                most_findings=MOST_FINDINGS if findings else None,
                out=out,
                err=out,
            )
        if code not in REPORTED:
            raise FileUnreadable("The file could not be checked.")
        return Report.from_json(out.getvalue().encode())
