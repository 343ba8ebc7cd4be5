"""A file that is too large for one request goes to the backend in parts, once, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backend_faces import Request
from tests.fakes.stage import CHANNEL, QUICK, Message, Stage, open_stage, rows
from tuning.sending import Limits
from views.numbers import size

DATA = rows(12)
PART = 400
SENT = -(-len(DATA) // PART)
BEGIN, PARTS, CANCEL = "POST /uploads", "POST /uploads/{id}/parts", "POST /uploads/{id}/cancel"
COMPLETE = "POST /uploads/{id}/complete"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, pace=replace(QUICK, limits=Limits(file=1000, part=PART))) as opened:
        await opened.dataset("news.jsonl", DATA)
        yield opened


async def job_is_there(stage: Stage) -> None:
    async def look() -> bool:
        return bool(stage.backend.jobs)

    await stage.seen(look)


async def card_with(stage: Stage, root: Message, *words: str) -> Message:
    async def look() -> Message | None:
        await stage.bot.courier.deliver_once()
        (card, *_) = await stage.control.thread(CHANNEL, root["ts"])
        return card if all(word in str(card) for word in words) else None

    found: Message = await stage.seen(look)
    return found


def assert_sent_once(stage: Stage) -> None:
    (file,) = stage.backend.files.values()
    assert stage.backend.contents[file["id"]] == DATA
    (job,) = stage.backend.jobs.values()
    assert job.request["training_file"] == file["id"]
    assert stage.backend.count("POST /files") == 0


class Gate:
    """Holds the nth request at a route until it is opened."""

    def __init__(self, stage: Stage, route: str, nth: int) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self.left = nth
        stage.backend.before[route] = self

    async def __call__(self, _: Request) -> None:
        self.left -= 1
        if self.left == 0:
            self.reached.set()
            await self.open.wait()


async def test_a_large_file_goes_in_parts_and_makes_one_file(stage: Stage) -> None:
    await stage.job()
    await job_is_there(stage)
    assert_sent_once(stage)
    assert (stage.backend.count(BEGIN), stage.backend.count(PARTS)) == (1, SENT)
    await stage.job("news suffix=again")

    async def both() -> bool:
        return len(stage.backend.jobs) == 2

    await stage.seen(both)
    assert (stage.backend.count(BEGIN), len(stage.backend.files)) == (1, 1)


@pytest.mark.parametrize(
    ("route", "fault", "begun", "parts"),
    [
        (PARTS, {"status": 503}, 1, SENT + 1),
        (PARTS, {"drop": "before"}, 1, SENT + 1),
        (PARTS, {"drop": "after"}, 1, SENT + 1),
        (PARTS, {"status": 429, "code": "rate_limit_exceeded"}, 1, SENT + 1),
        (BEGIN, {"drop": "after"}, 2, SENT),
        (COMPLETE, {"drop": "before"}, 1, SENT),
        (COMPLETE, {"drop": "after"}, 1, SENT),
        (COMPLETE, {"body": "<html>", "work_first": True}, 1, SENT),
    ],
    ids=str,
)
async def test_what_is_broken_off_goes_on_with_the_part_that_is_missing(
    stage: Stage, route: str, fault: dict[str, Any], begun: int, parts: int
) -> None:
    stage.backend.fail_next(route, **fault)
    await stage.job()
    await job_is_there(stage)
    assert_sent_once(stage)
    assert (stage.backend.count(BEGIN), stage.backend.count(PARTS)) == (begun, parts)


async def test_an_upload_that_is_over_at_the_backend_begins_anew(stage: Stage) -> None:
    async def expire(_: Request) -> None:
        if stage.backend.count(PARTS) == 2:
            stage.backend.expire_uploads()

    stage.backend.fail_next(BEGIN, status=503)
    stage.backend.after[PARTS] = expire
    stage.backend.fail_next(PARTS, drop="after")
    stage.backend.fail_next(PARTS, drop="after")
    await stage.job()
    await job_is_there(stage)
    assert_sent_once(stage)
    assert [upload.status for upload in stage.backend.uploads.values()] == ["expired", "completed"]


async def test_the_card_shows_how_much_is_sent_and_forgets_it_afterwards(stage: Stage) -> None:
    gate = Gate(stage, PARTS, 3)
    root = await stage.job()
    await asyncio.wait_for(gate.reached.wait(), 30)
    shown = await card_with(stage, root, f"of {size(len(DATA))} sent")
    assert "Uploading the file" in str(shown)
    gate.open.set()
    await job_is_there(stage)
    await stage.settle()
    (card, *_) = await stage.control.thread(CHANNEL, root["ts"])
    assert " sent" not in str(card)


async def test_a_cancel_breaks_the_sending_off_and_cancels_the_upload(stage: Stage) -> None:
    gate = Gate(stage, PARTS, 2)
    root = await stage.job()
    await asyncio.wait_for(gate.reached.wait(), 30)
    card = await card_with(stage, root, "Cancel")
    await stage.ana.press(card, "cancel_job")
    await card_with(stage, root, "Cancelled")
    gate.open.set()
    await stage.settle()
    (upload,) = stage.backend.uploads.values()
    assert upload.status == "cancelled"
    assert not stage.backend.files
    assert not stage.backend.jobs
    async with stage.bot.store.begin() as tx:
        assert not await tx.uploads.deleting()
    await stage.job("news suffix=again")
    await job_is_there(stage)
    assert_sent_once(stage)


async def test_another_job_that_needs_the_file_goes_on_with_the_parts_that_are_there(stage: Stage) -> None:
    gate = Gate(stage, PARTS, 2)
    first = await stage.job("news suffix=first")
    await asyncio.wait_for(gate.reached.wait(), 30)
    await stage.job("news suffix=second")
    card = await card_with(stage, first, "Cancel")
    await stage.ana.press(card, "cancel_job")
    await card_with(stage, first, "Cancelled")
    gate.open.set()
    await job_is_there(stage)
    assert_sent_once(stage)
    assert stage.backend.count(BEGIN) == 1


async def test_a_backend_without_parts_is_told_with_the_sizes(stage: Stage) -> None:
    stage.backend.fail_next(BEGIN, status=404)
    root = await stage.job()
    card = await card_with(stage, root, "Failed", "nothing in parts", "Split the dataset")
    assert "too_large_for_backend" in str(card)
    assert not stage.backend.files
