"""Whether validation data stands in the training data: looked for once for each pair of files, and kept.

A form must be answered within three seconds, and reading two large files takes longer: so looking begins
as soon as both are chosen and goes on by itself, and whoever asked may come back.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace

from tuning.errors import FtBotError
from tuning.named import dataset_of
from tuning.ports import DatasetFiles, Leaks, Store
from tuning.records import Overlap, Plan, Version

log = logging.getLogger(__name__)

#: So many pairs are looked at before anybody asked for it.
MOST_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The use case around leakage."""

    store: Store
    files: DatasetFiles
    leaks: Leaks
    _looking: dict[tuple[str, str, str], asyncio.Task[Overlap | None]] = field(default_factory=dict)

    async def looked(self, plan: Plan, seconds: float | None = None) -> Plan | None:
        """The plan with what its validation data shares with its training data.

        None when that isn't known within so many seconds; it is looked for all the same.
        """
        if plan.validation_version_id is None:
            return plan
        async with self.store.begin() as tx:
            training = await tx.datasets.version(plan.workspace, plan.version_id)
            validation = await tx.datasets.version(plan.workspace, plan.validation_version_id)
            if training is None or validation is None:
                return plan
            known = await tx.overlaps.get(plan.workspace, training.sha256, validation.sha256)
        if known:
            return replace(plan, overlap=known)
        task = self._task(plan.workspace, training, validation)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        return replace(plan, overlap=task.result()) if done else None

    async def begin(self, workspace: str, training_id: str, validation_id: str) -> None:
        """Begin to look whether one dataset's rows stand in another one, where that isn't known yet.

        Nobody waits for it. Whoever tries many datasets one after the other has only some looked at ahead.
        """
        if not training_id or not validation_id or len(self._looking) >= MOST_AHEAD:
            return
        async with self.store.begin() as tx:
            training = await dataset_of(tx, workspace, training_id)
            validation = await dataset_of(tx, workspace, validation_id)
            if training is None or validation is None:
                return
            pair = (training.latest, validation.latest)
            known = await tx.overlaps.get(workspace, pair[0].sha256, pair[1].sha256)
        if not known:
            self._task(workspace, *pair)

    def _task(self, workspace: str, training: Version, validation: Version) -> asyncio.Task[Overlap | None]:
        """Who looks for this pair already, or somebody new."""
        key = (workspace, training.sha256, validation.sha256)
        if key not in self._looking:
            task = asyncio.create_task(self._look(*key))
            self._looking[key] = task
            task.add_done_callback(lambda _: self._looking.pop(key, None))
        return self._looking[key]

    async def _look(self, workspace: str, training: str, validation: str) -> Overlap | None:
        """None when it can't be found out: that must not keep anybody from training."""
        try:
            found = await self.leaks.find(self.files.path(training), self.files.path(validation))
            async with self.store.begin() as tx:
                await tx.overlaps.save(workspace, training, validation, found)
        except FtBotError as error:
            log.warning("validation data can't be compared with training data: %s", error)
            return None
        return found
