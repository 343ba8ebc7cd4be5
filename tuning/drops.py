"""Files that people drop: fetched, checked, and kept as a dataset or answered with what is wrong.

`receive` only writes down that there is a drop, so that it is on record before Slack is acknowledged;
`work` does the rest under a lease and may be killed and called again at any point. A rejected drop's
bytes are kept for a while: mended row by row (see `mending`), the drop is received once more.

A file that is dropped into a thread waits until those before it there are answered: it may be the next
version of what they become.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from tuning.checking import Checks
from tuning.dropped import sha256_of
from tuning.errors import FileUnreadable, FtBotError
from tuning.fetching import Fetcher
from tuning.ids import request_id
from tuning.judging import Judge, Vanished
from tuning.keeping import Keeping
from tuning.ports import Clock, DatasetFiles, Leases, Reworker, Store, Transaction
from tuning.records import Drop, DropState, Waiting
from tuning.reworking import failure, reworked
from tuning.rows import with_edits
from tuning.sources import held, made_of
from tuning.updates import DROP_CARD, notice, tell_drop

log = logging.getLogger(__name__)

#: The kind of notice that a file was dropped here before.
SHARED_AGAIN = "file_shared_again"
#: Between two looks whether a file is answered.
LOOK_AGAIN_SECONDS = 0.2
#: So often it is looked whether a file that somebody else works on is answered.
LOOKS = 100


@dataclass(frozen=True, slots=True)
class Drops:
    """The use cases around a dropped file."""

    store: Store
    fetcher: Fetcher
    files: DatasetFiles
    checks: Checks
    judge: Judge
    reworker: Reworker
    keeping: Keeping
    leases: Leases
    now: Clock

    async def receive(
        self,
        workspace: str,
        channel: str,
        file_id: str,
        user: str,
        thread_ts: str | None,
        *,
        reply: bool = False,
        filename: str = "",
    ) -> str:
        """Put a drop on record, once however often Slack tells of it, and return its id.

        `filename` is empty where Slack doesn't tell it yet.
        """
        drop_id = request_id("drop", workspace, channel, file_id)
        state, now = DropState.received, self.now()
        drop = Drop(drop_id, workspace, channel, file_id, user, thread_ts, state, now, filename, reply=reply)
        async with self.store.begin() as tx:
            if await tx.drops.add(drop):
                return drop_id
            before = await tx.drops.get(drop_id)
            before = await _named(tx, before, filename) if before and not before.filename else before
            if before and thread_ts and before.thread_ts is None:
                await tx.drops.save(replace(before, thread_ts=thread_ts, reply=reply))
            elif before and thread_ts and thread_ts != before.thread_ts:
                await _tell_again(tx, before, thread_ts, user, now)
        return drop_id

    async def work(self, drop_id: str) -> None:
        """Fetch, check and answer a drop that nobody else is working on, and what waited for it."""
        turn: str | None = drop_id
        while turn:
            turn = await self._work_alone(turn)

    async def resume(self) -> None:
        """Work on the drops that a stopped process left behind."""
        async with self.store.begin() as tx:
            unfinished = await tx.drops.unfinished()
        ends = await asyncio.gather(*(self.work(drop.id) for drop in unfinished), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def insist(self, drop_id: str) -> None:
        """Answer a file also when it would be left alone: the bot was asked about it."""
        await self.work(drop_id)
        for _ in range(LOOKS):
            async with self.store.begin() as tx:
                drop = await tx.drops.get(drop_id)
                if drop and drop.state is DropState.ignored:
                    await tell_drop(tx, drop)
            if drop is None or drop.state is not DropState.received:
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _work_alone(self, drop_id: str) -> str | None:
        """Work on one drop; which one may be worked on next because of that."""
        lease = f"drop:{drop_id}"
        if not await self.leases.acquire(lease):
            return None
        waits = False
        try:
            async with self.store.begin() as tx:
                drop = await tx.drops.get(drop_id)
            if drop and drop.state is DropState.received:
                waits = await self._work(drop)
        finally:
            await self.leases.release(lease)
        return await self._next(drop_id, waits=waits)

    async def _next(self, drop_id: str, *, waits: bool) -> str | None:
        """The first unanswered file of this one's thread: another one, or itself if it only had to wait."""
        async with self.store.begin() as tx:
            drop = await tx.drops.get(drop_id)
            thread = (
                await tx.drops.in_thread(drop.workspace, drop.channel, drop.thread_ts or "") if drop else ()
            )
        first = next((one.id for one in thread if one.state is DropState.received), None)
        return first if (first == drop_id) is waits else None

    async def _work(self, drop: Drop) -> bool:
        """Whether the drop is left as it is, to wait for another one."""
        temporary = self.files.temporary(drop.id)
        findings = self.files.temporary(f"{drop.id}.csv")
        try:
            if drop.sha256:
                await self._judge(drop, *await self._mended(drop, temporary), temporary, findings)
                await self.keeping.let_go(*held(drop))
                return False
            return await self._fetched(drop, temporary, findings)
        except Vanished:
            log.warning("drop %s is worked on again: its bytes were removed meanwhile", drop.id)
        except FtBotError as error:
            problem = f"{error.message} {error.remedy}".strip()
            await self._finish(drop, state=DropState.failed, problem=problem)
        except Exception:
            log.exception("drop %s failed", drop.id)
            problem = f"Something went wrong on our side (reference {drop.id}). Drop the file again."
            await self._finish(drop, state=DropState.failed, problem=problem)
        finally:
            temporary.unlink(missing_ok=True)
            findings.unlink(missing_ok=True)
        return False

    async def _fetched(self, drop: Drop, temporary: Path, findings: Path) -> bool:
        """Bring a file that is meant for us here and judge it; whether it must wait first."""
        shared, ours = await self.fetcher.look(drop)
        if not ours:
            await self._finish(drop, state=DropState.ignored, filename=shared.name)
            return False
        drop = await self.fetcher.announce(drop, shared)
        if await self._waits(drop):
            return True
        ready, digest = await self.fetcher.fetch(drop, shared, temporary)
        await self._in_turn(drop)
        await self._judge(drop, ready, digest, temporary, findings)
        return False

    async def _waits(self, drop: Drop) -> bool:
        """Whether files before this one in its thread stay unanswered for more than a moment, which is told.

        Whoever answers the last of them goes on with this one.
        """
        left = self.checks.lanes.patience
        while drop.reply and (before := await self._unanswered_before(drop)):
            if left <= 0:
                await self.checks.waits(drop, Waiting(after=before.filename or "the file above"))
                return True
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            left -= LOOK_AGAIN_SECONDS
        return False

    async def _in_turn(self, drop: Drop) -> None:
        """Files of one message are answered in its order, unless one of them takes long."""
        left = self.checks.lanes.patience
        while not drop.reply and left > 0 and await self._unanswered_before(drop):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            left -= LOOK_AGAIN_SECONDS

    async def _unanswered_before(self, drop: Drop) -> Drop | None:
        if not drop.thread_ts:
            return None
        async with self.store.begin() as tx:
            thread = await tx.drops.in_thread(drop.workspace, drop.channel, drop.thread_ts)
        earlier = takewhile(lambda one: one.id != drop.id, thread)
        return next((one for one in earlier if one.state is DropState.received), None)

    async def _mended(self, drop: Drop, temporary: Path) -> tuple[Drop, str]:
        """The rejected bytes, with what became of their rows since, and what was asked for done."""
        async with self.store.begin() as tx:
            edits = {edit.row: edit.text for edit in await tx.drops.edits(drop.workspace, drop.id)}
        try:
            await asyncio.to_thread(with_edits, self.files.path(drop.sha256), temporary, edits)
        except FileNotFoundError:
            raise FileUnreadable("The rejected file isn't kept any more.") from None
        source = made_of(drop, drop.remedy, edits)
        ready = replace(drop, remedy=await reworked(self.reworker, drop.remedy, temporary), source=source)
        return ready, await asyncio.to_thread(sha256_of, temporary)

    async def _judge(self, before: Drop, drop: Drop, digest: str, temporary: Path, findings: Path) -> None:
        if await self.judge.known(drop, digest):
            return
        report = await self.checks.check(drop, temporary, findings)
        await self.judge.settle(before, drop, digest, report, temporary, findings)

    async def _finish(
        self, drop: Drop, *, state: DropState, filename: str | None = None, problem: str = ""
    ) -> None:
        """The end of a drop that was not checked."""
        if drop.sha256:
            await self._give_back(drop, problem)
            return
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id) or drop
            name = filename or fresh.filename
            done = replace(
                fresh, state=state, filename=name, report=None, problem=problem, seen=None, waiting=None
            )
            await tx.drops.save(done)
            if state is not DropState.ignored or await _expected(tx, done):
                await tell_drop(tx, done)

    async def _give_back(self, drop: Drop, problem: str) -> None:
        """What was asked for could not be done: the file is rejected as it was, and no edit is lost."""
        async with self.store.begin() as tx:
            fresh = await tx.drops.get(drop.id) or drop
            words = failure(drop.remedy, problem)
            rejected = replace(
                fresh, state=DropState.rejected, problem=words, remedy=None, seen=None, waiting=None
            )
            await tx.drops.save(rejected)
            await tell_drop(tx, rejected)


async def _expected(tx: Transaction, drop: Drop) -> bool:
    """Whether a file that is left alone is answered: the bot alone was asked, or it has begun to."""
    return drop.direct or await tx.updates.card(DROP_CARD, drop.id) is not None


async def _named(tx: Transaction, drop: Drop, filename: str) -> Drop:
    """The drop with its name, which a card that told of a failure lacked."""
    if not filename:
        return drop
    named = replace(drop, filename=filename)
    await tx.drops.save(named)
    if drop.state is DropState.failed:
        await tell_drop(tx, named)
    return named


async def _tell_again(tx: Transaction, drop: Drop, thread_ts: str, user: str, now: datetime) -> None:
    """A file that was answered in one thread is shared into another one: say where its answer stands."""
    if drop.state is not DropState.ignored:
        dropped = drop.created_at.isoformat()
        told = notice(
            SHARED_AGAIN,
            drop.workspace,
            drop.channel,
            now,
            key=request_id("key", drop.id, thread_ts),
            by=user,
            of=drop.filename,
            dropped=dropped,
        )
        await tx.updates.add(replace(told, thread_ts=thread_ts))
