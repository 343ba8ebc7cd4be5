"""What people do with kept datasets: find, look at, rename, share, delete."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuning.datasets.redact import masked
from tuning.errors import Conflict, Invalid, NotAllowed, NotFound
from tuning.ids import request_id
from tuning.keeping import Keeping
from tuning.named import dataset_named
from tuning.policy import Action, may, require, to_see_rows
from tuning.ports import Clock, DatasetFiles, Store, Transaction
from tuning.records import Dataset, Job, Model, Person, Plan, Update, Version
from tuning.releasing import release_after_dataset
from tuning.rows import Row, examples
from tuning.updates import notice
from tuning.versions import newest, no_dataset, revise_cards

DATASET_SHARED = "dataset_shared"
#: What `free_name` makes of a file's name, and so what a person may choose.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,39})")


@dataclass(frozen=True, slots=True)
class Page:
    """All about a dataset: its jobs and what they made, newest first, and its first examples."""

    dataset: Dataset
    jobs: Sequence[Job] = ()
    models: Sequence[Model] = ()
    preview: Sequence[Row] = ()
    more_examples: bool = False
    #: Placeholders stand for what is private in the examples.
    masked: bool = False
    #: Why there is no preview.
    trouble: str = ""
    #: The number of the latest version, where the page is of an older one.
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """Some of the `total` datasets whose name holds `search`, from the `start`-th (from 0) on."""

    datasets: Sequence[Dataset]
    total: int
    start: int = 0
    search: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """Some examples of a version, from the `start`-th (from 0) on."""

    dataset: Dataset
    version: Version
    start: int
    rows: Sequence[Row]
    more: bool
    #: Placeholders stand for what is private in them.
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Library:
    """The use cases around datasets."""

    store: Store
    files: DatasetFiles
    keeping: Keeping
    now: Clock

    async def find(self, person: Person, ref: str) -> Dataset:
        if not ref:
            raise NotFound("Say which dataset.", remedy="`/ft datasets` lists them, with buttons.")
        async with self.store.begin() as tx:
            return await dataset_named(tx, person.workspace, ref)

    async def listed(self, person: Person, count: int, start: int = 0, search: str = "") -> Listed:
        """`count` datasets, newest first."""
        async with self.store.begin() as tx:
            names = await tx.datasets.names(person.workspace)
            found = await tx.datasets.list(person.workspace, search=search, limit=count, start=start)
        return Listed(found, sum(search.lower() in name.lower() for name in names), start, search)

    async def page(self, person: Person, ref: str, count: int) -> Page:
        """All about a dataset, with its first `count` examples."""
        dataset = await self.find(person, ref)
        async with self.store.begin() as tx:
            whole = await tx.datasets.get(dataset.workspace, dataset.id) or dataset
            jobs = await _jobs(tx, dataset)
            made = [await tx.models.get(job.workspace, job.model) for job in jobs if job.model]
        models = [model for model in made if model and model.deleted_at is None]
        later = whole.latest.number if whole.latest.number > dataset.latest.number else 0
        page = Page(dataset, jobs, models, newest=later)
        try:
            shown = await self.preview(person, dataset.latest.id, 0, count)
        except (NotFound, NotAllowed) as error:
            return replace(page, trouble=error.message)
        return replace(page, preview=shown.rows, more_examples=shown.more, masked=shown.masked)

    async def newest(self, plan: Plan) -> int:
        """The number of a version of the plan's dataset that is newer than the plan's; 0 when none is."""
        async with self.store.begin() as tx:
            return newest(plan, await tx.datasets.get(plan.workspace, plan.dataset_id))

    async def preview(self, person: Person, version_id: str, start: int, count: int) -> Preview:
        """`count` examples of a version, as this person may see them. Raises NotAllowed."""
        async with self.store.begin() as tx:
            version = await tx.datasets.version(person.workspace, version_id)
            dataset = await tx.datasets.get(person.workspace, version.dataset_id) if version else None
        if version is None or dataset is None:
            raise no_dataset()
        require(person, to_see_rows(dataset), dataset, dataset.name)
        try:
            rows, more = await asyncio.to_thread(examples, self.files.path(version.sha256), start, count)
        except FileNotFoundError:
            raise NotFound("The dataset's file isn't on this machine's disk.") from None
        hidden = version.accepted is not None and not may(person, Action.see_private, dataset)
        if hidden:
            rows = await asyncio.to_thread(lambda: [replace(row, text=masked(row.text)) for row in rows])
        return Preview(dataset, version, start, rows, more, hidden)

    async def mine(self, person: Person, dataset_id: str, action: Action) -> Dataset:
        """The dataset of this id, when this person may do this to it."""
        async with self.store.begin() as tx:
            return await _mine(tx, person, dataset_id, action)

    async def rename(self, person: Person, dataset_id: str, name: str, channel: str) -> Dataset:
        """Give a dataset another name and tell the channel; raises Invalid for a name that can't be."""
        wanted = name.strip().lower()
        if not _NAME.fullmatch(wanted):
            raise Invalid(
                {
                    "name": "A name has up to 40 characters: letters from a to z, digits, hyphens, dots and "
                    "underscores; the first is a letter or a digit."
                }
            )
        async with self.store.begin() as tx:
            dataset = await _mine(tx, person, dataset_id, Action.rename)
            if wanted == dataset.name:
                return dataset
            if wanted in await tx.datasets.names(person.workspace):
                raise Invalid({"name": f"There is a dataset called {wanted} already."})
            await tx.datasets.rename(dataset, wanted)
            await revise_cards(tx, dataset)
            told = {"old": dataset.name, "new": wanted}
            await self._tell(tx, "dataset_renamed", person, channel, dataset, **told)
        return replace(dataset, name=wanted)

    async def share(self, person: Person, dataset_id: str, channel: str, key: str) -> Dataset:
        """Owe a dataset's card to a channel, once for each `key`."""
        async with self.store.begin() as tx:
            dataset = await _mine(tx, person, dataset_id, Action.share)
            card = Update(
                id=request_id("upd", DATASET_SHARED, dataset.id, key),
                workspace=dataset.workspace,
                channel=channel,
                kind=DATASET_SHARED,
                subject=dataset.id,
                created_at=self.now(),
                payload={"by": person.user},
                recipient=person.user,
            )
            await tx.updates.add(card)
            await tx.datasets.save(replace(dataset, direct=False))
        return dataset

    async def delete(self, person: Person, dataset_id: str, channel: str) -> Dataset:
        """Delete a dataset with all its versions, unless a job that goes on needs one, and tell the channel.

        The backend's copies are deleted too, by the next launching pass.
        """
        async with self.store.begin() as tx:
            dataset = await _mine(tx, person, dataset_id, Action.delete)
            if needing := [job for job in await _jobs(tx, dataset) if not job.ended]:
                raise Conflict(
                    f"{dataset.name} can't be deleted now: job {needing[0].shown_id} needs it.",
                    remedy="Wait for its end, or cancel it: `/ft jobs` lists what goes on.",
                )
            await tx.datasets.remove(dataset)
            for version in dataset.versions:
                await release_after_dataset(tx, version, dataset.workspace)
            await revise_cards(tx, dataset)
            await self._tell(
                tx, "dataset_deleted", person, channel, dataset, old=dataset.name, owner=dataset.owner
            )
        sources = [version.source.sha256 for version in dataset.versions if version.source]
        await self.keeping.let_go(*(version.sha256 for version in dataset.versions), *sources)
        return dataset

    async def _tell(
        self, tx: Transaction, kind: str, person: Person, channel: str, dataset: Dataset, **told: str
    ) -> None:
        key = request_id("key", dataset.id, *told.values(), self.now().isoformat())
        await tx.updates.add(
            notice(kind, dataset.workspace, channel, self.now(), key=key, by=person.user, **told)
        )


async def _mine(tx: Transaction, person: Person, dataset_id: str, action: Action) -> Dataset:
    dataset = await tx.datasets.get(person.workspace, dataset_id)
    if dataset is None:
        raise no_dataset()
    require(person, action, dataset, dataset.name)
    return dataset


async def _jobs(tx: Transaction, dataset: Dataset) -> list[Job]:
    """All jobs that train or validate on a version of this dataset, newest first."""
    found: dict[str, Job] = {}
    for version in dataset.versions:
        for job in await tx.jobs.using_version(dataset.workspace, version.id):
            found[job.id] = job
    return sorted(found.values(), key=lambda job: job.created_at, reverse=True)
