"""From an update that is owed to the message that pays it: loads what the view shows, and calls the view."""

from __future__ import annotations

from dataclasses import dataclass

from tuning.catalog import Catalog
from tuning.library import DATASET_SHARED
from tuning.ports import Clock, Store
from tuning.records import Update
from tuning.remedies import ACCEPTED
from tuning.updates import JOB_CARD, MILESTONE, NOTICE
from views.dataset_page import deleted_notice as dataset_deleted_notice
from views.dataset_page import renamed_notice, shared_card
from views.datasets import accepted_notice, drop_card
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
        if update.kind == NOTICE and update.payload.get("kind") == "model_deleted":
            return await self._deleted(update)
        if update.kind == NOTICE and update.payload.get("kind") == "dataset_renamed":
            return renamed_notice(*(update.payload[key] for key in ("by", "old", "new")))
        if update.kind == NOTICE and update.payload.get("kind") == "dataset_deleted":
            return dataset_deleted_notice(*(update.payload[key] for key in ("by", "old", "owner")))
        if update.kind == NOTICE and update.payload.get("kind") == ACCEPTED:
            return accepted_notice(*(update.payload[key] for key in ("by", "of", "codes")))
        if update.kind == DATASET_SHARED:
            return await self._shared(update)
        raise Nothing(f"nothing renders updates of kind {update.kind}")

    async def _job_card(self, update: Update) -> Rendered:
        async with self.store.begin() as tx:
            job = await tx.jobs.get(update.subject)
        if job is None:
            raise Nothing(f"job {update.subject}")
        return card(job, self.now())

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
