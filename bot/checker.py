"""Checks a file in a niced process of its own: a check of a minute never delays an acknowledgement."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tuning.datasets.progress import PROGRESS_MARK, Progress
from tuning.datasets.report import Report
from tuning.errors import FileUnreadable
from tuning.findings import MOST_FINDINGS
from tuning.ports import CheckListener
from tuning.records import Diff

log = logging.getLogger(__name__)

#: Exit codes of `python -m tuning.datasets`: fine, findings that are errors.
REPORTED = (0, 1)
LIMIT_SECONDS = 30 * 60
NICENESS = 15
LONGEST_LINE = 16 << 20
#: Findings of each code that a report holds; the counts are true all the same.
KEEP = 20


@dataclass(frozen=True, slots=True)
class ProcessChecker:
    """Fulfils `tuning.ports.Checker`; one file at a time, so that the machine stays usable."""

    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def check(
        self,
        path: Path,
        *,
        base: str | None = None,
        findings: Path | None = None,
        progress: CheckListener | None = None,
    ) -> Report:
        options = [str(path), "--json", f"--keep={KEEP}"]
        options += ["--model", base] if base else []
        if findings:
            options += ["--findings-csv", str(findings), f"--most-findings={MOST_FINDINGS}"]
        options += ["--progress"] if progress else []
        async with self.turn:
            out, err, code = await run_module("tuning.datasets", *options, progress=progress)
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
        return msgspec.json.decode(await self._run("tuning.rowdiff", old, new), type=Diff)

    async def follow(self, old: Path, new: Path, rows: Sequence[int]) -> dict[int, int]:
        out = await self._run("tuning.rowfollow", old, new, json.dumps(list(rows)))
        return dict(msgspec.json.decode(out, type=list[tuple[int, int]]))

    async def _run(self, module: str, old: Path, new: Path, *options: str) -> bytes:
        async with self.turn:
            out, err, code = await run_module(module, str(old), str(new), *options)
        if code != 0:
            log.error("the comparison of %s and %s: %s", old, new, err.decode(errors="replace")[-2000:])
            raise FileUnreadable("The versions could not be compared.")
        return out


async def run_module(
    module: str, *options: str, progress: CheckListener | None = None
) -> tuple[bytes, bytes, int | None]:
    """A module's output, its errors and its exit code; the process ends with this call.

    Lines of progress among its errors go to `progress`; when that answers True, the process is interrupted.
    Raises FileUnreadable when it takes too long or writes lines that are too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        start_new_session=True,
    )
    try:
        _be_nice(process.pid)
        out, err = await asyncio.wait_for(_read(process, progress), LIMIT_SECONDS)
    except TimeoutError:
        took = f"It took more than {LIMIT_SECONDS // 60} minutes and was ended."
        raise FileUnreadable(took, remedy="Split the file, or tell the administrator.") from None
    except ValueError as error:
        log.error("%s wrote what can't be read: %s", module, error)
        raise FileUnreadable("It could not be worked on.", remedy="Tell the administrator.") from error
    finally:
        if process.returncode is None:
            _kill_with_its_workers(process.pid)
            await process.communicate()
    return out, err, process.returncode


async def _read(process: Process, progress: CheckListener | None) -> tuple[bytes, bytes]:
    """Both outputs up to the process's end, without the lines of progress, each of which is told.

    What comes while the listener is busy with the last one is left out. Raises what the listener raises.
    """
    errors: list[bytes] = []
    output = asyncio.create_task(_pipe(process.stdout).read())
    telling: asyncio.Task[None] | None = None
    try:
        async for line in _pipe(process.stderr):
            if progress is None or not line.startswith(PROGRESS_MARK):
                errors.append(line)
            elif telling is None or telling.done():
                if telling:
                    telling.result()
                telling = asyncio.create_task(_tell(process, progress, Progress.from_json(line)))
        if telling:
            await telling
        out = await output
        await process.wait()
        return out, b"".join(errors)
    finally:
        for task in (output, telling):
            if task:
                task.cancel()


def _pipe(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise RuntimeError("the process was started without a pipe")
    return stream


async def _tell(process: Process, progress: CheckListener, seen: Progress) -> None:
    if await progress(seen):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)


def _kill_with_its_workers(pid: int) -> None:
    """It leads a session of its own, so that its group is itself and the processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _be_nice(pid: int) -> None:
    """Everything else goes first. Set from here: a function run in a forked child may deadlock."""
    with contextlib.suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
