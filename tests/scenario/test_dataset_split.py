"""`/ft split`: three datasets of one, the same ones each time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.stage import CHANNEL, Stage, rows
from tuning.records import Dataset, Person, SplitAsked
from tuning.splitting import SplitRequest

ANA = Person("T0SANDBOX1", "U0ANA00001")
NAMES = ("news-train", "news-validation", "news-heldout")


async def test_a_dataset_is_split_into_three_and_again_into_the_same(stage: Stage) -> None:
    await stage.dataset(data=rows(15) + rows(30, "World")[len(rows(15, "World")) :])
    await stage.ben.command(CHANNEL, "/ft", "split news")
    assert "Only its owner or an administrator may split" in (await stage.note(stage.ben))["text"]
    await stage.ana.command(CHANNEL, "/ft", "split news validation=20 heldout=ten colour=red")
    wrong = (await stage.note(stage.ana))["text"]
    assert "from 0 to 99" in wrong
    assert "colour" in wrong
    await stage.admin.command(CHANNEL, "/ft", "split news validation=20% heldout=10 seed=7")
    told = (await stage.note(stage.admin, "is split"))["text"]
    assert all(name in told for name in NAMES)
    library = stage.bot.services.library
    parts = [await library.find(ANA, name) for name in NAMES]
    assert [part.latest.report.rows for part in parts] == [21, 6, 3]
    assert {part.owner for part in parts} == {ANA.user}
    lines = [library.files.path(part.latest.sha256).read_text().splitlines() for part in parts]
    assert len({line for some in lines for line in some}) == 30
    await stage.ana.command(CHANNEL, "/ft", "split news validation=20 heldout=10 seed=7")
    again = (await stage.note(stage.ana, "is split"))["text"]
    assert all(name in again for name in NAMES)
    async with stage.bot.store.begin() as tx:
        assert sorted(await tx.datasets.names(ANA.workspace)) == sorted(("news", *NAMES))


async def test_a_part_too_small_to_train_on_is_offered_for_validation_only(stage: Stage) -> None:
    await stage.dataset(data=rows(15))
    await stage.ana.command(CHANNEL, "/ft", "split news")
    note = await stage.note(stage.ana, "is split")
    assert "`news-heldout`: 2 rows (13.3 %)" in note["text"]
    trains = [e["value"] for block in note["blocks"] for e in block.get("elements", ()) if "Train" in str(e)]
    library = stage.bot.services.library
    assert trains == [(await library.find(ANA, "news-train")).id]
    await stage.ana.command(CHANNEL, "/ft", "train news-heldout base=tiny-chat")
    assert "2 rows: training takes at least 10" in (await stage.note(stage.ana, "rows:"))["text"]
    assert not stage.backend.files


async def test_parts_whose_bytes_are_let_go_meanwhile_are_kept_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.dataset(data=rows(45))
    files = stage.bot.services.library.files
    keep, let_go = type(files).keep, []

    async def kept_and_lost(self: Any, temporary: Path, sha256: str) -> Path:
        path = await keep(self, temporary, sha256)
        if len(let_go) < 2:
            let_go.append(path)
            path.unlink()
        return path

    monkeypatch.setattr(type(files), "keep", kept_and_lost)
    await stage.ana.command(CHANNEL, "/ft", "split news")
    await stage.note(stage.ana, "is split")
    parts = [await stage.bot.services.library.find(ANA, name) for name in NAMES]
    assert len(let_go) == 2
    assert all(files.path(part.latest.sha256).exists() for part in parts)


async def test_a_dataset_too_small_to_split_is_refused_and_nothing_is_kept(stage: Stage) -> None:
    await stage.dataset(data=rows(11))
    await stage.ana.command(CHANNEL, "/ft", "split news validation=20 heldout=20")
    assert "left to train on" in (await stage.note(stage.ana))["text"]
    assert len(list(stage.bot.services.library.files.kept())) == 1


async def test_a_split_that_takes_long_says_so_first(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.commands.PATIENCE_SECONDS", 0.0)
    await stage.dataset(data=rows(15) + rows(30, "World")[len(rows(15, "World")) :])
    await stage.ana.command(CHANNEL, "/ft", "split news")
    await stage.note(stage.ana, "Splitting `news` …")
    await stage.note(stage.ana, "`news` is split (seed 0)")


class Stuck:
    """A splitter whose process is stopped before it is done."""

    async def split(self, person: Person, request: SplitRequest) -> list[Dataset]:
        await asyncio.sleep(60)
        return []


async def test_a_split_that_a_stop_interrupts_is_made_and_told_after_the_restart(stage: Stage) -> None:
    await stage.dataset(data=rows(45))
    splits = stage.bot.services.splits
    stopped = asyncio.create_task(replace(splits, splitter=Stuck()).split(ANA, SplitRequest("news")))
    await asyncio.sleep(0.1)
    await splits.resume()
    assert len(await left(stage)) == 1, "who is asked still works on it"
    stopped.cancel()
    await asyncio.wait({stopped})
    await splits.resume()
    assert not await left(stage)

    async def told() -> list[str]:
        return [
            m["text"] for m in await stage.ana.channel("@ft-bot") if "restarted while I split" in m["text"]
        ]

    (line,) = await stage.seen(told)
    assert all(name in line for name in NAMES)
    await splits.resume()
    await stage.settle()
    assert len(await told()) == 1


async def test_a_split_that_fails_after_the_restart_says_why(stage: Stage) -> None:
    splits = stage.bot.services.splits
    stopped = asyncio.create_task(replace(splits, splitter=Stuck()).split(ANA, SplitRequest("gone")))
    await asyncio.sleep(0.1)
    stopped.cancel()
    await asyncio.wait({stopped})
    await splits.resume()

    async def told() -> list[str]:
        return [m["text"] for m in await stage.ana.channel("@ft-bot") if "could not be split" in m["text"]]

    assert "There is no dataset gone here" in (await stage.seen(told))[0]


async def left(stage: Stage) -> Sequence[SplitAsked]:
    async with stage.bot.store.begin() as tx:
        return await tx.splits.all()
