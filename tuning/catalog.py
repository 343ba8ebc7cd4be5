"""What can be trained and what can be asked: the backend's bases and the workspace's models."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tuning import pricing
from tuning.errors import Ambiguous, BackendError, Gone, NotFound
from tuning.ports import Backend, Clock, Store, Transaction
from tuning.records import Job, Model

log = logging.getLogger(__name__)

KEEP = timedelta(seconds=60)


def closest(names: Iterable[str], limit: int = 6) -> str:
    """Some names in one line."""
    some = list(names)
    return ", ".join(some[:limit]) + (" ..." if len(some) > limit else "")


@dataclass(slots=True)
class Catalog:
    """Looks up bases (kept for a minute: a select asks at every key) and models."""

    store: Store
    backend: Backend
    now: Clock
    _bases: list[str] = field(default_factory=list)
    _read_at: datetime | None = None

    async def bases(self) -> list[str]:
        """Models that a job can start from; those with a price on record first, the cheapest first.

        A backend lists what it has without saying what can be tuned. Where it has models of our
        price list, those are the bases; a backend of another kind offers all that it hasn't tuned itself.
        """
        if self._read_at is None or self.now() - self._read_at > KEEP:
            try:
                listed = [model.id for model in await self.backend.models()]
            except BackendError as error:
                log.warning("the backend's models can't be listed: %s", error)
                return self._bases or _priced()
            plain = [name for name in listed if not is_tuned(name)]
            self._bases = [name for name in _priced() if name in plain] or sorted(plain)
            self._read_at = self.now()
        return self._bases

    async def base(self, workspace: str, ref: str) -> str:
        """The base that this name means; the first offered one when there is no name."""
        offered = await self.bases()
        if not ref:
            if not offered:
                raise NotFound("The backend offers no base model.", remedy="Name one: base=...")
            return offered[0]
        if ref in offered or not offered:
            return ref
        if is_tuned(ref):
            return (await self.model(workspace, ref)).id
        starts = [name for name in offered if name.lower().startswith(ref.lower())]
        if len(starts) == 1:
            return starts[0]
        if starts:
            raise Ambiguous("base model", ref, starts)
        raise NotFound(f"{ref} is no base model here; there are {closest(offered)}")

    async def model(self, workspace: str, ref: str) -> Model:
        """The workspace's model of this name, or whose name starts or ends with it."""
        async with self.store.begin() as tx:
            exact = await tx.models.get(workspace, ref)
            found = await tx.models.list(workspace, search=ref)
        if exact and exact.deleted_at is None:
            return exact
        wanted = ref.lower()
        near = [m for m in found if m.id.lower().startswith(wanted) or wanted in m.id.lower().split(":")]
        if len(near) == 1:
            return near[0]
        if near:
            raise Ambiguous("model", ref, [m.id for m in near])
        if exact:
            raise Gone(f"{exact.id} was deleted.", remedy="/ft models lists what there is.")
        raise NotFound(
            f"There is no model {ref} in this workspace.", remedy="/ft models lists what there is."
        )

    async def askable(self, workspace: str, ref: str) -> Model:
        """The workspace's model of this name, or its checkpoint of exactly this name."""
        try:
            return await self.model(workspace, ref)
        except NotFound:
            async with self.store.begin() as tx:
                job = await tx.jobs.with_checkpoint(workspace, ref)
                if job is None:
                    raise
                return await made(tx, job, ref)


def is_tuned(name: str) -> bool:
    """Whether a model name is a fine-tune's: `ft:...`, or `base.ft-...` at Azure."""
    return name.startswith(("ft:", "ftchkpt-")) or ".ft-" in name


def _priced() -> list[str]:
    """The bases of the price list, the cheapest first."""
    return [base.name for base in sorted(pricing.bases(), key=lambda base: base.training)]


async def made(tx: Transaction, job: Job, name: str) -> Model:
    """The record of a model that a job made."""
    version = await tx.datasets.version(job.workspace, job.plan.version_id)
    return Model(
        id=name,
        workspace=job.workspace,
        owner=job.owner,
        job_id=job.id,
        base=job.plan.base,
        created_at=job.finished_at or job.created_at,
        system_prompt=version.report.system_prompt if version else None,
    )
