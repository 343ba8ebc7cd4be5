"""Files that people drop: fetched, checked, and kept as a dataset or answered with what is wrong.

`receive` only writes down that there is a drop, so that it is on record before Slack is acknowledged;
`work` does the rest under a lease and may be killed and called again at any point.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from tuning.datasets.report import Report
from tuning.errors import FileUnreadable, FtBotError
from tuning.ids import new_id, request_id
from tuning.ports import Checker, Clock, DatasetFiles, Leases, SharedFiles, Store, Transaction
from tuning.records import Dataset, Drop, DropState, SharedFile, Update, Version

log = logging.getLogger(__name__)

#: The fine-tuning wire's limit for one file.
MAX_BYTES = 512 * 1024 * 1024
#: A file larger than this gets a "checking" message before its report.
ANNOUNCE_BYTES = 5 * 1024 * 1024
#: A file without a telling name is looked into up to this size, to see whether it holds JSON lines.
PEEK_BYTES = 50 * 1024 * 1024
ROWS_SUFFIXES = frozenset({".jsonl", ".ndjson"})
#: Data in another format: answered with a hint instead of silence.
DATA_SUFFIXES = frozenset({".json", ".csv", ".tsv", ".xlsx", ".parquet"})
OTHER_MEDIA = ("image/", "video/", "audio/", "application/pdf")


@dataclass(frozen=True, slots=True)
class Drops:
    """The use cases around a dropped file."""

    store: Store
    shared: SharedFiles
    files: DatasetFiles
    checker: Checker
    leases: Leases
    now: Clock

    async def receive(
        self, workspace: str, channel: str, file_id: str, user: str, thread_ts: str | None
    ) -> str:
        """Put a drop on record, once however often Slack tells of it, and return its id."""
        drop_id = request_id("drop", workspace, channel, file_id)
        drop = Drop(drop_id, workspace, channel, file_id, user, thread_ts, DropState.received, self.now())
        async with self.store.begin() as tx:
            if await tx.drops.add(drop):
                return drop_id
            before = await tx.drops.get(drop_id)
            if before and thread_ts and before.thread_ts is None:
                await tx.drops.save(replace(before, thread_ts=thread_ts))
        return drop_id

    async def work(self, drop_id: str) -> None:
        """Fetch, check and answer a drop that nobody else is working on."""
        lease = f"drop:{drop_id}"
        if not await self.leases.acquire(lease):
            return
        try:
            async with self.store.begin() as tx:
                drop = await tx.drops.get(drop_id)
            if drop and drop.state is DropState.received:
                await self._work(drop)
        finally:
            await self.leases.release(lease)

    async def resume(self) -> None:
        """Work on the drops that a stopped process left behind."""
        async with self.store.begin() as tx:
            unfinished = await tx.drops.unfinished()
        for drop in unfinished:
            await self.work(drop.id)

    async def _work(self, drop: Drop) -> None:
        temporary = self.files.temporary(drop.id)
        try:
            shared = await self.shared.info(drop.file_id, drop.channel)
            if not _may_be_data(shared):
                await self._finish(drop, state=DropState.ignored, filename=shared.name)
                return
            drop = await self._announce(drop, shared)
            await self.shared.download(shared, temporary)
            await self._judge(drop, shared, temporary)
        except FtBotError as error:
            problem = f"{error.message} {error.remedy}".strip()
            await self._finish(drop, state=DropState.failed, problem=problem)
        except Exception:
            log.exception("drop %s failed", drop.id)
            problem = f"Something went wrong on our side (reference {drop.id}). Drop the file again."
            await self._finish(drop, state=DropState.failed, problem=problem)
        finally:
            temporary.unlink(missing_ok=True)

    async def _announce(self, drop: Drop, shared: SharedFile) -> Drop:
        """Note what Slack says of the file; a big one is told to be in the making."""
        if shared.size > MAX_BYTES:
            raise FileUnreadable(
                f"{shared.name} has {shared.size:,} bytes; a training file may have {MAX_BYTES:,}.",
                remedy="Split it, or train on a sample.",
            )
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id) or drop
            drop = replace(
                fresh,
                filename=shared.name,
                size=shared.size,
                thread_ts=fresh.thread_ts or shared.thread_ts,
            )
            await tx.drops.save(drop)
            if shared.size > ANNOUNCE_BYTES:
                await _tell(tx, drop)
        return drop

    async def _judge(self, drop: Drop, shared: SharedFile, temporary: Path) -> None:
        if not await asyncio.to_thread(_looks_like_rows, temporary, shared.name):
            await self._finish(drop, state=DropState.ignored)
            return
        digest = await asyncio.to_thread(_sha256, temporary)
        async with self.store.begin() as tx:
            if await _known(tx, drop, digest):
                return
        report = await self.checker.check(temporary)
        if not report.ok:
            await self._finish(drop, state=DropState.rejected, report=report)
            return
        await self.files.keep(temporary, digest)
        await self._keep(drop, digest, report)

    async def _keep(self, drop: Drop, digest: str, report: Report) -> None:
        """Make the dataset and answer, in one transaction; the same bytes may have come meanwhile."""
        async with self.store.begin() as tx:
            if await _known(tx, drop, digest):
                return
            name = free_name(drop.filename, await tx.datasets.names(drop.workspace))
            dataset_id, now = new_id("ds"), self.now()
            version = Version(new_id("ver"), dataset_id, 1, digest, report.bytes, report, drop.user, now)
            await tx.datasets.add(Dataset(dataset_id, drop.workspace, name, drop.user, now, (version,)))
            fresh = await tx.drops.get(drop.id) or drop
            done = replace(
                fresh, state=DropState.kept, dataset_id=dataset_id, version_id=version.id, report=report
            )
            await tx.drops.save(done)
            await _tell(tx, done)

    async def _finish(
        self,
        drop: Drop,
        *,
        state: DropState,
        filename: str | None = None,
        report: Report | None = None,
        problem: str = "",
    ) -> None:
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id) or drop
            done = replace(
                fresh,
                state=state,
                filename=filename or fresh.filename,
                report=report,
                problem=problem,
            )
            await tx.drops.save(done)
            if state is not DropState.ignored:
                await _tell(tx, done)


async def _known(tx: Transaction, drop: Drop, digest: str) -> bool:
    """Answer with the dataset that has these bytes already, if there is one."""
    dataset = await tx.datasets.by_sha256(drop.workspace, digest)
    if dataset is None:
        return False
    version = next(version for version in dataset.versions if version.sha256 == digest)
    fresh = await tx.drops.get(drop.id) or drop
    done = replace(
        fresh,
        state=DropState.kept,
        dataset_id=dataset.id,
        version_id=version.id,
        report=version.report,
        known=True,
    )
    await tx.drops.save(done)
    await _tell(tx, done)
    return True


async def _tell(tx: Transaction, drop: Drop) -> None:
    """Owe the drop's card to its thread, or its next revision when it is owed already."""
    if await tx.updates.card("drop_card", drop.id):
        await tx.updates.revise("drop_card", drop.id)
        return
    await tx.updates.add(
        Update(
            id=request_id("upd", "drop_card", drop.id),
            workspace=drop.workspace,
            channel=drop.channel,
            kind="drop_card",
            subject=drop.id,
            created_at=drop.created_at,
            thread_ts=drop.thread_ts,
            recipient=drop.user,
        )
    )


def free_name(filename: str, taken: Sequence[str]) -> str:
    """A dataset's name from its file's: lower case, letters, digits, `-`, `_` and `.`, made unique."""
    stem = PurePath(filename).stem.lower()
    base = re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:40] or "dataset"
    used = {name.lower() for name in taken}
    number, name = 1, base
    while name in used:
        number += 1
        name = f"{base}-{number}"
    return name


def _may_be_data(file: SharedFile) -> bool:
    suffix = PurePath(file.name).suffix.lower()
    if suffix in ROWS_SUFFIXES | DATA_SUFFIXES:
        return True
    return not file.mimetype.startswith(OTHER_MEDIA) and file.size <= PEEK_BYTES


def _looks_like_rows(path: Path, name: str) -> bool:
    """Whether a person meant this as data: by its name, or because it begins like JSON lines."""
    if PurePath(name).suffix.lower() in ROWS_SUFFIXES | DATA_SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
