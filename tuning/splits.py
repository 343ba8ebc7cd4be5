"""Splits that survive a stop: what was asked for is on record until its parts are there.

Who asked is answered by the process that was asked. After a kill another one makes the same parts, and tells
it in a direct message.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from tuning.errors import FtBotError
from tuning.ids import new_id
from tuning.ports import Clock, Leases, Store
from tuning.records import Dataset, Person, SplitAsked
from tuning.splitting import SplitRequest, Splitter
from tuning.updates import notice

log = logging.getLogger(__name__)

#: The kind of notice that a split was done after a restart.
DONE_LATER = "split_done_later"


@dataclass(frozen=True, slots=True)
class Splits:
    """The use case behind `/ft split`, and the pass that goes on with what a stopped process left."""

    store: Store
    splitter: Splitter
    leases: Leases
    now: Clock

    async def split(self, person: Person, request: SplitRequest) -> list[Dataset]:
        """The parts as datasets; a stop on the way leaves the request on record."""
        asked = SplitAsked(
            new_id("split"),
            person.workspace,
            person.user,
            person.admin,
            request.dataset,
            request.validation,
            request.heldout,
            request.seed,
            self.now(),
        )
        await self.leases.acquire(_lease(asked))
        try:
            async with self.store.begin() as tx:
                await tx.splits.add(asked)
            try:
                parts = await self.splitter.split(person, request)
            except Exception:
                # a stop is none of these: then the request stays
                await self._answered(asked)
                raise
            await self._answered(asked)
            return parts
        finally:
            await self.leases.release(_lease(asked))

    async def _answered(self, asked: SplitAsked) -> None:
        async with self.store.begin() as tx:
            await tx.splits.remove(asked)

    async def resume(self) -> None:
        """Make the parts that a stopped process left unmade, and tell who asked for them."""
        async with self.store.begin() as tx:
            left = await tx.splits.all()
        for asked in left:
            if await self.leases.acquire(_lease(asked)):
                try:
                    await self._go_on(asked)
                finally:
                    await self.leases.release(_lease(asked))

    async def _go_on(self, asked: SplitAsked) -> None:
        async with self.store.begin() as tx:
            if asked not in await tx.splits.all():
                return
        person = Person(asked.workspace, asked.user, admin=asked.admin)
        request = SplitRequest(asked.dataset, asked.validation, asked.heldout, asked.seed)
        parts: Sequence[Dataset] = ()
        problem = ""
        try:
            parts = await self.splitter.split(person, request)
        except FtBotError as error:
            problem = f"{error.message} {error.remedy}".strip()
        except Exception:
            log.exception("the split %s failed", asked.id)
            problem = f"Something went wrong on our side (reference {asked.id}). Split it again."
        told = {"of": asked.dataset, "parts": [part.name for part in parts], "problem": problem}
        async with self.store.begin() as tx:
            await tx.splits.remove(asked)
            line = notice(
                DONE_LATER, asked.workspace, asked.user, self.now(), key=asked.id, by=asked.user, **told
            )
            await tx.updates.add(line)


def _lease(asked: SplitAsked) -> str:
    return f"split:{asked.id}"
