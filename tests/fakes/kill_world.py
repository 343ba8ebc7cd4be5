"""A workspace, a backend and a bot that is killed at named points of the wire and started again.

A `Trap` waits at a point: a Web API method, `download`, or a route of the backend, before its work or
after it. When the bot's request arrives there the bot is killed with -9 and no answer leaves. Traps
are set in a row: the next one waits once the last one has sprung.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.client import Control, Person, until
from sandbox.server import Sandbox
from storage import SqlStore, open_store
from tests.fakes.backend import ROUTES, FakeBackend
from tests.fakes.backend_faces import Dropped, Request
from tests.fakes.backend_machine import FakeJob
from tests.fakes.databases import in_thread
from tests.fakes.killed_bot import LIMITS, ROOT, BotProcess, Nursery
from tests.fakes.stage import CHANNEL, rows
from tuning.records import Job
from tuning.updates import card_id
from views.job_card import card as job_card

#: Far more than anything takes, for machines that are busy with other things.
PATIENCE = 45.0
#: The replies in the thread of a job that goes well.
TOLD = ("started", "First numbers", "Checkpoint", "succeeded")
Message = dict[str, Any]


@dataclass(frozen=True)
class Trap:
    """`nth` counts the requests at this point that hold `containing`."""

    when: str
    where: str
    containing: str = ""
    nth: int = 1

    def __str__(self) -> str:
        return " ".join(part for part in (self.when, self.where, self.containing) if part)


@dataclass
class World:
    """Everything around the bot, and the bot itself."""

    sandbox: Sandbox
    control: Control
    backend: FakeBackend
    bot: BotProcess
    store: SqlStore
    #: A request to a route that has one waits for it before it is looked at.
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    traps: list[Trap] = field(default_factory=list)
    sprung: list[Trap] = field(default_factory=list)
    passed: int = 0

    @property
    def ana(self) -> Person:
        return self.control.person("ana")

    # -- traps --------------------------------------------------------------------------------

    def reached(self, when: str, where: str, content: str) -> bool:
        """Whether this was the trap's moment: then the bot is dead."""
        trap = self.traps[0] if self.traps else None
        if trap is None or (trap.when, trap.where) != (when, where) or trap.containing not in content:
            return False
        self.passed += 1
        if self.passed < trap.nth:
            return False
        self.passed = 0
        self.sprung.append(self.traps.pop(0))
        self.bot.kill()
        return True

    def watch(self) -> None:
        """Stand at every point of the wire."""
        faults = self.sandbox.faults
        faults.before, faults.after = self._at_slack("before"), self._at_slack("after")
        for method, template, _ in ROUTES:
            self.backend.before[f"{method} {template}"] = self._at_backend("before")
            self.backend.after[f"{method} {template}"] = self._at_backend("after")

    def backend_gate(self, route: str) -> asyncio.Event:
        """Keep requests to this route waiting until it is set."""
        return self.gates.setdefault(route, asyncio.Event())

    def _at_slack(self, when: str) -> Any:
        async def hook(method: str, arguments: dict[str, Any]) -> None:
            heard = self.connections()
            if self.reached(when, method, json.dumps(arguments)):
                await self.parted(heard)
                raise ConnectionResetError

        return hook

    def _at_backend(self, when: str) -> Any:
        async def hook(request: Request) -> None:
            if when == "before" and (gate := self.gates.get(request.route)):
                await gate.wait()
            heard = self.connections()
            if self.reached(when, request.route, request.body.decode(errors="replace")):
                await self.parted(heard)
                raise Dropped

        return hook

    async def parted(self, heard: int) -> None:
        """Until Slack sees that the dead bot's connection is gone: else it counts as the next one's."""
        await self.see(lambda: not heard or self.connections() < heard, "the end of its connection")

    async def keep_alive(self) -> None:
        """Start the bot again as soon as it is dead, as a service manager does."""
        while True:
            if not self.bot.alive:
                self.bot.start()
            await asyncio.sleep(0.01)

    # -- what people do -----------------------------------------------------------------------

    async def drop(self, name: str = "news.jsonl", data: bytes | None = None) -> Message:
        await self.control.connected(PATIENCE)
        return await self.ana.drop(CHANNEL, name, data or rows())

    async def train(self, typed: str = "news suffix=news") -> None:
        await self.control.connected(PATIENCE)
        assert (await self.ana.command(CHANNEL, "/ft", f"train {typed}"))["ok"]

    async def press(self, message: Message, action: str) -> None:
        """Press a button, once the bot is there to hear it."""
        await self.control.connected(PATIENCE)
        await self.ana.press(message, action)

    def connections(self) -> int:
        """How many bot processes hear what people do."""
        return len(self.sandbox.sockets.connections("A0FTBOT001"))

    # -- what there is to see -----------------------------------------------------------------

    async def see(self, look: Any, what: str = "it") -> Any:
        """What `look` finds, polled until it is there."""

        async def once() -> Any:
            found = look()
            return await found if asyncio.iscoroutine(found) else found

        try:
            return await until(once, PATIENCE, 0.03)
        except TimeoutError:
            raise AssertionError(f"{what} was not seen; the bot's log:\n{self.bot.log()[-6000:]}") from None

    def posted(self) -> list[Message]:
        """All that the bot has in the channel, root or reply, oldest first."""
        workspace = self.sandbox.workspace
        return [
            {
                "ts": m.ts,
                "thread_ts": m.thread_ts,
                "text": m.text,
                "metadata": m.metadata or {},
                "channel": m.channel,
            }
            for m in sorted(workspace.messages.values(), key=lambda m: m.ts)
            if m.app_id
        ]

    def roots(self) -> list[Message]:
        return [message for message in self.posted() if message["thread_ts"] in (None, message["ts"])]

    def replies(self, root: Message) -> list[str]:
        return [m["text"] for m in self.posted() if m["thread_ts"] == root["ts"] and m["ts"] != root["ts"]]

    async def jobs(self) -> list[Job]:
        async with self.store.begin() as tx:
            return list(await tx.jobs.list("T0SANDBOX1"))

    async def quiet(self) -> bool:
        """Whether every trap has sprung, everything has ended and nothing is owed to anybody."""
        if self.traps or not self.bot.alive:
            return False
        async with self.store.begin() as tx:
            jobs = await tx.jobs.list("T0SANDBOX1")
            owed = await tx.updates.open_channels(datetime.now(UTC) + timedelta(days=1))
            drops = await tx.drops.unfinished()
            files = await tx.uploads.deleting()
        return not owed and not drops and not files and all(job.closed for job in jobs)

    async def end(self, least: int = 1) -> None:
        """Wait until the story is over; `least` messages of the bot are there then."""

        async def over() -> bool:
            return len(self.posted()) >= least and await self.quiet()

        await self.see(over, f"the end (left: {[str(trap) for trap in self.traps]})")

    async def assert_told_once(self) -> None:
        """No update stands in the channel twice, and each says to which update it belongs."""
        told = [message["metadata"].get("event_payload", {}).get("update_id") for message in self.posted()]
        assert None not in told
        assert [update for update, times in Counter(told).items() if times > 1] == []

    def made(self, job: Job) -> list[FakeJob]:
        """What the backend made of a job of ours."""
        plans = (
            (made.request.get("metadata") or {}).get("ft_bot_plan") for made in self.backend.jobs.values()
        )
        return [made for made, plan in zip(self.backend.jobs.values(), plans, strict=True) if plan == job.id]

    async def assert_one_job(self) -> Job:
        """One job here and at the backend, with one file and all its events."""
        (job,) = await self.jobs()
        await self.assert_made_once(job)
        assert len(self.backend.files) == 1
        return job

    async def assert_made_once(self, job: Job) -> None:
        (made,) = self.made(job)
        assert made.id == job.backend_id
        assert made.request["training_file"] in self.backend.files
        async with self.store.begin() as tx:
            events = await tx.jobs.events(job.id, limit=1000)
        assert sorted(event.id for event in events) == sorted(event["id"] for event in made.events)

    async def assert_told(self, job: Job, *words: str) -> None:
        """One card with the job's state, and beneath it one reply for each of these words, in order."""
        await self.assert_told_once()
        (card,) = [
            root for root in self.roots() if root["metadata"]["event_payload"]["update_id"] == card_id(job.id)
        ]
        told = self.replies(card)
        assert len(told) == len(words), told
        assert all(word in text for word, text in zip(words, told, strict=True)), told
        assert card["text"] == job_card(job).text

    async def assert_succeeded(self) -> None:
        """The only job was made once, and its thread tells it to the end."""
        job = await self.assert_one_job()
        assert job.status == "succeeded"
        await self.assert_told(job, *TOLD)
        assert len(self.roots()) == 1


@asynccontextmanager
async def open_world(
    folder: Path,
    nursery: Nursery,
    *traps: Trap,
    data: Path | None = None,
    command: bool = False,
    database_url: str = "",
    alive: bool = True,
    limits: tuple[int, int] | None = None,
) -> AsyncIterator[World]:
    """A world whose bot has the data in `data`; with `alive` it runs and is kept running.

    `limits` are the bytes that go to the backend at once, and in a part.
    """
    if data:
        shutil.copytree(data, folder / "data")
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    backend = FakeBackend(auto=True)
    async with (
        Sandbox(manifest=manifest, retry_delays=(0.1, 0.5, 2)) as sandbox,
        Control(sandbox.url) as control,
        backend.serve() as backend_url,
    ):
        database = database_url or f"sqlite:///{folder / 'data' / 'ft-bot.db'}"
        environment = {
            "SLACK_BOT_TOKEN": sandbox.credentials.bot_token,
            "SLACK_APP_TOKEN": sandbox.credentials.app_token,
            "SLACK_API_URL": sandbox.api_url,
            "OPENAI_BASE_URL": backend_url,
            "OPENAI_API_KEY": backend.key,
            "FT_DATA_DIR": str(folder / "data"),
            "FT_DATABASE_URL": database,
            "FT_POLL_SECONDS": "0.1",
        }
        if limits:
            environment[LIMITS] = json.dumps(limits)
        world = World(
            sandbox, control, backend, BotProcess(nursery, environment, folder, command), open_store(database)
        )
        world.traps = list(traps)
        world.watch()
        keeper = asyncio.create_task(world.keep_alive()) if alive else None
        try:
            yield world
        finally:
            if keeper:
                keeper.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await keeper
            world.bot.close()
            await world.store.close()


async def with_dataset(folder: Path, nursery: Nursery) -> Path:
    """A data folder in which a dataset `news` was kept, dropped and answered in another world."""
    async with open_world(folder, nursery) as world:
        await world.drop()
        await world.end()
    return folder / "data"


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    one = Nursery()
    yield one
    one.close()


@pytest.fixture(scope="session")
def dataset(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to copy, with a dataset `news`: made once, through the front door."""
    folder = tmp_path_factory.mktemp("dataset")
    made: Path = in_thread(lambda: with_dataset(folder, nursery))
    return made
