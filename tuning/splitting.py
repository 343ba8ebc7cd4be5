"""Splits a dataset into rows to train on, to validate with, and to hold out: datasets of their own.

Nothing is on record before all parts are checked, then all of it at once: after a kill the same is asked
again. The same seed makes the same parts, and parts that are here already are found again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuning.datasets.report import Report
from tuning.dropped import LONGEST_NAME, free_name, sha256_of
from tuning.errors import Conflict, NotFound
from tuning.findings import SMALL
from tuning.ids import new_id
from tuning.keeping import Keeping
from tuning.lanes import Lanes
from tuning.named import dataset_named
from tuning.policy import Action, require
from tuning.ports import Checker, Clock, DatasetFiles, Reworker, Store, Transaction
from tuning.records import Acceptance, Dataset, Person, Version
from tuning.remedies import private_codes

TRAIN = "train"


@dataclass(frozen=True, slots=True)
class SplitRequest:
    """Which dataset, and how: the shares are of its rows, from 0 to 1."""

    dataset: str
    validation: float = 0.1
    heldout: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    digest: str
    report: Report


@dataclass(frozen=True, slots=True)
class Splitter:
    """The use case behind `/ft split`."""

    store: Store
    files: DatasetFiles
    checker: Checker
    lanes: Lanes
    reworker: Reworker
    keeping: Keeping
    now: Clock

    async def split(self, person: Person, request: SplitRequest) -> list[Dataset]:
        """The parts as datasets, owned by the owner of the whole."""
        async with self.store.begin() as tx:
            whole = await dataset_named(tx, person.workspace, request.dataset)
        require(person, Action.divide, whole, whole.name)
        await self.keeping.room_for(whole.name, whole.latest.size, "split it again")
        source = self.files.temporary(new_id("split"))
        try:
            await asyncio.to_thread(source.hardlink_to, self.files.path(whole.latest.sha256))
        except FileNotFoundError:
            raise NotFound("The dataset's file isn't on this machine's disk.") from None
        made: list[tuple[str, Path]] = []
        try:
            made = await self.reworker.split(
                source,
                source.parent,
                validation=request.validation,
                heldout=request.heldout,
                seed=request.seed,
            )
            parts = [await self._checked(whole, name, path) for name, path in made]
            return await self._kept(person, whole, parts, [path for _, path in made])
        finally:
            for path in (source, *(path for _, path in made)):
                path.unlink(missing_ok=True)

    async def _kept(
        self, person: Person, whole: Dataset, parts: Sequence[Part], paths: Sequence[Path]
    ) -> list[Dataset]:
        """Their bytes first, then all of them on record; again if the bytes were let go of meanwhile."""
        while True:
            for path, part in zip(paths, parts, strict=True):
                spare = path.with_name(f"{path.name}.kept")
                await asyncio.to_thread(spare.hardlink_to, path)
                await self.files.keep(spare, part.digest)
                spare.unlink(missing_ok=True)
            async with self.store.begin() as tx:
                if all(self.files.path(part.digest).exists() for part in parts):
                    return [await self._keep(tx, person, whole, part) for part in parts]

    async def _checked(self, whole: Dataset, name: str, path: Path) -> Part:
        async with self.lanes.turn(await asyncio.to_thread(lambda: path.stat().st_size)):
            report = await self.checker.check(path)
        small = report.codes.get(SMALL, 0)
        private = sum(private_codes(report).values()) if whole.latest.accepted else 0
        if report.errors > private + small:
            raise Conflict(f"The part {name} has errors.", remedy=f"Check {whole.name} first.")
        if small and name == TRAIN:
            raise Conflict(
                f"Only {report.rows} rows would be left to train on, and a backend refuses fewer than 10.",
                remedy="Ask for smaller shares, or add rows.",
            )
        return Part(name, await asyncio.to_thread(sha256_of, path), report)

    async def _keep(self, tx: Transaction, person: Person, whole: Dataset, part: Part) -> Dataset:
        if known := await tx.datasets.by_sha256(whole.workspace, part.digest):
            return known
        dataset_id, now, report = new_id("ds"), self.now(), part.report
        version = Version(
            new_id("ver"),
            dataset_id,
            1,
            part.digest,
            report.bytes,
            report,
            person.user,
            now,
            accepted=_inherited(whole.latest.accepted, report),
        )
        name = _name(whole.name, part.name, await tx.datasets.names(whole.workspace))
        dataset = Dataset(dataset_id, whole.workspace, name, whole.owner, now, (version,), whole.direct)
        await tx.datasets.add(dataset)
        return dataset


def _inherited(accepted: Acceptance | None, report: Report) -> Acceptance | None:
    """Who accepted what is private in the whole answers for the part of it too."""
    codes = private_codes(report)
    return Acceptance(accepted.by, accepted.at, codes) if accepted and codes else None


def _name(whole: str, part: str, taken: Sequence[str]) -> str:
    return free_name(f"{whole[: LONGEST_NAME - len(part) - 1]}-{part}.jsonl", taken)
