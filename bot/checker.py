"""Checks a file in a niced process of its own: a check of a minute never delays an acknowledgement."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tuning.datasets.report import Report
from tuning.errors import FileUnreadable
from tuning.findings import MOST_FINDINGS
from tuning.records import Diff

log = logging.getLogger(__name__)

#: Exit codes of `python -m tuning.datasets`: fine, findings that are errors.
REPORTED = (0, 1)
LIMIT_SECONDS = 30 * 60
NICENESS = 15
#: Findings of each code that a report holds; the counts are true all the same.
KEEP = 20


@dataclass(frozen=True, slots=True)
class ProcessChecker:
    """Fulfils `tuning.ports.Checker`; one file at a time, so that the machine stays usable."""

    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def check(self, path: Path, *, base: str | None = None, findings: Path | None = None) -> Report:
        options = [str(path), "--json", f"--keep={KEEP}"]
        options += ["--model", base] if base else []
        if findings:
            options += ["--findings-csv", str(findings), f"--most-findings={MOST_FINDINGS}"]
        async with self.turn:
            out, err, code = await run_module("tuning.datasets", *options)
        if code not in REPORTED:
            log.error(
                "the check of %s ended with %s: %s", path.name, code, err.decode(errors="replace")[-2000:]
            )
            raise FileUnreadable(
                "The file could not be checked.",
                remedy="Drop it again; if that fails too, tell the administrator.",
            )
        return Report.from_json(out)


@dataclass(frozen=True, slots=True)
class ProcessComparer:
    """Fulfils `tuning.ports.Comparer`; one comparison at a time."""

    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def compare(self, old: Path, new: Path) -> Diff:
        async with self.turn:
            out, err, code = await run_module("tuning.rowdiff", str(old), str(new))
        if code != 0:
            log.error("the comparison of %s and %s: %s", old, new, err.decode(errors="replace")[-2000:])
            raise FileUnreadable("The versions could not be compared.")
        return msgspec.json.decode(out, type=Diff)


async def run_module(module: str, *options: str) -> tuple[bytes, bytes, int | None]:
    """A module's output, its errors and its exit code; the process ends with this call."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _be_nice(process.pid)
        out, err = await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    return out, err, process.returncode


def _be_nice(pid: int) -> None:
    """Everything else goes first. Set from here: a function run in a forked child may deadlock."""
    with contextlib.suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
