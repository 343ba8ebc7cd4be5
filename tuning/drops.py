"""Files that people drop: fetched, checked, and kept as a dataset or answered with what is wrong.

`receive` only writes down that there is a drop, so that it is on record before Slack is acknowledged;
`work` does the rest under a lease and may be killed and called again at any point. A rejected drop's
bytes are kept for a while: mended row by row (see `mending`), the drop is received once more.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from tuning.checking import Checks
from tuning.datasets.report import Report
from tuning.dropped import free_name, sha256_of
from tuning.errors import FileUnreadable, FtBotError
from tuning.fetching import Fetcher
from tuning.findings import findings_file, more_than_shown
from tuning.ids import new_id, request_id
from tuning.keeping import Keeping
from tuning.ports import (
    Clock,
    Comparer,
    DatasetFiles,
    Leases,
    Reworker,
    Store,
    Transaction,
)
from tuning.records import Dataset, Diff, Drop, DropState, Person, Source, Update, Version
from tuning.remedies import acceptance, accepted_line
from tuning.reworking import failure, offered, reworked, told
from tuning.rows import with_edits
from tuning.sources import counted, held, made_of
from tuning.updates import tell_drop
from tuning.versions import Place, place, tell_newer

log = logging.getLogger(__name__)

#: All findings go into the thread as a file up to this size.
MOST_FINDINGS_BYTES = 50 * 1024 * 1024


class Vanished(Exception):
    """The bytes were removed between being kept and being put on record: the drop is worked on again."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was checked: its bytes' hash, its report, all its findings as a table, what it was made of.

    `findings` is the table's hash, empty when there is none; `owed` brings it to the thread.
    """

    digest: str
    report: Report
    findings: str
    owed: Update | None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Drops:
    """The use cases around a dropped file."""

    store: Store
    fetcher: Fetcher
    files: DatasetFiles
    checks: Checks
    comparer: Comparer
    reworker: Reworker
    keeping: Keeping
    leases: Leases
    now: Clock
    admins: frozenset[str] = frozenset()

    async def receive(
        self,
        workspace: str,
        channel: str,
        file_id: str,
        user: str,
        thread_ts: str | None,
        *,
        reply: bool = False,
    ) -> str:
        """Put a drop on record, once however often Slack tells of it, and return its id."""
        drop_id = request_id("drop", workspace, channel, file_id)
        state, now = DropState.received, self.now()
        drop = Drop(drop_id, workspace, channel, file_id, user, thread_ts, state, now, reply=reply)
        async with self.store.begin() as tx:
            if await tx.drops.add(drop):
                return drop_id
            before = await tx.drops.get(drop_id)
            if before and thread_ts and before.thread_ts is None:
                await tx.drops.save(replace(before, thread_ts=thread_ts, reply=reply))
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
        findings = self.files.temporary(f"{drop.id}.csv")
        try:
            ready = await (self._mended(drop, temporary) if drop.sha256 else self._fetched(drop, temporary))
            if ready:
                await self._judge(drop, *ready, temporary, findings)
                await self.keeping.let_go(*held(drop))
        except Vanished:
            log.warning("drop %s is worked on again: its bytes were removed meanwhile", drop.id)
        except FtBotError as error:
            problem = f"{error.message} {error.remedy}".strip()
            await self._finish(drop, state=DropState.failed, problem=problem)
        except Exception:
            log.exception("drop %s failed", drop.id)
            problem = f"Something went wrong on our side (reference {drop.id}). Drop the file again."
            await self._finish(drop, state=DropState.failed, problem=problem)
        finally:
            temporary.unlink(missing_ok=True)
            findings.unlink(missing_ok=True)

    async def _fetched(self, drop: Drop, temporary: Path) -> tuple[Drop, str] | None:
        """Bring the file here, with its hash; None when it isn't meant for us."""
        shared, ours = await self.fetcher.look(drop)
        if not ours:
            await self._finish(drop, state=DropState.ignored, filename=shared.name)
            return None
        return await self.fetcher.fetch(drop, shared, temporary)

    async def _mended(self, drop: Drop, temporary: Path) -> tuple[Drop, str]:
        """The rejected bytes, with what became of their rows since, and what was asked for done."""
        async with self.store.begin() as tx:
            edits = {edit.row: edit.text for edit in await tx.drops.edits(drop.workspace, drop.id)}
        try:
            await asyncio.to_thread(with_edits, self.files.path(drop.sha256), temporary, edits)
        except FileNotFoundError:
            raise FileUnreadable("The rejected file isn't kept any more.") from None
        source = made_of(drop, drop.remedy, edited=bool(edits))
        ready = replace(drop, remedy=await reworked(self.reworker, drop.remedy, temporary), source=source)
        return ready, await asyncio.to_thread(sha256_of, temporary)

    async def _judge(self, before: Drop, drop: Drop, digest: str, temporary: Path, findings: Path) -> None:
        async with self.store.begin() as tx:
            if await _known(tx, drop, digest):
                return
        report = await self.checks.check(drop, temporary, findings)
        good = report.ok or acceptance(drop.remedy, report)
        checked = Checked(digest, report, *await self._findings(drop, report, findings, keep=not good))
        await self.files.keep(temporary, digest)
        checked = replace(
            checked, source=await counted(drop.source, before, digest, self.comparer, self.files)
        )
        await (self._accept(drop, checked) if good else self._reject(drop, checked))

    async def _findings(
        self, drop: Drop, report: Report, findings: Path, *, keep: bool
    ) -> tuple[str, Update | None]:
        """All findings as a table: kept to mend rows by, and for the thread when its card shows only some."""
        if not keep and not more_than_shown(report):
            return "", None
        size = await asyncio.to_thread(lambda: findings.stat().st_size)
        digest = await asyncio.to_thread(sha256_of, findings)
        await self.files.keep(findings, digest)
        if not more_than_shown(report):
            return digest, None
        if size > MOST_FINDINGS_BYTES:
            log.warning("the findings of drop %s have %s bytes: too many for a file", drop.id, size)
            return digest, None
        return digest, findings_file(drop, report, digest)

    async def _accept(self, drop: Drop, checked: Checked) -> None:
        """The next version of the dataset whose thread it was dropped in, or a dataset of its own.

        The versions are compared outside of the transaction: it takes as long as reading both.
        """
        person = Person(drop.workspace, drop.user, admin=drop.user in self.admins)
        compared, diff = "", None
        while True:
            async with self.store.begin() as tx:
                if await _known(tx, drop, checked.digest):
                    return
                where = await place(tx, drop, person)
                latest = where.dataset.latest if where.dataset else None
                if latest is None or latest.id == compared:
                    await self._keep(tx, drop, checked, where, diff)
                    return
            diff = await self._compare(latest, checked.digest)
            compared = latest.id

    async def _compare(self, latest: Version, digest: str) -> Diff | None:
        try:
            return await self.comparer.compare(self.files.path(latest.sha256), self.files.path(digest))
        except FtBotError as error:
            log.warning("versions can't be compared: %s", error)
            return None

    async def _keep(
        self, tx: Transaction, drop: Drop, checked: Checked, where: Place, diff: Diff | None
    ) -> None:
        dataset, now, report = where.dataset, self.now(), checked.report
        number = dataset.latest.number + 1 if dataset else 1
        dataset_id = dataset.id if dataset else new_id("ds")
        accepted = acceptance(drop.remedy, report)
        version = Version(
            new_id("ver"),
            dataset_id,
            number,
            checked.digest,
            report.bytes,
            report,
            drop.user,
            now,
            diff,
            accepted,
            checked.source,
        )
        if dataset:
            await tell_newer(tx, dataset)
            await tx.datasets.add_version(version)
        else:
            name = free_name(drop.filename, await tx.datasets.names(drop.workspace))
            await tx.datasets.add(Dataset(dataset_id, drop.workspace, name, drop.user, now, (version,)))
        kept = {"dataset_id": dataset_id, "version_id": version.id, "problem": where.why}
        left = {"sha256": "", "remedy": drop.remedy, "source": None, "findings": ""}
        await self._settle(tx, drop, checked, state=DropState.kept, **left, **kept)
        if accepted:
            await tx.updates.add(accepted_line(drop, version, accepted))

    async def _reject(self, drop: Drop, checked: Checked) -> None:
        offer = await offered(self.reworker, checked.report, self.files.path(checked.digest))
        left = {
            "sha256": checked.digest,
            "problem": told(drop.remedy),
            "remedy": None,
            "offer": offer,
            "source": checked.source,
            "findings": checked.findings,
        }
        async with self.store.begin() as tx:
            await self._settle(tx, drop, checked, state=DropState.rejected, **left)

    async def _settle(self, tx: Transaction, drop: Drop, checked: Checked, **changes: object) -> None:
        """Put the outcome of a check on record, with all that the thread is owed for it."""
        if not self.files.path(checked.digest).exists():
            raise Vanished
        fresh = await tx.drops.get(drop.id) or drop
        report = checked.report
        done = replace(fresh, report=report, size=report.bytes, seen=None, **changes)  # type: ignore[arg-type]
        await tx.drops.save(done)
        await tx.drops.forget_edits(drop.workspace, drop.id)
        await tell_drop(tx, done)
        if checked.owed:
            await tx.updates.add(checked.owed)

    async def _finish(
        self, drop: Drop, *, state: DropState, filename: str | None = None, problem: str = ""
    ) -> None:
        """The end of a drop that was not checked."""
        if drop.sha256:
            await self._give_back(drop, problem)
            return
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id) or drop
            name = filename or fresh.filename
            done = replace(fresh, state=state, filename=name, report=None, problem=problem)
            await tx.drops.save(done)
            if state is not DropState.ignored:
                await tell_drop(tx, done)

    async def _give_back(self, drop: Drop, problem: str) -> None:
        """What was asked for could not be done: the file is rejected as it was, and no edit is lost."""
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id) or drop
            words = failure(drop.remedy, problem)
            rejected = replace(fresh, state=DropState.rejected, problem=words, remedy=None)
            await tx.drops.save(rejected)
            await tell_drop(tx, rejected)


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
        sha256="",
        source=None,
        findings="",
    )
    await tx.drops.save(done)
    await tx.drops.forget_edits(drop.workspace, drop.id)
    await tell_drop(tx, done)
    return True
