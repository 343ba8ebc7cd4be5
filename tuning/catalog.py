"""What can be trained and what can be asked: the backend's bases and the workspace's models."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tuning import pricing
from tuning.errors import Ambiguous, BackendError, BackendNotFound, BackendUnreachable, Gone, NotFound
from tuning.ports import Backend, Clock, Store, Transaction
from tuning.records import Job, Model

log = logging.getLogger(__name__)

KEEP = timedelta(seconds=60)
#: A backend that could not be read is left in peace for this long.
PAUSE = timedelta(seconds=5)


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
    patience: float = 2.0
    _bases: list[str] = field(default_factory=list)
    #: All that the backend lists and has not tuned: also what it can't train, or goes by another name.
    _plain: frozenset[str] = frozenset()
    _read_at: datetime | None = None
    #: Why the list could not be read the last time.
    _trouble: BackendError | None = None
    _reading: asyncio.Task[None] | None = None

    async def bases(self, within: float | None = None) -> list[str]:
        """Models that a job can start from; those with a price on record first, the cheapest first.

        A backend lists what it has without saying what can be tuned. Where it has models of our
        price list, those are the bases; a backend of another kind offers all that it hasn't tuned itself.
        Whoever asks waits `within` seconds at most (`patience` when not said): then the last list
        serves, or the price list.
        """
        await self._fresh(self.patience if within is None else within)
        return self._bases or ([] if self._known else _priced())

    @property
    def _known(self) -> bool:
        """Whether the list is the backend's own."""
        return self._read_at is not None and (self._trouble is None or bool(self._bases))

    async def _fresh(self, within: float) -> None:
        keep = PAUSE if self._trouble else KEEP
        if self._read_at is not None and self.now() - self._read_at <= keep:
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        # a read that takes longer goes on, for those who ask next
        done, _ = await asyncio.wait({self._reading}, timeout=within)
        for reading in done:
            reading.result()

    async def _read(self) -> None:
        try:
            listed = [model.id for model in await self.backend.models()]
        except BackendError as error:
            log.warning("the backend's models can't be listed: %s", error)
            self._trouble, self._read_at = error, self.now()
            return
        self._plain = frozenset(name for name in listed if not is_tuned(name))
        self._bases = [name for name in _priced() if name in self._plain] or sorted(self._plain)
        self._trouble, self._read_at = None, self.now()

    async def base(self, workspace: str, ref: str) -> str:
        """The base that this name means; the first offered one when there is no name.

        While the backend's list can't be read, a name is taken as it is: the job will tell.
        """
        if is_tuned(ref):
            return (await self.model(workspace, ref)).id
        offered = await self.bases()
        if not ref:
            return self._first(offered)
        if ref in self._plain or not offered or not self._known:
            return ref
        if (known := pricing.price(ref)) and known.name in offered:
            return known.name
        starts = [name for name in offered if name.lower().startswith(ref.lower())]
        if len(starts) == 1:
            return starts[0]
        if starts:
            raise Ambiguous("base model", ref, starts)
        raise NotFound(f"{ref[:100]} is no base model here; there are {closest(offered)}")

    def _first(self, offered: list[str]) -> str:
        """The base for who names none; which one it is only the backend can tell."""
        if self._known and offered:
            return offered[0]
        if self._known or isinstance(self._trouble, BackendNotFound):
            raise NotFound("The backend lists no base model.", remedy="Name one: `base=...`")
        raise self._trouble or BackendUnreachable("The backend doesn't answer just now.")

    async def model(self, workspace: str, ref: str) -> Model:
        """The workspace's model of this name, or whose name starts or ends with it."""
        async with self.store.begin() as tx:
            exact = await tx.models.get(workspace, ref)
            found = await tx.models.list(workspace, search=ref)
        if exact and exact.deleted_at is None:
            return exact
        wanted = ref.lower()
        near = [m for m in found if m.id.lower().startswith(wanted) or wanted in _endings(m.id)]
        if len(near) == 1:
            return near[0]
        if near:
            raise Ambiguous("model", ref, [m.id for m in near])
        if exact:
            raise Gone(f"{exact.id} was deleted.", remedy="`/ft models` lists what there is.")
        raise NotFound(
            f"There is no model {ref[:100]} in this workspace.", remedy="`/ft models` lists what there is."
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


def _endings(name: str) -> list[str]:
    """What people call a model by: its suffix and its id, of `ft:base:organisation:suffix:id`."""
    return name.lower().split(":")[3:]


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
