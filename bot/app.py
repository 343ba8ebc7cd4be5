"""The only wiring: from the settings to a bot that can be started and stopped."""

from __future__ import annotations

import logging
from asyncio import Semaphore
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_bolt.async_app import AsyncApp

from bot.attach import Attachments
from bot.checker import ProcessChecker, ProcessComparer
from bot.clients import patient_client, single_try_client
from bot.courier import Courier
from bot.leaks import ProcessLeaks
from bot.pace import USUAL, Pace
from bot.render import Renderer
from bot.reworker import ProcessReworker
from bot.schedule import Schedule
from bot.settings import Settings
from gateways.openai_backend import OpenAIBackend
from gateways.slack_files import SlackFiles
from handlers.routes import register
from handlers.services import Services
from storage import SqlLeases, SqlStore, migrate, open_files, open_store
from tuning.ask import Asking
from tuning.catalog import Catalog
from tuning.checking import Checks
from tuning.downloads import Downloads
from tuning.drops import Drops
from tuning.fetching import Fetcher
from tuning.jobs import Jobs
from tuning.judging import Judge
from tuning.keeping import Keeping
from tuning.lanes import AT_ONCE, Lanes
from tuning.launch import Launcher
from tuning.library import Library
from tuning.mending import Mending
from tuning.models import Models
from tuning.overlaps import Overlaps
from tuning.planning import Planner
from tuning.poller import Poller
from tuning.remedies import Remedies
from tuning.sending import Sender, usual_limits
from tuning.splits import Splits
from tuning.splitting import Splitter
from tuning.uploads import Uploads

log = logging.getLogger(__name__)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Bell:
    """Rings for the schedule, which is made after those who ring."""

    answer: Callable[[], None] | None = None

    def ring(self) -> None:
        if self.answer:
            self.answer()


@dataclass(frozen=True, slots=True)
class Bot:
    """The parts that the command line starts and stops."""

    app: AsyncApp
    store: SqlStore
    backend: OpenAIBackend
    services: Services
    courier: Courier
    schedule: Schedule

    async def stop(self) -> None:
        """Let go of everything; what is not done yet is on record and goes on at the next start."""
        self.schedule.stop()
        await self.backend.aclose()
        await self.store.close()


async def build(settings: Settings, pace: Pace = USUAL) -> Bot:
    """Make a bot from its settings; brings the database up to date first."""
    settings.ft_data_dir.mkdir(parents=True, exist_ok=True)
    await migrate(settings.database_url)
    store = open_store(settings.database_url)
    leases, files = SqlLeases(store, now), open_files(settings.ft_data_dir)
    backend = OpenAIBackend(settings.openai_base_url, settings.backend_key, pause=pace.second_read)
    catalog = Catalog(store, backend, now)
    sender = Sender(store, backend, now, pace.limits or usual_limits(), pace.watch_seconds)
    uploads = Uploads(store, backend, sender, files, leases, now)
    launcher = Launcher(store, backend, uploads, leases, now, grace=pace.grace, first_wait=pace.first_wait)
    poller = Poller(store, backend, leases, now, timedelta(seconds=settings.ft_poll_seconds))
    keeping = Keeping(store, files, now, settings.ft_quota_bytes)
    # the lanes say whose turn it is
    checker, comparer = ProcessChecker(Semaphore(AT_ONCE)), ProcessComparer(Semaphore(AT_ONCE))
    reworker, lanes = ProcessReworker(), Lanes(patience=pace.patience_seconds)
    fetcher = Fetcher(store, SlackFiles(patient_client(settings)), files, reworker, keeping)
    bell = Bell()
    checks = Checks(store, checker, now, bell.ring, lanes, pace.tell_every)
    judge = Judge(store, files, comparer, reworker, keeping, now, settings.ft_admins)
    drops = Drops(store, fetcher, files, checks, judge, reworker, keeping, leases, now)
    courier = Courier(
        store,
        single_try_client(settings),
        Renderer(store, catalog, now),
        leases,
        now,
        attachments=Attachments(store, single_try_client(settings), files, now),
        edit_every=pace.edit_every,
        burst=pace.burst,
        per_second=pace.per_second,
    )
    splits = Splits(store, Splitter(store, files, checker, lanes, reworker, keeping, now), leases, now)
    schedule = Schedule(
        settings.ft_poll_seconds, pace, courier, poller, launcher, drops, splits, keeping, leases, store, now
    )
    bell.answer = schedule.deliver_soon
    services = Services(
        store=store,
        drops=drops,
        catalog=catalog,
        planner=Planner(store, catalog),
        overlaps=Overlaps(store, files, ProcessLeaks()),
        library=Library(store, files, keeping, now),
        mending=Mending(store, files, now),
        remedies=Remedies(store, files, reworker, now),
        downloads=Downloads(store, files, now),
        splits=splits,
        jobs=Jobs(store, now),
        launcher=launcher,
        poller=poller,
        models=Models(store, backend, catalog, now),
        asking=Asking(store, backend, catalog, now),
        admins=settings.ft_admins,
        now=now,
        nudge=schedule.deliver_soon,
    )
    app = bolt_app(settings)
    register(app, services)
    return Bot(app, store, backend, services, courier, schedule)


def bolt_app(settings: Settings) -> AsyncApp:
    """Bolt with the patient client's manners. It is told them afterwards: given a client, Bolt looks for a
    token in the environment all the same, and warns at each start that it won't use it."""
    app = AsyncApp(
        token=settings.slack_bot_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value() or None,
    )
    patient = patient_client(settings)
    app.client.base_url, app.client.retry_handlers = patient.base_url, patient.retry_handlers
    app.client.proxy = patient.proxy
    return app
