"""A bot that is killed with -9 while a file is dropped, and while it starts: one report card, one dataset."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes.kill_world import Message, Trap, World, open_world
from tests.fakes.killed_bot import Nursery, kill
from tests.fakes.stage import CHANNEL, rows

pytestmark = pytest.mark.slow

INFO, DOWNLOAD, POST = "files.info", "download", "chat.postMessage"

CHAINS = {
    "fetch": [Trap("before", INFO), Trap("after", INFO), Trap("before", DOWNLOAD)],
    "answer": [
        Trap("before", POST),
        Trap("before", "conversations.replies"),
        Trap("after", POST),
        Trap("after", "conversations.replies"),
    ],
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
async def test_a_drop_is_answered_once_whenever_the_bot_is_killed(
    chain: list[Trap], tmp_path: Path, nursery: Nursery
) -> None:
    async with open_world(tmp_path, nursery, *chain) as world:
        dropped = await world.drop()
        await world.end()
        assert world.bot.lives == len(chain) + 1
        await assert_kept_once(world, dropped)
        for event in await world.control.exchanges("event"):
            await world.control.redeliver(event["id"])
        await world.end()
        await assert_kept_once(world, dropped)


async def test_a_kill_while_the_file_is_checked_leaves_nothing_behind(
    tmp_path: Path, nursery: Nursery
) -> None:
    async with open_world(tmp_path, nursery) as world:
        dropped = await world.drop()
        checker = await world.see(lambda: checker_of(world), "the check")
        world.bot.kill()
        await world.end()
        assert world.bot.lives == 2
        await assert_kept_once(world, dropped)
        kill(checker)


async def test_a_kill_between_a_file_and_its_correction_keeps_their_order(
    tmp_path: Path, nursery: Nursery
) -> None:
    chain = [Trap("before", DOWNLOAD), Trap("before", DOWNLOAD, nth=2), Trap("before", POST)]
    async with open_world(tmp_path, nursery, *chain) as world:
        root = await world.drop()
        await world.ana.drop(CHANNEL, "news.jsonl", rows(13), thread_ts=root["ts"])
        await world.end(2)
        assert world.bot.lives == 4
        await world.assert_told_once()
        assert sorted("version 2" in text for text in world.replies(root)) == [False, True]
        async with world.store.begin() as tx:
            (dataset,) = await tx.datasets.list("T0SANDBOX1")
        assert [version.report.rows for version in dataset.versions] == [12, 13]


async def test_a_kill_while_findings_are_told_leaves_one_answer(tmp_path: Path, nursery: Nursery) -> None:
    bad = b'{"messages": [{"role": "user", "content": "%s"}]}\n' % (b"x y " * 150)
    chain = [Trap("after", POST, "Checking"), Trap("before", "chat.update"), Trap("after", "chat.update")]
    async with open_world(tmp_path, nursery, *chain) as world:
        await world.drop("bad.jsonl", bad * 9_000)
        await world.end()
        assert world.bot.lives == 4
        card, findings = sorted(world.posted(), key=lambda message: not message["metadata"])
        assert not findings["metadata"]
        assert "can't be used for training yet" in card["text"]
        assert "in 9,000 rows" in card["text"]


async def test_kills_while_it_starts_leave_a_bot_that_starts(tmp_path: Path, nursery: Nursery) -> None:
    at_the_wire = [
        Trap(when, what) for what in ("auth.test", "apps.connections.open") for when in ("before", "after")
    ]
    async with open_world(tmp_path, nursery, *at_the_wire, alive=False) as world:
        database = tmp_path / "data" / "ft-bot.db"
        for size in (0, 1, 4096, 40_000):
            world.bot.start()
            await world.see(lambda size=size: database.exists() and database.stat().st_size >= size)
            world.bot.kill()
        keeper = asyncio.create_task(world.keep_alive())
        try:
            dropped = await world.drop()
            await world.end()
            await assert_kept_once(world, dropped)
        finally:
            keeper.cancel()


def checker_of(world: World) -> int | None:
    """The process that checks the bot's file."""
    for children in Path(f"/proc/{world.bot.pid}/task").glob("*/children"):
        for pid in children.read_text().split():
            if b"tuning.datasets" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    return None


async def assert_kept_once(world: World, dropped: Message) -> None:
    await world.assert_told_once()
    (card,) = world.posted()
    assert card["thread_ts"] == dropped["ts"]
    assert "Kept as `news`" in card["text"]
    async with world.store.begin() as tx:
        (dataset,) = await tx.datasets.list("T0SANDBOX1")
    assert len(dataset.versions) == 1
    files = world.bot.folder / "data" / "files"
    assert [path.name for path in files.glob("??/*")] == [dataset.latest.sha256]
    assert [path for path in files.glob("temporary/*/*") if path.is_file()] == []
