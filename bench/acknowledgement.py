"""How soon Slack is acknowledged while a large file is being checked, and on the same machine at rest.

    python -m bench.acknowledgement [--megabytes 100] [--times 3] [--mode socket|http|both]

Starts a sandbox workspace, a backend and `ft-bot` (a process of its own, as in real life), drops a
generated JSONL file, and lets people type commands, press buttons and mention the bot until the report
is there. The figures are what the workspace measured: from sending a request to its acknowledgement.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.client import Control, ControlError, until
from sandbox.server import Sandbox
from tests.fakes.backend import FakeBackend
from tests.fakes.bot_process import bot_process, environment
from tests.fakes.stage import CHANNEL, ROOT, rows

ACTS_A_SECOND = 40
#: What the bot owes Slack at the 99th percentile, in ms; Slack itself gives up after 3,000.
BUDGET_MS = 500
#: Plain words and others, so that the check's quick path and its exact one both have work.
WORDS = (
    "match",
    "extra time",
    "shares",
    "the bank",
    "fell by",
    "three",
    "Überraschung",
    "選挙",
    "выборы",
    "🏆",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Acknowledgements of one stretch of time, in ms."""

    times: tuple[float, ...]
    failed: int
    seconds: float

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.times, n=100, method="inclusive")[98]

    def __str__(self) -> str:
        return (
            f"{len(self.times):4} acknowledgements in {self.seconds:5.1f} s: p50 {self.p50:6.1f} ms, "
            f"p99 {self.p99:6.1f} ms, most {max(self.times):6.1f} ms, {self.failed} failed"
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """A workspace with a running bot, and a message with a button to press."""

    control: Control
    card: dict[str, Any]
    acts_a_second: float

    async def act(self, number: int) -> None:
        """One of the things that people do; errors are counted by what the workspace measured."""
        ana, ben = self.control.person("ana"), self.control.person("ben")
        kind = number % 4
        if kind == 0:
            await ana.command("#general", "/ft", "jobs")
        elif kind == 1:
            await ben.command("#general", "/ft", "help")
        elif kind == 2:
            await ben.say("#general", f"@ft-bot are you there? {number}")
        else:
            await ana.press(self.card, "train_dataset")

    async def until_done(self, done: asyncio.Task[Any], least: int) -> Figures:
        """Keep acting until `done` is done and `least` things were done; what was measured meanwhile."""
        before = {exchange["id"] for exchange in await self.control.exchanges()}
        began = time.monotonic()
        acts = []
        for number in itertools.count():
            if done.done() and number >= least:
                break
            acts.append(asyncio.create_task(self.act(number)))
            await asyncio.sleep(1 / self.acts_a_second)
        results = await asyncio.gather(*acts, return_exceptions=True)
        for problem in results:
            if isinstance(problem, BaseException) and not isinstance(problem, ControlError):
                raise problem
        await done
        await asyncio.sleep(0.5)
        new = [exchange for exchange in await self.control.exchanges() if exchange["id"] not in before]
        answered = [exchange for exchange in new if exchange["direction"] != "call"]
        times = tuple(exchange["ms"] for exchange in answered if exchange["ok"])
        failed = sum(exchange["ok"] is False for exchange in answered)
        return Figures(times, failed, time.monotonic() - began)

    async def idle(self, acts: int) -> Figures:
        """The same acts with nothing else going on: what this machine can do."""
        return await self.until_done(asyncio.create_task(asyncio.sleep(0)), acts)

    async def checking(self, file: bytes, times: int) -> Figures:
        """The acts while a file is fetched and checked, up to its report; again with one more row."""
        return await self.until_done(asyncio.create_task(self.reports(file, times)), 1)

    async def reports(self, file: bytes, times: int) -> None:
        for number in range(times):
            another = file + file[: file.index(b"\n") + 1] * number
            dropped = await self.control.person("ana").drop(CHANNEL, f"large-{number}.jsonl", another)
            await card(self.control, dropped)


async def card(control: Control, dropped: dict[str, Any]) -> dict[str, Any]:
    """The report card in the thread of a dropped file."""

    async def look() -> dict[str, Any] | None:
        thread = await control.thread(CHANNEL, dropped["ts"])
        return next((message for message in thread[1:] if "train_dataset" in str(message)), None)

    return dict(await until(look, 120, pause=0.2))


@asynccontextmanager
async def scene(mode: str, folder: Path, acts_a_second: float) -> AsyncIterator[Scene]:
    """Everything started, and a first small dataset dropped."""
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    backend = FakeBackend()
    async with (
        Sandbox(manifest=manifest) as sandbox,
        Control(sandbox.url) as control,
        backend.serve() as backend_url,
    ):
        arguments = ["run"] if mode == "socket" else ["serve", "--port", "0"]
        env = environment(sandbox, backend_url, backend, folder)
        async with bot_process(*arguments, env=env, folder=folder) as bot:
            await bot.ready()
            if mode == "socket":
                await control.connected()
            else:
                await control.post("request_url", url=f"{bot.url}/slack/events")
            dropped = await control.person("ana").drop(CHANNEL, "small.jsonl", rows())
            yield Scene(control, await card(control, dropped), acts_a_second)
            await bot.stop()


def generated(megabytes: float, seed: int = 1) -> bytes:
    """A chat file with rows of many sizes, some of them in other scripts; the same for the same seed."""
    return b"".join(_lines(seed, megabytes * 1e6))


def _lines(seed: int, wanted: float) -> Iterator[bytes]:
    chance = random.Random(seed)
    size = 0
    for number in itertools.count():
        if size >= wanted:
            return
        text = " ".join(chance.choices(WORDS, k=chance.randrange(5, 400)))
        messages = [
            {"role": "system", "content": "Name the section of this headline."},
            {"role": "user", "content": f"{number}: {text}"},
            {"role": "assistant", "content": chance.choice(("World", "Sports", "Business"))},
        ]
        line = json.dumps({"messages": messages}, ensure_ascii=number % 3 == 0).encode() + b"\n"
        size += len(line)
        yield line


async def measure(
    mode: str, megabytes: float, times: int, idle_acts: int, acts_a_second: float = ACTS_A_SECOND
) -> tuple[Figures, Figures]:
    """(at rest, while a file of this size is checked `times` times)."""
    file = generated(megabytes)
    with tempfile.TemporaryDirectory(prefix="ft-bot-bench-") as name:
        async with scene(mode, Path(name), acts_a_second) as stage:
            return await stage.idle(idle_acts), await stage.checking(file, times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--times", type=int, default=3, help="how often a file of that size is checked")
    parser.add_argument("--mode", choices=["socket", "http", "both"], default="both")
    asked = parser.parse_args()
    for mode in ["socket", "http"] if asked.mode == "both" else [asked.mode]:
        idle, checking = asyncio.run(measure(mode, asked.megabytes, asked.times, 300))
        print(f"{mode:6} at rest              {idle}")
        print(f"{mode:6} checking {asked.megabytes:5.0f} MB    {checking}", flush=True)


if __name__ == "__main__":
    main()
