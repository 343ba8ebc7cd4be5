"""The whole bot on a stage: the real Bolt app over a real socket, a sandbox workspace, a fake backend.

Nothing runs by itself: a test acts as a person, then calls `settle()`, which makes the passes
(launch, poll, deliver) until nothing is due any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from bot.app import Bot, build
from bot.checker import ProcessChecker
from bot.pace import Pace
from bot.settings import Settings
from sandbox.client import Control, Person, until
from sandbox.server import Sandbox
from tests.fakes.backend import FakeBackend
from tests.fakes.near_checker import NearChecker

ROOT = Path(__file__).resolve().parents[2]
CHANNEL = "#fine-tuning"
#: No politeness towards a sandbox: what is due is sent at once.
QUICK = Pace(
    burst=1000,
    per_second=1000,
    edit_every=timedelta(0),
    second_read=0,
    grace=timedelta(0),
    first_wait=timedelta(0),
    watch_seconds=0.02,
    tell_every=timedelta(0),
    patience_seconds=0.1,
)
Message = dict[str, Any]


def rows(count: int = 12, label: str = "Sports") -> bytes:
    """A small chat dataset that passes its check."""
    line = (
        '{"messages": [{"role": "user", "content": "headline %d"}, {"role": "assistant", "content": "%s"}]}'
    )
    return "".join(line % (number, label) + "\n" for number in range(count)).encode()


@dataclass
class Stage:
    """Two people, an administrator, the bot, and the backend behind it."""

    bot: Bot
    sandbox: Sandbox
    control: Control
    backend: FakeBackend
    settings: Settings

    @property
    def ana(self) -> Person:
        return self.control.person("ana")

    @property
    def ben(self) -> Person:
        return self.control.person("ben")

    @property
    def admin(self) -> Person:
        return self.control.person("admin")

    async def settle(self, rounds: int = 6) -> None:
        """Make every pass a few times, as the schedule would over some seconds."""
        for _ in range(rounds):
            await self.bot.schedule.launcher.launch_pending()
            await self.bot.schedule.poller.poll_once()
            await self.bot.courier.deliver_once()

    async def seen(self, look: Callable[[], Any], seconds: float = 30) -> Any:
        """What `look` finds once it is there, with passes made meanwhile."""

        async def once() -> Any:
            if found := await look():
                return found
            await self.settle(1)
            return None

        return await until(once, seconds)

    async def replies(self, root: Message, count: int = 1, seconds: float = 30) -> list[Message]:
        """The replies in a message's thread, when there are at least `count`."""

        async def look() -> list[Message] | None:
            thread = await self.control.thread(CHANNEL, root["ts"])
            return thread[1:] if len(thread) > count else None

        found: list[Message] = await self.seen(look, seconds)
        return found

    async def card_says(self, root: Message, words: str) -> Message:
        """The card in a dropped file's thread, once it holds these words."""

        async def look() -> Message | None:
            card = (await self.replies(root))[0]
            return card if words in card["text"] else None

        found: Message = await self.seen(look)
        return found

    async def roots(self, count: int = 1, seconds: float = 30) -> list[Message]:
        """The bot's own messages in the channel, when there are at least `count`."""

        async def look() -> list[Message] | None:
            mine = [m for m in await self.control.channel(CHANNEL) if m.get("bot_id")]
            return mine if len(mine) >= count else None

        found: list[Message] = await self.seen(look, seconds)
        return found

    async def note(self, person: Person, containing: str = "", seconds: float = 30) -> Message:
        """The newest message that only this person sees and that holds these words."""

        async def look() -> Message | None:
            notes = [note for note in await person.notes() if containing in note["text"]]
            return notes[-1] if notes else None

        found: Message = await self.seen(look, seconds)
        return found

    async def dataset(self, name: str = "news.jsonl", data: bytes | None = None) -> Message:
        """ana drops a file; its report card."""
        dropped = await self.ana.drop(CHANNEL, name, data or rows())
        return (await self.replies(dropped))[0]

    async def job(self, typed: str = "news suffix=news") -> Message:
        """ana starts a job on a dataset; the job's card."""
        before = len([m for m in await self.control.channel(CHANNEL) if m.get("bot_id")])
        await self.ana.command(CHANNEL, "/ft", f"train {typed}")
        return (await self.roots(before + 1))[-1]

    def backend_job(self) -> str:
        """The id of the only job at the backend."""
        (found,) = self.backend.jobs
        return str(found)

    async def model(self) -> str:
        """A model of ana's, made by a finished job."""
        await self.dataset()
        await self.job()
        await self.seen(self._job_is_there)
        name = self.backend.finish(self.backend_job())
        await self.settle(10)
        return str(name)

    async def _job_is_there(self) -> bool:
        return bool(self.backend.jobs)


@asynccontextmanager
async def open_stage(
    folder: Path, *, admins: str = "U0ADMIN001", pace: Pace = QUICK, near: bool = True, **sandbox_options: Any
) -> AsyncIterator[Stage]:
    """The bot over Socket Mode, with its data in `folder`; nothing is scheduled.

    Files are checked near, in this process; `near=False` starts a process for each, as the bot does.
    """
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    backend = FakeBackend()
    async with (
        Sandbox(manifest=manifest, **sandbox_options) as sandbox,
        Control(sandbox.url) as control,
        backend.serve() as backend_url,
    ):
        settings = Settings(
            _env_file=None,
            slack_bot_token=sandbox.credentials.bot_token,
            slack_app_token=sandbox.credentials.app_token,
            slack_signing_secret=sandbox.credentials.signing_secret,
            slack_api_url=sandbox.api_url,
            openai_base_url=backend_url,
            openai_api_key=backend.key,
            ft_data_dir=folder / "data",
            ft_database_url="",
            ft_poll_seconds=0.01,
            ft_admins=admins,
        )
        with patch("bot.app.ProcessChecker", NearChecker if near else ProcessChecker):
            bot = await build(settings, pace)
        handler = AsyncSocketModeHandler(bot.app, sandbox.credentials.app_token)
        await handler.connect_async()
        try:
            await control.connected()
            yield Stage(bot, sandbox, control, backend, settings)
        finally:
            await handler.close_async()
            await bot.stop()
