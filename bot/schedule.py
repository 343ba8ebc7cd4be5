"""When each pass is made: APScheduler calls them, no pass knows of time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.courier import Courier
from bot.pace import Pace
from tuning.drops import Drops
from tuning.keeping import Keeping
from tuning.launch import Launcher
from tuning.poller import Poller
from tuning.ports import Clock, Leases, Store
from tuning.splits import Splits

log = logging.getLogger(__name__)
# a pass that is still at work when its next turn comes just goes on: nothing to warn of
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)

#: Slack repeats an event for about five minutes.
FORGET = timedelta(days=1)
#: What a pass that is at work may take to end at a stop. One that is cut off while it connects to the
#: database leaves a connection behind whose closing never ends.
FINISH_SECONDS = 3.0


@dataclass(slots=True)
class Schedule:
    """The passes and how often they are made, in seconds."""

    poll_seconds: float
    pace: Pace
    courier: Courier
    poller: Poller
    launcher: Launcher
    drops: Drops
    splits: Splits
    keeping: Keeping
    leases: Leases
    store: Store
    now: Clock
    _stopped: bool = False
    _passes: set[asyncio.Task[None]] = field(default_factory=set)
    _scheduler: AsyncIOScheduler = field(default_factory=lambda: AsyncIOScheduler(timezone=UTC))

    def start(self) -> None:
        """Make every pass at once, and then again and again."""
        self._every("deliver", self.pace.deliver_seconds, self.courier.deliver_once)
        self._every("poll", self.poll_seconds, self.poller.poll_once)
        # a pass in which a large file is sent doesn't keep other jobs waiting
        self._every("launch", min(self.poll_seconds, 5.0), self.launcher.launch_pending, at_once=2)
        # a pass that checks a large file doesn't keep other leftovers waiting
        self._every("drops", self.pace.resume_seconds, self.drops.resume, at_once=2)
        self._every("splits", self.pace.resume_seconds, self.splits.resume)
        self._every("renew", self.pace.renew_seconds, self.leases.renew)
        self._every("forget", 3600.0, self._forget)
        self._every("files", 3600.0, self.keeping.sweep)
        self._scheduler.start()

    async def finish(self) -> None:
        """Begin no new pass, and let those that are at work end, for a moment; then stop."""
        if self._scheduler.running and not self._stopped:
            self._scheduler.pause()
        if self._passes:
            await asyncio.wait(self._passes, timeout=FINISH_SECONDS)
        self.stop()

    def stop(self) -> None:
        """Make no more passes and cut off those at work; may be called again."""
        if self._scheduler.running and not self._stopped:
            # the scheduler says that it runs until the loop comes round
            self._stopped = True
            self._scheduler.shutdown(wait=False)

    def deliver_soon(self) -> None:
        """Something is owed: don't wait for the next second."""
        if self._scheduler.running:
            self._scheduler.modify_job("deliver", next_run_time=datetime.now(UTC))

    async def _forget(self) -> None:
        async with self.store.begin() as tx:
            await tx.deeds.forget_before(self.now() - FORGET)

    def _every(
        self, name: str, seconds: float, one_pass: Callable[[], Awaitable[None]], *, at_once: int = 1
    ) -> None:
        async def guarded() -> None:
            this = cast("asyncio.Task[None]", asyncio.current_task())
            self._passes.add(this)
            this.add_done_callback(self._passes.discard)
            try:
                await one_pass()
            except asyncio.CancelledError:
                # only a stop does this; APScheduler would print a traceback
                log.info("the pass %s was cut short", name)
            except Exception:
                # the next pass finds what this one left
                log.exception("the pass %s failed", name)

        self._scheduler.add_job(
            guarded,
            "interval",
            seconds=seconds,
            id=name,
            max_instances=at_once,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )
