"""Strangers, and hostile or odd files and words: nobody is called, nothing leaks, no layout breaks."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.logs import SafeFormatter
from sandbox.workspace import files as sandbox_files
from tests.fakes.props import (
    Stranger,
    assert_harmless,
    put_dataset,
    put_job,
    put_model,
    reply,
    shown,
    stranger,
)
from tests.fakes.stage import CHANNEL, Message, Stage, rows

MODEL = "ft:gpt-4o-mini-2024-07-18:acme:news:abc123"
HOSTILE = "x`*_~<!channel> <@U0BEN00001> @here https://evil.example [a](http://b.example) \u202egpj.exe"


@pytest.fixture
async def eve(stage: Stage) -> AsyncIterator[Stranger]:
    async with stranger(stage) as one:
        yield one


async def test_another_workspace_sees_asks_and_changes_nothing_of_ours(stage: Stage, eve: Stranger) -> None:
    dataset = await put_dataset(stage, "ours")
    await put_model(stage, MODEL)
    job = await put_job(stage, backend_id="ftjob-ours", model=MODEL)
    for name, text, words in [
        ("/ft", "datasets", "No datasets yet"),
        ("/ft", "models", "No models yet"),
        ("/ft", "jobs", "No jobs yet"),
        ("/ft", "job ftjob-ours", "There is no job"),
        ("/ft", f"events {job.id}", "There is no job"),
        ("/ft", "cancel ftjob-ours", "There is no job"),
        ("/ft", f"delete {MODEL}", "There is no model"),
        ("/ft", "train ours", "There is no dataset"),
        ("/ft", f"train ours base={MODEL}", "There is no model"),
        ("/ask", f"{MODEL} Who won?", "There is no model"),
        ("/ask", "", "No model is ready yet"),
    ]:
        assert words in shown(await eve.command(name, text)), (name, text)
    for action, value, words in [
        ("show_job", job.id, "There is no job"),
        ("job_events", job.id, "There is no job"),
        ("cancel_job_yes", job.id, "There is no job"),
        ("delete_model_yes", MODEL, "There is no model"),
        ("ask_model", MODEL, "There is no model"),
        ("train_dataset", dataset.id, "isn't here any more"),
        ("more_datasets", "0", "No datasets yet"),
        ("more_models", "0", "No models yet"),
        ("more_jobs", "0", "No jobs yet"),
    ]:
        assert words in shown(await eve.press(action, value)), (action, value)
    opened = {"type": "app_home_opened", "user": eve.user, "channel": "D0OTHER001", "tab": "home"}
    event = {"type": "event_callback", "team_id": eve.team, "event_id": "Ev0OTHER01", "event": opened}
    assert (await eve.send(event)).status == 200

    async def published() -> list[Any]:
        return await stage.control.exchanges("call", "views.publish")

    (home,) = await stage.seen(published)
    assert "No models yet" in str(home["payload"])
    assert MODEL not in str(home["payload"])
    assert await eve.suggest("dataset") == []
    bases = await eve.suggest("base")
    assert MODEL not in str(bases)
    errors = await eve.submit({"dataset": dataset.id, "base": MODEL, "validation": dataset.id})
    assert "There is no dataset" in errors["dataset"]
    assert "There is no model" in errors["base"]
    assert stage.backend.count("POST /chat/completions") == 0
    assert MODEL in stage.backend.models
    answers = "".join(shown(answer) for answer in eve.answers)
    assert "ftjob-ours" not in answers.replace("There is no job ftjob-ours in this workspace", "")


async def test_a_guest_of_another_company_in_a_shared_channel_gets_nothing_of_ours(
    stage: Stage, eve: Stranger
) -> None:
    """In a channel that two companies share, Slack names our team, and the person's own beside it."""
    await put_model(stage, MODEL)
    job = await put_job(stage, backend_id="ftjob-ours")
    ours = {"team": {"id": "T0SANDBOX1", "domain": "sandbox"}}
    note = await eve.press("show_job", job.id, **ours)
    assert "There is no job" in shown(note)
    note = await eve.press("delete_model_yes", MODEL, **ours)
    assert "There is no model" in shown(note)
    assert MODEL in stage.backend.models
    shared = {
        "type": "event_callback",
        "team_id": "T0SANDBOX1",
        "event_id": "Ev0SHARED1",
        "is_ext_shared_channel": True,
        "event": {
            "type": "message",
            "subtype": "file_share",
            "user": eve.user,
            "user_team": eve.team,
            "channel": "C0FINETUNE",
            "ts": "1.1",
            "files": [{"id": "F0THEIRS01"}],
        },
    }
    assert (await eve.send(shared)).status == 200
    async with stage.bot.store.begin() as tx:
        assert await tx.drops.unfinished() == []


async def test_hostile_text_of_files_people_and_models_stays_text(stage: Stage) -> None:
    evil = json.dumps(
        {
            "messages": [{"role": "user", "content": HOSTILE}, {"role": HOSTILE, "content": HOSTILE}],
            HOSTILE: 1,
        }
    )
    dropped = await stage.ana.drop(CHANNEL, f"{HOSTILE.replace('/', '')}.jsonl", rows(3) + evil.encode())
    (report, *_) = await stage.replies(dropped)
    assert "can't be used for training yet" in report["text"]
    assert_harmless(report)
    fine = rows(12, label=HOSTILE.replace('"', "").replace("\\", ""))
    dropped = await stage.ana.drop(CHANNEL, "<!here> `news` *x*.jsonl", fine)
    (kept, *more) = await stage.replies(dropped)
    assert "Kept as `here-news-x`" in kept["text"]
    for message in (kept, *more):
        assert_harmless(message)
    await put_model(stage, MODEL)
    stage.backend.answer = HOSTILE + " xoxb-123456789-abc sk-live0123456789abcdef"
    for streams in (True, False):
        if not streams:
            await stage.control.fault("chat.startStream", "error", error="unknown_method", times=9)
        before = len([m for m in await stage.control.channel(CHANNEL) if m.get("bot_id")])
        await stage.ben.command(CHANNEL, "/ask", f"{MODEL} {HOSTILE} sk-live0123456789abcdef\n> hm")
        question = (await stage.roots(before + 1))[-1]
        assert_harmless(question)
        (answer,) = await _answered(stage, question)
        assert_harmless(answer)
        assert "gpj.exe" in shown(answer)


async def _answered(stage: Stage, question: Message) -> list[Message]:
    async def look() -> list[Message] | None:
        thread = await stage.control.thread(CHANNEL, question["ts"])
        return thread[1:] if len(thread) > 1 and "asked by" in shown(thread[-1]) else None

    found: list[Message] = await stage.seen(look)
    return found


async def test_files_that_are_no_datasets_are_answered_in_words_or_left_alone(stage: Stage) -> None:
    silent = [("photo.png", b"\x89PNG\r\n"), ("notes.txt", b"hello, world\n"), ("report.pdf", b"%PDF-1.7")]
    dropped = {name: await stage.ana.drop(CHANNEL, name, data) for name, data in silent}
    for name, data, words in [
        ("table.csv", b"question,answer\nWho?,Me\n", "isn't JSONL"),
        ("empty.jsonl", b"\n", "can't be used for training yet"),
        ("blank.jsonl", b"\n\n   \n", "can't be used for training yet"),
        ("array.json", b'[{"messages": []}]', "isn't JSONL"),
        ("binary.jsonl", bytes(range(256)), "can't be used for training yet"),
    ]:
        (answer, *_) = await stage.replies(await stage.ana.drop(CHANNEL, name, data))
        assert words in answer["text"], (name, answer["text"])
        assert "What to do" in answer["text"] or "convert_file" in str(answer["blocks"])
        assert "train_dataset" not in str(answer["blocks"])
        assert_harmless(answer)
    for message in dropped.values():
        assert len(await stage.control.thread(CHANNEL, message["ts"])) == 1


async def test_the_same_bytes_are_kept_once_and_files_of_one_name_apart(stage: Stage) -> None:
    await stage.dataset("news.jsonl", rows(12, "Sports"))
    again = await stage.ben.drop(CHANNEL, "copy.jsonl", rows(12, "Sports"))
    (known,) = await stage.replies(again)
    assert "already here as `news`" in known["text"]
    assert "owned by <@U0ANA00001>" in known["text"]
    assert "train_dataset" in str(known["blocks"])
    other = await stage.ben.drop(CHANNEL, "news.jsonl", rows(12, "World"))
    (card,) = await stage.replies(other)
    assert "`news-2`" in card["text"]
    listed = await reply(stage.ana, "/ft datasets")
    assert "2 datasets" in listed["text"]
    await stage.ana.press(known, "train_dataset")
    modal = await stage.ana.modal("train")
    assert "'text': 'news@1'" in str(modal["blocks"])


async def test_a_file_that_says_it_is_huge_is_refused_before_it_is_fetched(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = sandbox_files.received

    def huge(ws: Any, file: Any, size: int) -> Any:
        done = replace(received(ws, file, size), size=9 * 1024**3)
        ws.files.put(done)
        return done

    monkeypatch.setattr(sandbox_files, "received", huge)
    dropped = await stage.ana.drop(CHANNEL, "huge.jsonl", rows())
    (answer,) = await stage.replies(dropped)
    assert "9.7 GB; a training file may have 8.6 GB" in answer["text"]
    assert "Split it, or train on a sample" in answer["text"]
    assert not [e for e in await stage.control.exchanges("call", "download") if e["ok"]]


async def test_log_lines_can_neither_be_forged_nor_hold_a_secret(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = stage.settings.secrets
    forged = (
        f"x\n{datetime.now(UTC):%Y-%m-%d %H:%M:%S} ERROR bot: forged \x1b[2J {secrets[0]} sk-live0123456789"
    )
    await reply(stage.ana, f"/ft job {forged}")
    await reply(stage.ana, f"/ft train {forged}")
    await reply(stage.ana, f"/ask {forged}")
    lines = [SafeFormatter(secrets).format(record) for record in caplog.records if not record.exc_info]
    assert lines
    for line in lines:
        assert "\n" not in line
        assert "\x1b" not in line
        assert not any(secret in line for secret in secrets)
        assert "sk-live0123456789" not in line
