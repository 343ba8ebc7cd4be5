"""A bot that is killed with -9 while a dropped file is redacted, converted or mended, a dataset split or
deleted, or a file sent: one outcome, told once, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import until
from tests.fakes.kill_world import Message, Trap, World, open_world
from tests.fakes.killed_bot import Nursery, kill
from tests.fakes.stage import CHANNEL, rows
from tuning.records import Dataset

pytestmark = pytest.mark.slow

EDIT, POST, LOOK = "chat.update", "chat.postMessage", "conversations.replies"
URL, COMPLETE = "files.getUploadURLExternal", "files.completeUploadExternal"
DELETE_FILE = "DELETE /files/{id}"
#: Split, so that no scanner takes this file for one that leaks.
MAIL = "mia.wong" + "@acme-mail.com"
LEAKY = rows(11) + rows(1).replace(b"headline", f"write to {MAIL} of".encode())
TABLE = b"question,answer\n" + b"".join(b"what is %d?,the number %d\n" % (n, n) for n in range(12))
NO_ANSWER = b'{"messages": [{"role": "user", "content": "unanswered"}]}\n'
#: From the first edit, which says that it is being checked, to the last one.
TOLD = [Trap("before", EDIT), Trap("after", EDIT, "Checking"), Trap("before", EDIT, "Kept as")]
TOLD_LATE = [Trap("after", EDIT, "Kept as")]


async def dropped(world: World, name: str, data: bytes) -> Message:
    """The card of a file that can't be kept as it is."""
    await world.drop(name, data)
    return await world.see(lambda: next(iter(world.posted()), None), "the card")


async def reborn(world: World, lives: int) -> None:
    """Until the bot lives for the `lives`-th time and hears what people do."""
    await world.see(lambda: world.bot.lives == lives and world.bot.alive, "the next life")
    await world.control.connected(45)


async def opened(world: World, card: Message, action: str, form: str) -> None:
    """Press a button until its form is there: a bot that was just killed may not have heard it."""
    for _ in range(10):
        await world.press(card, action)
        with contextlib.suppress(TimeoutError):
            await world.ana.modal(form, seconds=5)
            return
    raise AssertionError(f"{action} opens nothing; the bot's log:\n{world.bot.log()[-3000:]}")


async def the_dataset(world: World) -> Dataset:
    """The only dataset; with its bytes and those it was made of nothing else lies on the disk."""
    async with world.store.begin() as tx:
        (dataset,) = await tx.datasets.list("T0SANDBOX1")
    (version,) = dataset.versions
    source = version.source.sha256 if version.source else ""
    await world.see(lambda: on_disk(world) == {version.sha256, source} - {""}, "a tidy disk")
    return dataset


def on_disk(world: World) -> set[str]:
    files = world.bot.folder / "data" / "files"
    making = {path.name for path in files.glob("temporary/*/*") if path.is_file()}
    return {path.name for path in files.glob("??/*")} | making


def text_of(world: World, sha256: str) -> bytes:
    return (world.bot.folder / "data" / "files" / sha256[:2] / sha256).read_bytes()


def cards(world: World) -> list[str]:
    """What stands in the channel, without files."""
    return [message["text"] for message in world.posted() if message["metadata"]]


@pytest.mark.parametrize("chain", [TOLD, TOLD_LATE], ids=["before", "after"])
async def test_a_redaction_is_done_once_and_its_original_is_gone(
    chain: list[Trap], tmp_path: Path, nursery: Nursery
) -> None:
    async with open_world(tmp_path, nursery) as world:
        card = await dropped(world, "leaky.jsonl", LEAKY)
        world.traps = list(chain)
        await world.press(card, "redact_file")
        await world.end()
        assert world.bot.lives == len(chain) + 1
        (text,) = cards(world)
        assert "Kept as `leaky`" in text
        dataset = await the_dataset(world)
        assert MAIL.encode() not in text_of(world, dataset.latest.sha256)
        assert dataset.latest.source
        assert dataset.latest.source.sha256 == ""


async def test_a_form_that_a_kill_kept_from_opening_is_opened_again_and_the_table_converted_once(
    tmp_path: Path, nursery: Nursery
) -> None:
    async with open_world(tmp_path, nursery) as world:
        card = await dropped(world, "faq.csv", TABLE)
        for when in ("before", "after"):
            world.traps = [Trap(when, "views.open")]
            await world.press(card, "convert_file")
            await reborn(world, 2 if when == "before" else 3)
        if not await world.ana.modals():
            await opened(world, card, "convert_file", "convert_file")
        world.traps = list(TOLD)
        assert (await world.ana.submit({}))["ok"]
        await world.end()
        assert world.bot.lives == len(TOLD) + 3
        (text,) = cards(world)
        assert "Kept as `faq`" in text
        dataset = await the_dataset(world)
        assert dataset.latest.report.rows == 12
        assert dataset.latest.source
        assert text_of(world, dataset.latest.source.sha256) == TABLE


async def test_a_kill_while_a_file_is_worked_on_loses_no_wish_and_no_edit(
    tmp_path: Path, nursery: Nursery
) -> None:
    async with open_world(tmp_path, nursery) as world:
        card = await dropped(world, "bad.jsonl", rows(10) + NO_ANSWER + rows(3, "World"))
        await world.press(card, "fix_rows")
        form = await world.ana.modal("fix_row")
        world.traps = [Trap("after", "views.update")]
        await world.press(form, "fix_drop")
        await reborn(world, 2)
        await world.ana.close(whole_stack=True)
        await opened(world, card, "fix_rows", "fix_done")
        assert (await world.ana.submit())["ok"]
        checker = await world.see(lambda: child_of(world, b"tuning.datasets"), "the check")
        world.bot.kill()
        await world.end()
        kill(checker)
        (text,) = cards(world)
        assert "Kept as `bad`" in text
        dataset = await the_dataset(world)
        assert dataset.latest.report.rows == 13
        assert dataset.latest.source
        assert dataset.latest.source.diff
        assert dataset.latest.source.diff.removed == 1


async def test_a_split_that_a_kill_broke_off_leaves_nothing_and_is_asked_for_again(
    tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, data=dataset) as world:
        await world.drop("more.jsonl", rows(40))
        await world.end(1)
        for _ in range(2):
            worker = await asked(world, "split more seed=3", lambda: child_of(world, b"tuning.datasets"))
            world.bot.kill()
            kill(worker)
            async with world.store.begin() as tx:
                assert sorted(await tx.datasets.names("T0SANDBOX1")) == ["more", "news"]
        await asked(world, "split more seed=3", lambda: note(world, "is split"))
        async with world.store.begin() as tx:
            kept = await tx.datasets.list("T0SANDBOX1")
        assert len(kept) == 5
        named = {one.latest.sha256 for one in kept}
        await world.see(lambda: on_disk(world) == named, "a tidy disk")


@pytest.mark.parametrize(
    "trap",
    [Trap(when, *where) for where in ((POST, "deleted the"), (DELETE_FILE,)) for when in ("before", "after")],
    ids=str,
)
async def test_a_dataset_is_deleted_and_told_once_here_and_at_the_backend(
    trap: Trap, tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, data=dataset) as world:
        await world.train()
        await world.end(5)
        assert world.backend.files
        await world.ana.command(CHANNEL, "/ft", "dataset news")
        page = await world.see(lambda: note(world, "news@1"), "the page")
        world.traps = [trap]
        await world.press(page, "delete_dataset")
        await world.end(6)
        assert world.bot.lives == 2
        assert not world.backend.files
        assert not on_disk(world)
        assert sum("deleted the dataset `news`" in text for text in cards(world)) == 1
        async with world.store.begin() as tx:
            assert await tx.datasets.names("T0SANDBOX1") == []


FILES = [Trap("before", URL), Trap("after", URL), Trap("before", COMPLETE)]
FILES_LATE = [Trap("after", COMPLETE), Trap("before", LOOK), Trap("after", LOOK)]


@pytest.mark.parametrize("chain", [FILES, FILES_LATE], ids=["before", "after"])
async def test_the_file_of_findings_comes_once(chain: list[Trap], tmp_path: Path, nursery: Nursery) -> None:
    async with open_world(tmp_path, nursery, *chain) as world:
        await world.drop("bad.jsonl", rows(8) + NO_ANSWER * 6)
        await world.end(2)
        assert world.bot.lives == len(chain) + 1
        (name,) = sent_files(world)
        assert name.startswith("bad-findings-")


@pytest.mark.parametrize(
    "chain",
    [
        [Trap("before", POST), Trap("before", COMPLETE)],
        [Trap("after", POST), Trap("after", COMPLETE), Trap("before", LOOK)],
    ],
    ids=["before", "after"],
)
async def test_rows_that_are_asked_for_come_once(
    chain: list[Trap], tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, data=dataset) as world:
        await world.control.connected(45)
        await world.ana.command(CHANNEL, "/ft", "dataset news")
        page = await world.see(lambda: note(world, "news@1"), "the page")
        world.traps = list(chain)
        await world.press(page, "send_rows")
        await world.end(2)
        (name,) = sent_files(world)
        assert name.startswith("news-v1-")
        assert len(cards(world)) == 1


async def asked(world: World, line: str, look: Callable[[], Any]) -> Any:
    """What `look` finds once `/ft LINE` is typed: again, when a bot that was just killed never heard it."""

    async def found() -> Any:
        one = look()
        return await one if asyncio.iscoroutine(one) else one

    for _ in range(10):
        await world.control.connected(45)
        await world.ana.command(CHANNEL, "/ft", line)
        with contextlib.suppress(TimeoutError):
            return await until(found, 5, 0.02)
    raise AssertionError(f"/ft {line} does nothing; the bot's log:\n{world.bot.log()[-3000:]}")


def sent_files(world: World) -> list[str]:
    """The names of the files that the bot shared."""
    workspace = world.sandbox.workspace
    mine = [message for message in workspace.messages.values() if message.app_id]
    return [workspace.files.get(one).name for message in mine for one in message.files]


def child_of(world: World, words: bytes) -> int | None:
    """A process that works for the bot, whose command holds these words."""
    for children in Path(f"/proc/{world.bot.pid}/task").glob("*/children"):
        for pid in children.read_text().split():
            if words in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    return None


async def note(world: World, containing: str) -> Any:
    return next((one for one in await world.ana.notes() if containing in one["text"]), None)
