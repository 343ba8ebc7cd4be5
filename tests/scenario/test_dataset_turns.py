"""Several files at once: a small one overtakes a large one, a thread keeps its order, waiting is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.checker import ProcessChecker
from tests.fakes.stage import CHANNEL, Message, Stage, rows
from tuning.datasets.report import Report
from tuning.lanes import Lanes
from tuning.ports import Checker, CheckListener

#: More than a small file may have on this stage.
LARGE = rows(100)
SMALL_BYTES = 5_000


@dataclass
class Gated:
    """The real check, which begins with a file only when its gate is open."""

    real: Checker = field(default_factory=ProcessChecker)
    gates: dict[int, asyncio.Event] = field(default_factory=dict)

    def gate(self, data: bytes) -> asyncio.Event:
        """The gate of a file of this size."""
        return self.gates.setdefault(len(data), asyncio.Event())

    async def check(
        self,
        path: Path,
        *,
        base: str | None = None,
        findings: Path | None = None,
        progress: CheckListener | None = None,
    ) -> Report:
        if gate := self.gates.get(len(await asyncio.to_thread(path.read_bytes))):
            await gate.wait()
        return await self.real.check(path, base=base, findings=findings, progress=progress)


def gated(stage: Stage, patience: float = 0.05) -> Gated:
    """Put gates before the checks of a stage."""
    checker, drops = Gated(), stage.bot.services.drops
    lanes = Lanes(small_bytes=SMALL_BYTES, patience=patience)
    held = replace(drops, checks=replace(drops.checks, checker=checker, lanes=lanes))
    object.__setattr__(stage.bot.services, "drops", held)
    stage.bot.schedule.drops = held
    return checker


async def says(stage: Stage, root: Message, words: str, at: int = 0) -> Message:
    """The thread's card number `at` once it says these words."""

    async def look() -> Message | None:
        cards = [m for m in await stage.control.thread(CHANNEL, root["ts"]) if m.get("bot_id")]
        return cards[at] if len(cards) > at and words in cards[at]["text"] else None

    found: Message = await stage.seen(look)
    return found


async def together(stage: Stage, *files: tuple[str, bytes]) -> Message:
    """ana's message with several files."""
    ids = []
    for name, data in files:
        query = {"as": "ana", "name": name}
        ids.append((await stage.control._call("POST", "upload", params=query, data=data))["file"]["id"])
    shared = await stage.control.post("share", **{"as": "ana"}, channel=CHANNEL, files=ids)
    return dict(shared["message"])


async def test_a_small_file_is_answered_while_a_large_one_is_checked(stage: Stage) -> None:
    gate = gated(stage).gate(LARGE)
    large = await stage.ana.drop(CHANNEL, "large.jsonl", LARGE)
    second = await stage.ana.drop(CHANNEL, "second.jsonl", rows(101))
    small = await stage.ben.drop(CHANNEL, "small.jsonl", rows(12))
    await says(stage, small, "Kept as `small`")
    await says(stage, second, "waits: 1 file of its size is checked before it")
    assert len(await stage.control.thread(CHANNEL, large["ts"])) == 1
    gate.set()
    await says(stage, large, "Kept as `large`")
    await says(stage, second, "Kept as `second`")


async def test_files_of_one_message_are_answered_in_its_order_if_none_takes_long(stage: Stage) -> None:
    gate = gated(stage, patience=20).gate(LARGE)
    root = await together(stage, ("large.jsonl", LARGE), ("small.jsonl", rows(12)))
    await asyncio.sleep(0.5)
    await stage.settle(2)
    assert len(await stage.control.thread(CHANNEL, root["ts"])) == 1
    gate.set()
    await says(stage, root, "Kept as `large`", at=0)
    await says(stage, root, "Kept as `small`", at=1)


async def test_files_of_one_message_do_not_wait_long_for_each_other(stage: Stage) -> None:
    gate = gated(stage).gate(LARGE)
    root = await together(stage, ("large.jsonl", LARGE), ("small.jsonl", rows(12)))
    await says(stage, root, "Kept as `small`")
    gate.set()
    await says(stage, root, "Kept as `large`", at=1)


async def test_a_file_in_a_thread_waits_for_those_before_it_there(stage: Stage) -> None:
    gate = gated(stage).gate(LARGE)
    root = await stage.ana.drop(CHANNEL, "news.jsonl", LARGE)
    await stage.ana.drop(CHANNEL, "news.jsonl", rows(12), thread_ts=root["ts"])
    await says(stage, root, "waits for `news.jsonl`, which came before it in this thread")
    await stage.ana.drop(CHANNEL, "news.jsonl", rows(13), thread_ts=root["ts"])
    await says(stage, root, "waits for `news.jsonl`", at=1)
    gate.set()
    await says(stage, root, "Kept as `news`, version 2")
    await says(stage, root, "Kept as `news`, version 3", at=1)
    await says(stage, root, "Kept as `news`:", at=2)


class Killed:
    """Leases of a process that is killed before it can take one: drops are put on record, and that is all."""

    async def acquire(self, name: str) -> bool:
        return False

    async def release(self, name: str) -> None:
        raise AssertionError(name)

    async def renew(self) -> None: ...


async def test_after_a_restart_the_order_is_the_same_and_nobody_waits_for_a_large_file(stage: Stage) -> None:
    gate = gated(stage).gate(LARGE)
    alive = stage.bot.services.drops
    object.__setattr__(stage.bot.services, "drops", replace(alive, leases=Killed()))
    root = await stage.ana.drop(CHANNEL, "news.jsonl", LARGE)
    for count in (12, 13):
        await stage.ana.drop(CHANNEL, "news.jsonl", rows(count), thread_ts=root["ts"])
    other = await stage.ben.drop(CHANNEL, "other.jsonl", rows(14))

    async def on_record() -> bool:
        async with stage.bot.store.begin() as tx:
            return len(await tx.drops.unfinished()) == 4

    await stage.seen(on_record)
    left = asyncio.create_task(alive.resume())
    await says(stage, other, "Kept as `other`")
    await says(stage, root, "waits for `news.jsonl`")
    gate.set()
    await left
    for at, words in enumerate(("Kept as `news`, version 2", "Kept as `news`, version 3", "Kept as `news`:")):
        await says(stage, root, words, at)
