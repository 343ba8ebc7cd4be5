"""The check of one drop, in its turn: what it found so far is told on its card, and its owner may end it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from tuning.datasets.progress import Progress
from tuning.datasets.report import Report
from tuning.errors import Conflict, NotFound
from tuning.lanes import Lanes
from tuning.policy import Action, require
from tuning.ports import Checker, Clock, Store, Transaction
from tuning.records import Drop, DropState, Person, Waiting
from tuning.rejected import rejected
from tuning.updates import tell_drop

#: A card that is edited more often than this is hard to read, and Slack doesn't like it.
TELL_EVERY = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Checks:
    """Runs checks; `ring` is called when there is something to tell at once."""

    store: Store
    checker: Checker
    now: Clock
    ring: Callable[[], None]
    lanes: Lanes = field(default_factory=Lanes)
    tell_every: timedelta = TELL_EVERY

    async def check(self, drop: Drop, path: Path, findings: Path) -> Report:
        """The file's report; that it waits, and what it holds so far, is told on the way."""
        size = await asyncio.to_thread(lambda: path.stat().st_size)
        async with self.lanes.turn(size, lambda ahead: self.waits(drop, Waiting(ahead))):
            await self._begin(drop, long=size > self.lanes.small_bytes)
            telling = _Telling(self, drop, self.now())
            return await self.checker.check(path, findings=findings, progress=telling.told)

    async def waits(self, drop: Drop, what: Waiting) -> None:
        """Tell what a drop waits for."""
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id)
            if fresh is None or fresh.state is not DropState.received or fresh.waiting == what:
                return
            await tx.drops.save(replace(fresh, waiting=what, seen=None))
            await tell_drop(tx, fresh)
        self.ring()

    async def _begin(self, drop: Drop, *, long: bool) -> None:
        """What an earlier check of this drop showed, and that it was stopped, means nothing for this one.

        That it waits no more is told when the check takes long: its outcome would have to wait for that edit.
        """
        async with self.store.begin() as tx:
            before = await tx.drops.get(drop.id)
            if before and (before.seen or before.stopped_by or before.waiting):
                await tx.drops.save(replace(before, seen=None, stopped_by="", waiting=None))
                if before.waiting and long:
                    await tell_drop(tx, before)

    async def stop(self, person: Person, drop_id: str) -> None:
        """End a check early; its drop is rejected with what was found so far."""
        async with self.store.begin() as tx:
            drop = await _mine(tx, person, drop_id)
            if drop.state is not DropState.received or drop.seen is None:
                raise Conflict(f"{drop.filename} isn't being checked any more.", remedy="See its card.")
            await tx.drops.save(replace(drop, stopped_by=drop.stopped_by or person.user))
            await tell_drop(tx, drop)

    async def again(self, person: Person, drop_id: str) -> None:
        """Have a file whose check was stopped checked to its end."""
        async with self.store.begin() as tx:
            drop, _ = await rejected(tx, person, drop_id, Action.stop)
            received = replace(drop, state=DropState.received, problem="", seen=None, stopped_by="")
            await tx.drops.save(received)
            await tell_drop(tx, received)


@dataclass(slots=True)
class _Telling:
    """What one check tells, as often as people can read it; its first errors at once.

    A card can't be edited twice within two seconds: an edit that shows nothing yet would delay those errors.
    """

    checks: Checks
    drop: Drop
    last: datetime
    told_errors: bool = False

    async def told(self, seen: Progress) -> bool:
        """Put on record how far the check is; whether somebody asked for its end."""
        now, news = self.checks.now(), bool(seen.errors) and not self.told_errors
        due = news or now - self.last >= self.checks.tell_every
        async with self.checks.store.begin() as tx:
            drop = await tx.drops.get(self.drop.id)
            if drop is None or drop.stopped_by:
                return True
            if due:
                await tx.drops.save(replace(drop, seen=seen))
                await tell_drop(tx, drop)
        if due:
            self.last, self.told_errors = now, self.told_errors or news
            self.checks.ring()
        return False


async def _mine(tx: Transaction, person: Person, drop_id: str) -> Drop:
    drop = await tx.drops.get(drop_id)
    if drop is None or drop.workspace != person.workspace:
        raise NotFound("That file isn't on record any more.", remedy="Drop it again.")
    require(person, Action.stop, drop, drop.filename)
    return drop
