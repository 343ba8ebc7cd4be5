"""What becomes of a checked file: the next version of a dataset, a dataset of its own, or a rejected drop.

All that the thread is owed for it is put on record in the transaction that settles it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from tuning.corrections import close, correction
from tuning.datasets.report import Report
from tuning.dropped import free_name, sha256_of
from tuning.errors import FtBotError
from tuning.findings import findings_file, more_than_shown
from tuning.ids import new_id
from tuning.keeping import Keeping
from tuning.meant import one_column
from tuning.policy import Action, may
from tuning.ports import Clock, Comparer, DatasetFiles, Reworker, Store, Transaction
from tuning.records import (
    Correction,
    Dataset,
    Diff,
    Drop,
    DropState,
    Person,
    Source,
    Update,
    Version,
)
from tuning.remedies import acceptance, accepted_line
from tuning.reworking import offered, told
from tuning.sources import counted
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

    `findings` is the table's hash, empty when there is none; `owed` brings it to the thread. `corrects` says
    what it changed against a rejected file.
    """

    digest: str
    report: Report
    findings: str
    owed: Update | None
    source: Source | None = None
    corrects: Correction | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """Settles drops."""

    store: Store
    files: DatasetFiles
    comparer: Comparer
    reworker: Reworker
    keeping: Keeping
    now: Clock
    admins: frozenset[str] = frozenset()

    async def known(self, drop: Drop, digest: str) -> bool:
        """Answer with the dataset that has these bytes already, if there is one."""
        async with self.store.begin() as tx:
            return await self._known(tx, drop, digest)

    async def settle(
        self, before: Drop, drop: Drop, digest: str, report: Report, temporary: Path, findings: Path
    ) -> None:
        """Keep the file and its findings, and say what became of it; `before` is the drop as it came.

        Raises Vanished and FtBotError.
        """
        good = report.ok or bool(acceptance(drop.remedy, report))
        table, owed = await self._findings(drop, report, findings, keep=not good)
        await self.files.keep(temporary, digest)
        checked = Checked(
            digest,
            report,
            table,
            owed,
            await counted(drop.source, before, digest, self.comparer, self.files),
            await correction(drop, digest, report, self.store, self.comparer, self.files),
        )
        closed = await (self._accept(drop, checked) if good else self._reject(drop, checked))
        await self.keeping.let_go(*closed)

    async def _findings(
        self, drop: Drop, report: Report, findings: Path, *, keep: bool
    ) -> tuple[str, Update | None]:
        """All findings as a table: kept to mend rows by, and for the thread when its card shows only some."""
        if not keep and not more_than_shown(report):
            return "", None
        size = await asyncio.to_thread(lambda: findings.stat().st_size)
        digest = await asyncio.to_thread(sha256_of, findings)
        await self.files.keep(findings, digest)
        if not more_than_shown(report) or one_column(drop.filename, report):
            return digest, None
        if size > MOST_FINDINGS_BYTES:
            log.warning("the findings of drop %s have %s bytes: too many for a file", drop.id, size)
            return digest, None
        return digest, findings_file(drop, report, digest)

    async def _accept(self, drop: Drop, checked: Checked) -> tuple[str, ...]:
        """The next version of the dataset whose thread it was dropped in, or a dataset of its own.

        The versions are compared outside of the transaction: it takes as long as reading both.
        """
        compared, diff = "", None
        while True:
            async with self.store.begin() as tx:
                if await self._known(tx, drop, checked.digest):
                    return ()
                where = await place(tx, drop, self._person(drop))
                latest = where.dataset.latest if where.dataset else None
                if latest is None or latest.id == compared:
                    return await self._keep(tx, drop, checked, where, diff)
            diff = await self._compare(latest, checked.digest)
            compared = latest.id

    def _person(self, drop: Drop) -> Person:
        return Person(drop.workspace, drop.user, admin=drop.user in self.admins)

    async def _compare(self, latest: Version, digest: str) -> Diff | None:
        try:
            return await self.comparer.compare(self.files.path(latest.sha256), self.files.path(digest))
        except FtBotError as error:
            log.warning("versions can't be compared: %s", error)
            return None

    async def _keep(
        self, tx: Transaction, drop: Drop, checked: Checked, where: Place, diff: Diff | None
    ) -> tuple[str, ...]:
        dataset, now, report = where.dataset, self.now(), checked.report
        dataset_id = dataset.id if dataset else new_id("ds")
        accepted = acceptance(drop.remedy, report)
        version = Version(
            id=new_id("ver"),
            dataset_id=dataset_id,
            number=dataset.latest.number + 1 if dataset else 1,
            sha256=checked.digest,
            size=report.bytes,
            report=report,
            created_by=drop.user,
            created_at=now,
            diff=diff,
            accepted=accepted,
            source=checked.source,
        )
        if dataset:
            await tell_newer(tx, dataset)
            await tx.datasets.add_version(version)
            await _seen_by_all(tx, drop, dataset, self._person(drop))
        else:
            name = free_name(drop.filename, await tx.datasets.names(drop.workspace))
            made = Dataset(dataset_id, drop.workspace, name, drop.user, now, (version,), drop.direct)
            await tx.datasets.add(made)
        kept = {"dataset_id": dataset_id, "version_id": version.id, "problem": where.why}
        left = {"sha256": "", "remedy": drop.remedy, "source": None, "findings": ""}
        closed = await self._settle(tx, drop, checked, state=DropState.kept, **left, **kept)
        if accepted:
            await tx.updates.add(accepted_line(drop, version, accepted))
        return closed

    async def _reject(self, drop: Drop, checked: Checked) -> tuple[str, ...]:
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
            return await self._settle(tx, drop, checked, state=DropState.rejected, **left)

    async def _settle(
        self, tx: Transaction, drop: Drop, checked: Checked, **changes: object
    ) -> tuple[str, ...]:
        """Put the outcome of a check on record, with all that the thread is owed for it.

        Returns the bytes that a file which this one corrects needs no more.
        """
        if not self.files.path(checked.digest).exists():
            raise Vanished
        fresh = await tx.drops.get(drop.id) or drop
        settled = {"report": checked.report, "corrects": checked.corrects}
        done = replace(fresh, seen=None, waiting=None, **settled, **changes)  # type: ignore[arg-type]
        await tx.drops.save(done)
        await tx.drops.forget_edits(drop.workspace, drop.id)
        await tell_drop(tx, done)
        if checked.owed:
            await tx.updates.add(checked.owed)
        return await close(tx, done, self._person(drop))

    async def _known(self, tx: Transaction, drop: Drop, digest: str) -> bool:
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
            corrects=None,
            waiting=None,
        )
        await tx.drops.save(done)
        await _seen_by_all(tx, drop, dataset, self._person(drop))
        await tx.drops.forget_edits(drop.workspace, drop.id)
        await tell_drop(tx, done)
        return True


async def _seen_by_all(tx: Transaction, drop: Drop, dataset: Dataset, person: Person) -> None:
    """A dataset that came in a direct message is shown to all once somebody who may drops it in a channel."""
    if dataset.direct and not drop.direct and may(person, Action.share, dataset):
        await tx.datasets.save(replace(dataset, direct=False))
