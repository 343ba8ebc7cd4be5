"""Validation data that stands in the training data is told before a job starts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.client import until
from tests.fakes.stage import CHANNEL, Stage, rows
from tuning.errors import FileUnreadable
from tuning.records import Overlap

LEAKED = "3 of 12 validation rows stand in"


async def two_datasets(stage: Stage, overlap: int) -> dict[str, Any]:
    """`news`, and `held` of which so many rows stand in it; the card of `news`."""
    card = await stage.dataset("news.jsonl", rows(20))
    other = rows(40).splitlines(keepends=True)[20 : 32 - overlap]
    await stage.dataset("held.jsonl", b"".join([*rows(20).splitlines(keepends=True)[:overlap], *other]))
    return card


async def filled_form(stage: Stage, card: dict[str, Any]) -> dict[str, Any]:
    await stage.ana.press(card, "train_dataset")
    form = await stage.ana.modal("train")
    (option,) = [one for one in await stage.ana.suggest(form, "validation") if one["text"]["text"] == "held"]
    return dict(await stage.ana.submit({"validation": option["value"]}))


async def form_with(stage: Stage, words: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        forms = await stage.ana.modals()
        return forms[-1] if forms and words in str(forms[-1]) else None

    return dict(await until(look, 30))


async def job_is_there(stage: Stage) -> None:
    async def look() -> bool:
        return bool(stage.backend.jobs)

    await stage.seen(look)


async def test_the_form_warns_before_the_start_and_starts_one_job_all_the_same(stage: Stage) -> None:
    card = await two_datasets(stage, 3)
    assert (await filled_form(stage, card))["ok"]
    warning = await form_with(stage, "Start anyway")
    assert f"{LEAKED} `news@1` too" in str(warning)
    assert "row 1" in str(warning)
    assert not stage.backend.jobs
    async with stage.bot.store.begin() as tx:
        assert not await tx.jobs.list("T0SANDBOX1")
    assert (await stage.ana.submit({}))["ok"]
    await job_is_there(stage)
    (root,) = await stage.roots()
    assert "3 of 12 validation rows stand in the training data too" in str(root["blocks"])
    assert len(stage.backend.files) == 2


async def test_what_is_chosen_in_the_form_is_compared_before_it_is_sent(stage: Stage) -> None:
    card = await two_datasets(stage, 3)
    await stage.ana.press(card, "train_dataset")
    form = await stage.ana.modal("train")
    (option,) = [one for one in await stage.ana.suggest(form, "validation") if one["text"]["text"] == "held"]
    await stage.ana.press(form, "validation", option, query="held")

    async def known() -> bool:
        async with stage.bot.store.begin() as tx:
            datasets = await tx.datasets.list("T0SANDBOX1")
            (held, news) = sorted(datasets, key=lambda one: one.name)
            pair = (news.latest.sha256, held.latest.sha256)
            return await tx.overlaps.get("T0SANDBOX1", *pair) is not None

    await until(known, 30)
    assert not stage.backend.jobs
    submitted = await stage.ana.submit({"validation": option["value"]})
    assert LEAKED in str(submitted)


async def test_a_command_asks_first_and_a_button_starts(stage: Stage) -> None:
    await two_datasets(stage, 3)
    await stage.ana.command(CHANNEL, "/ft", "train news validation=held suffix=leaky")
    question = await stage.note(stage.ana, LEAKED)
    assert not stage.backend.jobs
    await stage.ana.press(question, "train_anyway")
    await job_is_there(stage)
    (job,) = stage.backend.jobs.values()
    assert job.request["suffix"] == "leaky"


async def test_clean_validation_data_starts_at_once_and_is_looked_at_once(stage: Stage) -> None:
    await two_datasets(stage, 0)
    await stage.ana.command(CHANNEL, "/ft", "train news validation=held")
    await job_is_there(stage)
    asked = 0
    overlaps = stage.bot.services.overlaps

    class Counting:
        async def find(self, training: Path, validation: Path) -> Overlap:
            nonlocal asked
            asked += 1
            return await overlaps.leaks.find(training, validation)

    object.__setattr__(stage.bot.services, "overlaps", replace(overlaps, leaks=Counting()))
    await stage.ana.command(CHANNEL, "/ft", "train news validation=held suffix=again")

    async def both() -> bool:
        return len(stage.backend.jobs) == 2

    await stage.seen(both)
    assert asked == 0


class Slow:
    """Finds leaks when it is told to."""

    def __init__(self, found: Overlap | None) -> None:
        self.found, self.go = found, asyncio.Event()

    async def find(self, training: Path, validation: Path) -> Overlap:
        await self.go.wait()
        if self.found is None:
            raise FileUnreadable("no")
        return self.found


def slow(stage: Stage, found: Overlap | None) -> Slow:
    one = Slow(found)
    overlaps = replace(stage.bot.services.overlaps, leaks=one, _looking={})
    object.__setattr__(stage.bot.services, "overlaps", overlaps)
    return one


async def test_a_form_is_answered_in_time_and_goes_on_by_itself(stage: Stage) -> None:
    looking = slow(stage, Overlap(12, 2, ((1, "The same row is row 4"),)))
    card = await two_datasets(stage, 0)
    assert (await filled_form(stage, card))["ok"]
    await form_with(stage, "Looking whether rows")
    assert not stage.backend.jobs
    looking.go.set()
    warning = await form_with(stage, "Start anyway")
    assert "2 of 12 validation rows stand in" in str(warning)


async def test_what_can_not_be_compared_keeps_nobody_from_training(stage: Stage) -> None:
    looking = slow(stage, None)
    card = await two_datasets(stage, 0)
    assert (await filled_form(stage, card))["ok"]
    await form_with(stage, "Looking whether rows")
    looking.go.set()
    await job_is_there(stage)
