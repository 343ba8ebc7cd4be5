"""A check that takes long tells what it found so far, and ends early when the right person says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.client import Person
from tests.fakes.stage import CHANNEL, Message, Stage, rows
from tuning.datasets import check_file
from tuning.datasets.progress import Progress
from tuning.datasets.report import Report
from tuning.datasets.table import findings_file
from tuning.ports import CheckListener

BAD = b'{"messages": [{"role": "user", "content": "x"}]}\n'
#: Beyond the first stretch of a check, so that something is told.
LARGE = BAD * 3 + rows(20_000)


class Held:
    """The real check, which stands still after its first stretch until somebody stops it."""

    async def check(
        self,
        path: Path,
        *,
        base: str | None = None,
        findings: Path | None = None,
        progress: CheckListener | None = None,
    ) -> Report:
        assert progress
        seen: list[Progress] = []

        def listen(so_far: Progress) -> bool:
            seen.append(so_far)
            return True

        with findings_file(findings) as sink:
            report = await asyncio.to_thread(check_file, path, sink=sink, progress=listen, processes=1)
        while not await progress(seen[0]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return report


def hold(stage: Stage) -> None:
    drops = stage.bot.services.drops
    held = replace(drops, checks=replace(drops.checks, checker=Held()))
    object.__setattr__(stage.bot.services, "drops", held)
    stage.bot.schedule.drops = held


def let_go(stage: Stage, drops: object) -> None:
    object.__setattr__(stage.bot.services, "drops", drops)


async def card_with(stage: Stage, root: Message, *words: str) -> Message:
    async def look() -> Message | None:
        thread = await stage.control.thread(CHANNEL, root["ts"])
        return thread[1] if len(thread) > 1 and all(word in str(thread[1]) for word in words) else None

    found: Message = await stage.seen(look)
    return found


async def test_the_first_findings_are_shown_while_the_check_goes_on(stage: Stage) -> None:
    hold(stage)
    root = await stage.ana.drop(CHANNEL, "big.jsonl", LARGE)
    card = await card_with(stage, root, "Checking `big.jsonl`", "So far: 3 errors", "rows checked")
    assert "*row 1*" in str(card["blocks"])
    assert "stop_check" in str(card["blocks"])
    await stage.ana.press(card, "stop_check")
    await card_with(stage, root, "stopped the check")


@pytest.mark.parametrize("name", ["ana", "admin"])
async def test_a_stopped_check_is_answered_with_what_was_found_and_can_be_done_again(
    stage: Stage, name: str
) -> None:
    real = stage.bot.services.drops
    hold(stage)
    person: Person = stage.control.person(name)
    root = await stage.ana.drop(CHANNEL, "big.jsonl", LARGE)
    checking = await card_with(stage, root, "So far")
    await stage.ben.press(checking, "stop_check")
    await stage.note(stage.ben, "Only its owner or an administrator may stop or repeat the check")
    await stage.settle()
    await card_with(stage, root, "So far")
    await person.press(checking, "stop_check")
    stopped = await card_with(stage, root, "stopped the check of `big.jsonl`", "3 errors")
    assert f"<@{'U0ANA00001' if name == 'ana' else 'U0ADMIN001'}>" in stopped["text"]
    assert "check_again" in str(stopped["blocks"])
    assert "isn't kept as a dataset" in str(stopped["blocks"])
    async with stage.bot.store.begin() as tx:
        assert not await tx.datasets.list("T0SANDBOX1")
        assert not await tx.drops.unfinished()
    let_go(stage, real)
    await person.press(stopped, "check_again")
    whole = await card_with(stage, root, "can't be used for training yet", "in 20,003 rows")
    assert "check_again" not in str(whole["blocks"])
