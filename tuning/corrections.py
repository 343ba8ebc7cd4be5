"""A corrected file in the thread of a rejected one: what it changed, and the end of the other's offers.

Which file a person means to correct is decided as for versions (see `versions`): the last one of the thread
with the same name, else the last one that has rows in common with it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tuning.datasets.report import Report
from tuning.errors import FtBotError
from tuning.policy import Action, may
from tuning.ports import Comparer, DatasetFiles, Store, Transaction
from tuning.records import Correction, Diff, Drop, DropState, Moved, Person
from tuning.sources import held
from tuning.updates import tell_drop
from tuning.versions import stem

log = logging.getLogger(__name__)


async def correction(
    drop: Drop, digest: str, report: Report, store: Store, comparer: Comparer, files: DatasetFiles
) -> Correction | None:
    """What this file changes against the rejected one that it corrects, if it does."""
    if not drop.reply or not drop.thread_ts:
        return None
    async with store.begin() as tx:
        if drop.corrects:
            before = await tx.drops.get(drop.corrects.drop_id)
            made = replace(drop.corrects, after=errors_of(report), edited=True, moved=None)
            return made if before else None
        thread = await tx.drops.in_thread(drop.workspace, drop.channel, drop.thread_ts)
    open_ones = [one for one in thread if one.id != drop.id and _open(one)]
    same_name = [one for one in open_ones if stem(one) == stem(drop)]
    for before in reversed(same_name or open_ones):
        diff = await _diff(before, digest, report, comparer, files)
        if before in same_name or (diff and report.rows > diff.added + diff.changed):
            made = _against(before, report, diff)
            moved = await _moved(before, digest, report, comparer, files) if diff and made.after else None
            return replace(made, moved=moved)
    return None


def _open(drop: Drop) -> bool:
    return drop.state is DropState.rejected and drop.report is not None and not drop.corrected_by


def _against(before: Drop, report: Report, diff: Diff | None) -> Correction:
    whole = before.report is not None and not before.report.partial
    errors = errors_of(before.report) if before.report else {}
    return Correction(before.id, before.filename, errors, errors_of(report), diff, whole=whole)


def errors_of(report: Report) -> dict[str, int]:
    """How many errors of each kind a report counts."""
    found = {finding.code for finding in report.findings if finding.severity == "error"}
    return {code: number for code, number in report.codes.items() if code in found and number}


async def _diff(
    before: Drop, digest: str, report: Report, comparer: Comparer, files: DatasetFiles
) -> Diff | None:
    """How the rows differ, where both are JSONL and the rejected ones are still here."""
    formats = (before.report.looks_like if before.report else None, report.looks_like)
    if not before.sha256 or any(formats):
        return None
    try:
        return await comparer.compare(files.path(before.sha256), files.path(digest))
    except FtBotError as error:
        log.warning("a file can't be compared with the one that it corrects: %s", error)
        return None


async def _moved(
    before: Drop, digest: str, report: Report, comparer: Comparer, files: DatasetFiles
) -> Moved | None:
    """Which errors are gone, left and new, told apart by their rows, where both reports name all of them."""
    old, new = _named(before.report), _named(report)
    if old is None or new is None:
        return None
    rows = sorted({row for _, row in old if row})
    try:
        places = await comparer.follow(files.path(before.sha256), files.path(digest), rows) | {0: 0}
    except FtBotError as error:
        log.warning("the rows of a rejected file can't be followed: %s", error)
        return None
    gone: list[tuple[str, int]] = []
    left: list[tuple[str, int]] = []
    fresh = Counter(new)
    for code, row in old:
        there = (code, places.get(row, -1))
        (left if fresh[there] else gone).append(there if fresh[there] else (code, row))
        fresh[there] -= fresh[there] > 0
    return Moved(_by_code(gone), _by_code(left), _by_code(fresh.elements()))


def _named(report: Report | None) -> list[tuple[str, int]] | None:
    """Each error as its code and row; None when the report names only some of them."""
    found = [
        (one.code, one.row or 0) for one in (report.findings if report else ()) if one.severity == "error"
    ]
    return found if report and len(found) == report.errors else None


def _by_code(errors: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for code, row in sorted(errors):
        found[code] = (*found.get(code, ()), row)
    return found


async def close(tx: Transaction, drop: Drop, person: Person) -> tuple[str, ...]:
    """End the offers of the files that this one corrects, where its person may: the bytes that go.

    The same file again ends nothing: what was begun on the first one goes on there.
    """
    if drop.corrects is None or unchanged(drop.corrects):
        return ()
    freed: list[str] = []
    thread = await tx.drops.in_thread(drop.workspace, drop.channel, drop.thread_ts or "")
    for before in _chain(drop, thread):
        if not _open(before) or not may(person, Action.mend, before):
            continue
        closed = replace(before, sha256="", source=None, findings="", corrected_by=drop.id)
        await tx.drops.save(closed)
        await tx.drops.forget_edits(before.workspace, before.id)
        await tell_drop(tx, closed)
        freed += held(before)
    return tuple(freed)


def _chain(drop: Drop, thread: Sequence[Drop]) -> list[Drop]:
    """The files of a thread that this one corrects, directly or by way of others that were corrected."""
    links = [(one.id, one.corrects.drop_id) for one in (*thread, drop) if one.corrects]
    found, more = {drop.id}, True
    while more:
        linked = {end for link in links if found & set(link) for end in link}
        found, more = found | linked, not linked <= found
    return [one for one in thread if one.id in found - {drop.id}]


def unchanged(made: Correction) -> bool:
    """Whether the corrected file has the same rows as the rejected one."""
    diff = made.diff
    return diff is not None and not (diff.added or diff.removed or diff.changed) and not made.edited


def compared(made: Correction) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """How many errors of each kind are gone, how many are left, and how many are new."""
    if moved := made.moved:
        gone, left, new = (
            {code: len(rows) for code, rows in one.items()} for one in (moved.gone, moved.left, moved.new)
        )
        return gone, left, new
    gone = {code: number for code, number in made.before.items() if code not in made.after}
    left = {code: number for code, number in made.after.items() if code in made.before}
    new = {code: number for code, number in made.after.items() if code not in made.before}
    return gone, left, new
