"""From an update that is owed to the message that pays it: loads what the view shows, and calls the view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tuning import downloads, drops, remedies, splits
from tuning.catalog import Catalog
from tuning.library import DATASET_SHARED
from tuning.ports import Clock, Store
from tuning.records import Update
from tuning.updates import JOB_CARD, MILESTONE, NOTICE
from tuning.versions import newest
from views.dataset_page import deleted_notice as dataset_deleted_notice
from views.dataset_page import renamed_notice, shared_card
from views.datasets import split_done_later
from views.downloads import asked_notice
from views.drops import accepted_notice, drop_card, shared_again_notice
from views.job_card import card
from views.milestones import milestone
from views.models import deleted_notice
from views.rendered import Rendered


class Nothing(Exception):
    """What the update tells of isn't on record any more."""


@dataclass(frozen=True, slots=True)
class Renderer:
    store: Store
    catalog: Catalog
    now: Clock

    async def __call__(self, update: Update) -> Rendered:
        """The message as it should look now; raises Nothing."""
        if update.kind == JOB_CARD:
            return await self._job_card(update)
        if update.kind == MILESTONE:
            return milestone(update.payload)
        if update.kind == "drop_card":
            return await self._drop_card(update)
        if update.kind == NOTICE:
            return await self._notice(update)
        if update.kind == DATASET_SHARED:
            return await self._shared(update)
        raise Nothing(f"nothing renders updates of kind {update.kind}")

    async def _notice(self, update: Update) -> Rendered:
        told = update.payload
        match told.get("kind"):
            case "model_deleted":
                return await self._deleted(update)
            case "dataset_renamed":
                return renamed_notice(told["by"], told["old"], told["new"])
            case "dataset_deleted":
                return dataset_deleted_notice(told["by"], told["old"], told["owner"])
            case drops.SHARED_AGAIN:
                return shared_again_notice(told["of"], datetime.fromisoformat(told["dropped"]))
            case remedies.ACCEPTED:
                return accepted_notice(told["by"], told["of"], told["codes"])
            case splits.DONE_LATER:
                return split_done_later(told["of"], told["parts"], told["problem"])
            case downloads.ASKED:
                return asked_notice(told)
        raise Nothing(f"nothing renders notices of kind {told.get('kind')}")

    async def _job_card(self, update: Update) -> Rendered:
        async with self.store.begin() as tx:
            job = await tx.jobs.get(update.subject)
            dataset = await tx.datasets.get(job.workspace, job.plan.dataset_id) if job else None
        if job is None:
            raise Nothing(f"job {update.subject}")
        return card(job, self.now(), newest(job.plan, dataset))

    async def _drop_card(self, update: Update) -> Rendered:
        async with self.store.begin() as tx:
            drop = await tx.drops.get(update.subject)
            dataset = None
            if drop and drop.dataset_id:
                dataset = await tx.datasets.get(drop.workspace, drop.dataset_id)
        if drop is None:
            raise Nothing(f"drop {update.subject}")
        return drop_card(drop, dataset, await self.catalog.bases())

    async def _shared(self, update: Update) -> Rendered:
        async with self.store.begin() as tx:
            dataset = await tx.datasets.get(update.workspace, update.subject)
        if dataset is None:
            raise Nothing(f"dataset {update.subject}")
        return shared_card(dataset, update.payload["by"])

    async def _deleted(self, update: Update) -> Rendered:
        async with self.store.begin() as tx:
            model = await tx.models.get(update.workspace, update.payload["model"])
        if model is None:
            raise Nothing(f"model {update.subject}")
        return deleted_notice(model, update.payload["by"])
