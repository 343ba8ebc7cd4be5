"""All findings of a bad file come as a CSV file into its thread, once, also after a kill or a lost answer."""

from __future__ import annotations

import csv
import io
import logging
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from tests.fakes.stage import CHANNEL, Message, Stage, rows
from tuning.records import Update, UpdateState

#: Six rows with one error each: the card shows three. The key would begin a formula.
ROW = b'{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "-cmd": %d}\n'
BAD = rows(6) + b"".join(ROW % number for number in range(6))


async def csv_message(stage: Stage, root: Message) -> Message:
    async def look() -> Message | None:
        found = await files_in(stage, root)
        return found[0] if found else None

    message: Message = await stage.seen(look)
    return message


async def files_in(stage: Stage, root: Message) -> list[Message]:
    return [m for m in (await stage.control.thread(CHANNEL, root["ts"]))[1:] if m.get("files")]


async def owed(stage: Stage, root: Message) -> Update:
    """The update that owes the file."""
    (drop,) = [d for d in await drops(stage) if d.thread_ts == root["ts"]]
    async with stage.bot.store.begin() as tx:
        update = await tx.updates.card("findings_file", drop.id)
    assert update
    return update


async def drops(stage: Stage) -> Any:
    async with stage.bot.store.begin() as tx:
        root = (await stage.control.channel(CHANNEL))[0]
        return await tx.drops.in_thread("T0SANDBOX1", "C0FINETUNE", root["ts"])


async def test_every_finding_is_in_the_file_and_no_cell_is_a_formula(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "bad.jsonl", BAD)
    message = await csv_message(stage, root)
    (file,) = message["files"]
    assert file["name"].startswith("bad-findings-")
    assert "findings of `bad.jsonl`" in message["text"]
    headers = {"Authorization": f"Bearer {stage.sandbox.credentials.bot_token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(file["url_private"]) as got:
        table = list(csv.DictReader(io.StringIO((await got.read()).decode())))
    errors = [line for line in table if line["severity"] == "error"]
    assert [line["row"] for line in errors] == ["7", "8", "9", "10", "11", "12"]
    assert {line["path"] for line in errors} == {"'-cmd"}
    assert all(cell[:1] not in "=+-@" for line in table for cell in line.values() if cell)
    await stage.settle()
    assert len(await files_in(stage, root)) == 1
    assert len(await stage.replies(root)) == 2


async def test_a_card_that_shows_everything_is_followed_by_no_file(stage: Stage) -> None:
    one_bad = rows(12) + b'{"messages": []}\n'
    root = await stage.ana.drop(CHANNEL, "bad.jsonl", one_bad)
    await stage.replies(root)
    await stage.settle()
    assert await files_in(stage, root) == []


async def test_a_file_whose_fate_is_unknown_is_looked_up_before_it_is_sent_again(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "bad.jsonl", BAD)
    await csv_message(stage, root)
    update = await owed(stage, root)
    async with stage.bot.store.begin() as tx:
        # as a kill between the upload and its note in the outbox leaves it
        await tx.updates.save(replace(update, state=UpdateState.sending))
    await stage.settle()
    assert len(await files_in(stage, root)) == 1
    assert (await owed(stage, root)).state is UpdateState.sent


async def test_an_answer_that_was_lost_on_the_way_makes_no_second_file(stage: Stage) -> None:
    await stage.control.fault("files.completeUploadExternal", "drop_after")
    root = await stage.ana.drop(CHANNEL, "bad.jsonl", BAD)
    await csv_message(stage, root)

    async def settled() -> bool:
        return (await owed(stage, root)).state is UpdateState.sent

    await stage.seen(settled)
    assert len(await files_in(stage, root)) == 1


async def test_without_the_scope_there_is_a_line_in_the_log_and_all_else_goes_on(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.control.fault("files.getUploadURLExternal", "error", error="missing_scope")
    with caplog.at_level(logging.ERROR):
        root = await stage.ana.drop(CHANNEL, "bad.jsonl", BAD)
        (card,) = await stage.replies(root)

        async def given_up() -> bool:
            return (await owed(stage, root)).state is UpdateState.dead

        await stage.seen(given_up)
    assert "files:write" in caplog.text
    assert "row 7" in card["text"]
    assert "Kept as" in (await stage.dataset("fine.jsonl"))["text"]
