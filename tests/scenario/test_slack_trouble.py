"""A Slack that refuses, stalls, repeats itself and loses answers: nothing is lost or told twice."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Never

import pytest

from storage import SqlStore
from storage.errors import DatabaseError
from tests.fakes.props import ANA, put_dataset, put_model, shown
from tests.fakes.stage import CHANNEL, Message, Stage, rows

MODEL = "ft:gpt-4o-mini-2024-07-18:acme:news:abc123"
HERE = {"channel": "C0FINETUNE"}
POST, UPDATE = "chat.postMessage", "chat.update"


def hurry(stage: Stage) -> None:
    """For the courier ten minutes pass."""
    ahead = stage.bot.courier.now() - datetime.now(UTC) + timedelta(minutes=10)
    stage.bot.courier.now = lambda: datetime.now(UTC) + ahead


async def cards(stage: Stage) -> list[Message]:
    return [m for m in await stage.control.channel(CHANNEL) if m.get("bot_id")]


async def calls_after(stage: Stage, method: str, before: int) -> bool:
    return len(await stage.control.exchanges("call", method)) > before


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("ratelimited", {"retry_after": 30}),
        ("error", {"error": "internal_error"}),
        ("error", {"error": "brand_new_refusal"}),
        ("error", {"error": "invalid_blocks"}),
        ("error", {"error": "msg_too_long"}),
        ("status", {"status": 503}),
        ("not_json", {}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("error", {"error": "account_inactive"}),
    ],
)
async def test_a_job_card_reaches_its_channel_once_whatever_slack_answers_first(
    stage: Stage, kind: str, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await put_dataset(stage)
    await stage.control.fault(POST, kind, match=HERE, **how)
    await stage.ana.command(CHANNEL, "/ft", "train news suffix=x")

    async def stumbled() -> bool:
        return await calls_after(stage, POST, 0)

    await stage.seen(stumbled)
    hurry(stage)
    (card,) = await stage.roots()
    await stage.settle(2)
    assert len(await cards(stage)) == 1
    assert "news" in shown(card)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("bot")]
    assert any("update" in line or "workspace" in line for line in told)
    if how.get("error") in ("invalid_blocks", "msg_too_long"):
        assert "Cancel" not in str(card.get("blocks"))
    if how.get("error") == "account_inactive":
        assert any("ft-bot doctor" in line for line in told)


async def test_a_channel_that_cant_be_written_to_is_told_to_the_owner_directly(stage: Stage) -> None:
    await put_dataset(stage)
    for refusal in ("not_in_channel", "channel_not_found", "is_archived"):
        before = len(await stage.ana.channel("@ft-bot"))
        await stage.control.fault(POST, "error", error=refusal, match=HERE)
        await stage.ana.command(CHANNEL, "/ft", "train news suffix=x")

        async def direct(count: int = before) -> list[Message]:
            return (await stage.ana.channel("@ft-bot"))[count:]

        (card, *_) = await stage.seen(direct)
        assert "`/invite` me there" in shown(card)
        assert "<#C0FINETUNE>" in shown(card)
    stage.backend.fail(list(stage.backend.jobs)[-1], "unsafe_file", "No")

    async def ended() -> list[Message]:
        thread = await stage.control.thread(card["channel"], card["ts"], "ana")
        return [m for m in thread[1:] if "failed" in m["text"]]

    assert await stage.seen(ended)
    assert not await cards(stage)


async def test_a_card_that_somebody_deletes_doesnt_keep_the_end_of_its_job_back(stage: Stage) -> None:
    await put_dataset(stage)
    card = await stage.job()
    await stage.seen(stage._job_is_there)
    await stage.admin.delete(card)
    model = stage.backend.finish(stage.backend_job())

    async def told() -> list[Message]:
        return [m for m in await cards(stage) if model in m["text"] and "succeeded" in m["text"]]

    (end,) = await stage.seen(told)
    assert f"<@{ANA}>" in end["text"]


async def test_edits_that_fail_leave_the_card_right_at_the_end(stage: Stage) -> None:
    await put_dataset(stage)
    card = await stage.job()
    await stage.seen(stage._job_is_there)
    job_id = stage.backend_job()
    for kind, how in [
        ("ratelimited", {"retry_after": 60}),
        ("status", {"status": 500}),
        ("drop_after", {}),
        ("not_json", {}),
        ("error", {"error": "edit_window_closed"}),
    ]:
        calls = len(await stage.control.exchanges("call", UPDATE))
        await stage.control.fault(UPDATE, kind, **how)
        stage.backend.add_event(job_id, f"About to see {kind}")

        async def stumbled(before: int = calls) -> bool:
            return await calls_after(stage, UPDATE, before)

        await stage.seen(stumbled)
        hurry(stage)
        await stage.settle(2)
    stage.backend.finish(job_id)

    async def done() -> bool:
        (now,) = [m for m in await cards(stage) if m["ts"] == card["ts"]]
        return "Succeeded" in shown(now)

    assert await stage.seen(done)


@pytest.mark.parametrize(("refusal", "copies"), [("internal_error", 1), ("missing_scope", 2)])
async def test_a_message_of_unknown_fate_is_looked_for_until_slack_tells_or_may_never_tell(
    stage: Stage, caplog: pytest.LogCaptureFixture, refusal: str, copies: int
) -> None:
    """A bot that may post and never read tells it once more: better twice than not at all."""
    await put_dataset(stage)
    await stage.control.fault(POST, "drop_after", match=HERE)
    await stage.control.fault("conversations.history", "error", error=refusal, times=2)
    await stage.ana.command(CHANNEL, "/ft", "train news suffix=x")

    async def found() -> bool:
        hurry(stage)
        async with stage.bot.store.begin() as tx:
            started = await tx.jobs.list("T0SANDBOX1")
            card = await tx.updates.card("job_card", started[0].id) if started else None
        return bool(card and card.ts)

    await stage.seen(found)
    assert len(await cards(stage)) == copies
    assert "C0FINETUNE can't be searched" in caplog.text
    assert refusal in caplog.text


async def test_a_revoked_token_holds_everything_back_until_it_is_restored(stage: Stage) -> None:
    await put_dataset(stage)
    await stage.job()
    await stage.seen(stage._job_is_there)
    await stage.control.revoke()
    model = stage.backend.finish(stage.backend_job())
    await stage.settle(3)
    await stage.control.revoke(restore=True)
    hurry(stage)
    (root,) = await cards(stage)

    async def told() -> list[str]:
        texts = [m["text"] for m in (await stage.control.thread(CHANNEL, root["ts"]))[1:]]
        return texts if any("succeeded" in text for text in texts) else []

    texts = await stage.seen(told)
    assert model in texts[-1]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("method", "kind", "how", "words"),
    [
        ("files.info", "error", {"error": "missing_scope"}, ["files:read", "`ft-bot doctor`"]),
        ("files.info", "error", {"error": "file_deleted"}, ["was deleted"]),
        ("download", "status", {"status": 500}, ["hare the file again"]),
    ],
)
async def test_a_file_that_cant_be_fetched_is_answered_with_the_reason(
    stage: Stage, method: str, kind: str, how: dict[str, Any], words: list[str]
) -> None:
    await stage.control.fault(method, kind, times=3, **how)
    dropped = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    answer = await stage.card_says(dropped, "I could not check `news.jsonl`")
    for word in words:
        assert word in answer["text"]


async def redeliver(stage: Stage, direction: str) -> None:
    """What Slack sent last of this kind, sent once more and acknowledged."""
    (*_, last) = await stage.control.exchanges(direction)
    before = len(await stage.control.exchanges(direction))
    await stage.control.redeliver(last["id"])

    async def answered() -> bool:
        found = await stage.control.exchanges(direction)
        return len(found) > before and found[-1]["ok"] is not None

    await stage.seen(answered)


async def test_whatever_is_delivered_twice_is_done_once(stage: Stage) -> None:
    dropped = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    (card,) = await stage.replies(dropped)
    for event in [e for e in await stage.control.exchanges("event") if "file" in str(e["payload"]["event"])]:
        await stage.control.redeliver(event["id"])
    await stage.ana.command(CHANNEL, "/ft", "train news suffix=x")
    await stage.seen(stage._job_is_there)
    await redeliver(stage, "command")
    await stage.ana.press(card, "train_dataset")
    await stage.ana.modal("train")
    await redeliver(stage, "action")
    assert len(await stage.ana.modals()) == 1
    assert (await stage.ana.submit({"suffix": "y"}))["ok"]

    async def two() -> bool:
        return len(stage.backend.jobs) == 2

    await stage.seen(two)
    await redeliver(stage, "view_submission")
    mention = await stage.ben.say(CHANNEL, "@ft-bot hello")
    await stage.replies(mention)
    (*_, event) = [
        e for e in await stage.control.exchanges("event") if e["payload"]["event"]["type"] == "app_mention"
    ]
    await stage.control.redeliver(event["id"])
    await stage.settle(3)
    assert len(await stage.control.thread(CHANNEL, mention["ts"])) == 2
    assert len(await stage.control.thread(CHANNEL, dropped["ts"])) == 2
    assert len(stage.backend.jobs) == 2
    assert len(await cards(stage)) == 2
    assert stage.backend.count("POST /files") == 1


async def test_two_people_who_press_train_on_one_card_start_a_job_each(stage: Stage) -> None:
    card = await stage.dataset()
    for person, suffix in ((stage.ana, "a"), (stage.ben, "b")):
        await person.press(card, "train_dataset")
        await person.modal("train")
        assert (await person.submit({"suffix": suffix}))["ok"]

    async def two() -> bool:
        return len(stage.backend.jobs) == 2

    await stage.seen(two)
    owners = {job.request["metadata"]["ft_bot_owner"] for job in stage.backend.jobs.values()}
    assert owners == {"U0ANA00001", "U0BEN00001"}
    assert len(stage.backend.files) == 1


async def test_a_form_that_is_submitted_twice_at_once_starts_one_job(stage: Stage) -> None:
    await put_dataset(stage)
    await put_model(stage, MODEL)
    await stage.ana.command(CHANNEL, "/ft", "train")
    await stage.ana.modal("train")
    hold: list[str] = []

    async def slow(request: Any) -> None:
        hold.append(request.path)

    stage.backend.before["POST /fine_tuning/jobs"] = slow
    dataset = (await stage.ana.suggest((await stage.ana.modals())[-1], "dataset"))[0]
    assert (await stage.ana.submit({"dataset": dataset, "suffix": "x"}))["ok"]
    await redeliver(stage, "view_submission")
    await stage.seen(stage._job_is_there)
    await stage.settle(3)
    assert len(hold) == 1
    assert len(await cards(stage)) == 1


async def test_a_database_that_is_away_is_told_once_and_a_file_is_taken_when_it_is_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_store: object) -> Never:
        raise DatabaseError("The database can't be used just now: it is full.")

    with monkeypatch.context() as patched:
        patched.setattr(SqlStore, "begin", away)
        assert (await stage.ana.command(CHANNEL, "/ft", "jobs"))["ok"]
        assert [note["text"].splitlines()[0] for note in await stage.ana.notes()] == [
            "⚠️ The database can't be used just now: it is full."
        ]
        dropped = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    await redeliver(stage, "event")
    assert "news" in (await stage.replies(dropped))[0]["text"]
