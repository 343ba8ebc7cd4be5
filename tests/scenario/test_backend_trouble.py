"""A backend that refuses, stalls, lies and vanishes: what people are told, and that the bot goes on."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.props import assert_harmless, note_after, pressed, put_dataset, put_model, reply, shown
from tests.fakes.stage import CHANNEL, Message, Stage

MODEL = "ft:gpt-4o-mini-2024-07-18:acme:news:abc123"
FILES, JOBS, JOB = "POST /files", "POST /fine_tuning/jobs", "GET /fine_tuning/jobs/{id}"
EVENTS, CANCEL = "GET /fine_tuning/jobs/{id}/events", "POST /fine_tuning/jobs/{id}/cancel"
MODELS, DELETE, CHAT = "GET /models", "DELETE /models/{id}", "POST /chat/completions"
HOSTILE = "Look <!channel> at https://evil.example\nxoxb-1-secret sk-live-0123456789abcdef \x1b[31m"

#: Refusals for good: the fault, and words that people find about it.
REFUSALS: list[tuple[dict[str, Any], list[str]]] = [
    ({"status": 401, "code": "invalid_api_key"}, ["rejected the bot's API key", "valid OPENAI_API_KEY"]),
    ({"status": 403, "code": "training_not_available"}, ["6 January 2027", "ft-bot trainer"]),
    ({"status": 403, "message": "Project is read-only"}, ["Project is read-only", "start the job again"]),
    ({"status": 404, "message": "No such base"}, ["No such base", "start the job again"]),
    (
        {"status": 400, "code": "model_not_available", "message": "Not for you"},
        ["Not for you", "another one"],
    ),
    ({"status": 400, "message": HOSTILE}, ["evil.example", "start the job again"]),
    ({"status": 429, "code": "daily_rate_limit_exceeded", "message": "8 a day"}, ["8 a day", "tomorrow"]),
    (
        {"status": 429, "code": "credit_balance_exhausted", "message": "No credit"},
        ["No credit", "add credit"],
    ),
]
#: What passes: the bot tries again, and makes one thing of it.
PASSING: list[dict[str, Any]] = [
    {"status": 409, "message": "Busy with the file"},
    {"status": 429, "message": "Slow down", "headers": {"retry-after": "0.1"}},
    {"status": 500, "message": "Oh no"},
    {"status": 500, "message": "Oh no", "work_first": True},
    {"body": "<html>welcome</html>"},
    {"body": '{"object": "list"', "content_type": "application/json"},
    {"drop": "before"},
    {"drop": "after"},
]


async def started(stage: Stage, typed: str = "news suffix=x") -> Message:
    """ana starts a job, whose outcome is open; its card."""
    return await stage.job(typed)


async def last_reply(stage: Stage, root: Message, containing: str = "") -> Message:
    async def look() -> Message | None:
        thread = await stage.control.thread(CHANNEL, root["ts"])
        found = [message for message in thread[1:] if containing in shown(message)]
        return found[-1] if found else None

    found: Message = await stage.seen(look)
    return found


async def card(stage: Stage, root: Message, containing: str) -> Message:
    """The job's card, once it holds these words."""

    async def look() -> Message | None:
        (found,) = [m for m in await stage.control.channel(CHANNEL) if m["ts"] == root["ts"]]
        return found if containing in shown(found) else None

    found: Message = await stage.seen(look)
    return found


async def rest(stage: Stage) -> None:
    """Follow no job any more."""
    async with stage.bot.store.begin() as tx:
        for job in await tx.jobs.due(stage.bot.services.now() + timedelta(days=1)):
            await tx.jobs.save(replace(job, closed=True))


async def running(stage: Stage) -> tuple[Message, str]:
    """A job that runs at the backend."""
    await put_dataset(stage)
    root = await started(stage)
    await stage.seen(stage._job_is_there)
    job_id = stage.backend_job()
    for _ in range(3):
        stage.backend.advance(job_id)
    await last_reply(stage, root, "First numbers")
    return root, job_id


@pytest.mark.parametrize("route", [FILES, JOBS])
async def test_a_refused_start_is_told_with_what_to_do_and_leaves_nothing_behind(
    stage: Stage, route: str
) -> None:
    await put_dataset(stage)
    for fault, expected in REFUSALS:
        stage.backend.fail_next(route, **fault)
        root = await started(stage)
        end = await last_reply(stage, root, "failed")
        for words in ["<@U0ANA00001>", *expected]:
            assert words in shown(end).replace("\u200b", ""), (fault, words, shown(end))
        assert_harmless(end)
        assert_harmless(await card(stage, root, "Failed"))
        assert stage.backend.files == {}
    assert stage.backend.jobs == {}
    await started(stage)
    await stage.seen(stage._job_is_there)
    assert len(stage.backend.files) == 1


@pytest.mark.parametrize("route", [FILES, JOBS])
async def test_a_start_that_stumbles_is_tried_again_and_makes_one_job_and_one_file(
    stage: Stage, route: str
) -> None:
    for number, fault in enumerate(PASSING):
        await put_dataset(stage, f"set-{number}")
        stage.backend.fail_next(route, **fault)
        root = await started(stage, f"set-{number}")

        async def there(count: int = number + 1) -> bool:
            return len(stage.backend.jobs) >= count

        await stage.seen(there)
        assert "I keep trying" not in shown(await card(stage, root, "ftjob-"))
        assert len(stage.backend.jobs) == number + 1, fault
        assert len(stage.backend.files) == number + 1, fault
        await rest(stage)


async def test_the_card_says_what_keeps_a_start_waiting_and_a_cancel_ends_it(stage: Stage) -> None:
    await put_dataset(stage)
    stage.backend.fail_next(FILES, times=500, status=503, message="Maintenance " + HOSTILE)
    root = await started(stage)
    waiting = await card(stage, root, "I keep trying")
    assert "isn't at the backend yet" in shown(waiting)
    assert "Maintenance" in shown(waiting)
    assert_harmless(waiting)
    await stage.ana.press(waiting, "cancel_job")
    assert "was cancelled by <@U0ANA00001>" in shown(await last_reply(stage, root, "cancelled"))
    assert stage.backend.jobs == {}


async def test_a_file_that_another_job_uses_stays_when_a_create_is_refused(stage: Stage) -> None:
    await put_dataset(stage)
    await started(stage)
    await stage.seen(stage._job_is_there)
    stage.backend.fail_next(JOBS, status=400, message="Three jobs at once are enough")
    root = await started(stage)
    await last_reply(stage, root, "Three jobs at once")
    await stage.settle(2)
    assert len(stage.backend.files) == 1
    stage.backend.finish(stage.backend_job())


async def test_a_job_is_followed_through_every_kind_of_trouble(stage: Stage) -> None:
    root, job_id = await running(stage)
    before = len(await stage.control.thread(CHANNEL, root["ts"]))
    for route, last in ((JOB, 6), (EVENTS, 1)):
        for fault, words in [
            ({"status": 401}, "valid OPENAI_API_KEY"),
            ({"status": 403, "message": "Not today"}, "Not today"),
            ({"status": 429, "message": "Slow", "headers": {"retry-after": "0.05"}}, "Slow"),
            ({"status": 500, "message": HOSTILE}, "evil.example"),
            ({"body": "<html>"}, "web page"),
            ({"drop": "before"}, "can't be reached"),
        ][:last]:
            stage.backend.fail_next(route, times=3, **fault)
            troubled = await card(stage, root, "I can't follow the job just now; I keep trying")
            assert words in shown(troubled).replace("\u200b", ""), (route, fault)
            assert_harmless(troubled)
            await _calm(stage, root)
    assert len(await stage.control.thread(CHANNEL, root["ts"])) == before
    stage.backend.finish(job_id)
    await last_reply(stage, root, "succeeded")


async def _calm(stage: Stage, root: Message) -> None:
    async def look() -> bool:
        (found,) = [m for m in await stage.control.channel(CHANNEL) if m["ts"] == root["ts"]]
        return "I keep trying" not in shown(found)

    await stage.seen(look)


async def test_only_a_job_that_is_missed_three_times_in_a_row_is_lost(stage: Stage) -> None:
    root, job_id = await running(stage)
    for status in (404, 404, 500, 500, 500, 500, 404, 404):
        stage.backend.fail_next(JOB, status=status, message="Hm")
    asked = stage.backend.count(JOB)

    async def through() -> bool:
        return stage.backend.count(JOB) > asked + 8

    await stage.seen(through)
    await _calm(stage, root)
    gone = stage.backend.jobs.pop(job_id)
    end = await last_reply(stage, root, "doesn't know this job any more")
    assert "failed" in end["text"]
    assert "Start the job again" in end["text"]
    asked = stage.backend.count(JOB)
    await stage.settle(3)
    assert stage.backend.count(JOB) == asked
    stage.backend.jobs[job_id] = gone


async def test_words_that_nobody_knows_are_shown_and_stop_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, job_id = await running(stage)
    stage.backend.set_status(job_id, "on_hold " + HOSTILE)
    stage.backend.add_event(job_id, HOSTILE, type="brand_new", level="strange", data={"step": "NaN"})
    stage.backend.add_event(job_id, HOSTILE, type="metrics", data={"step": 1e400, "train_loss": [1]})
    held = await card(stage, root, "on_hold")
    assert "the backend's word" in shown(held)
    assert_harmless(held)
    stage.backend.add_event(job_id, "Row 3: " + HOSTILE, level="warn")
    warned = await last_reply(stage, root, "The backend warns")
    assert_harmless(warned)
    events = await pressed(stage.ana, held, "job_events")
    assert "Row 3" in shown(events)
    assert_harmless(events)
    stage.backend.set_status(job_id, "running")
    stage.backend.finish(job_id)
    stage.backend.jobs[job_id].body["fine_tuned_model"] = None
    await stage.settle(3)
    assert "succeeded" not in shown((await stage.control.thread(CHANNEL, root["ts"]))[-1])
    monkeypatch.setattr("tuning.progress.NAMELESS", timedelta(seconds=-60))
    end = await last_reply(stage, root, "succeeded")
    assert "gave the model no name" in end["text"]
    assert "`/ask" not in end["text"]


async def test_a_failed_job_tells_the_reason_with_its_code_and_what_to_do(stage: Stage) -> None:
    root, job_id = await running(stage)
    stage.backend.fail(job_id, "invalid_file_format", "Line 3: " + HOSTILE)
    end = await last_reply(stage, root, "failed")
    assert "invalid_file_format" in end["text"]
    assert "Mend the rows" in end["text"]
    assert_harmless(end)
    listed = await reply(stage.ben, "/ft jobs")
    assert "Line 3" in shown(listed)
    assert_harmless(listed)


async def test_a_form_and_a_command_stand_a_backend_that_lists_no_models(stage: Stage) -> None:
    await put_dataset(stage)
    stage.backend.fail_next(MODELS, times=99, status=401)
    await stage.ana.command(CHANNEL, "/ft", "train")
    modal = await stage.ana.modal("train")
    assert await stage.ana.suggest(modal, "base", "4o-mini")
    note = await reply(stage.ana, "/ft train news")
    assert "`base`" in note["text"]
    assert "valid OPENAI_API_KEY" in note["text"]
    await started(stage, "news base=gpt-4o-mini-2024-07-18")
    await stage.seen(stage._job_is_there)


ASK_TROUBLE: list[tuple[dict[str, Any], str]] = [
    ({"status": 401}, "valid OPENAI_API_KEY"),
    ({"status": 403, "message": "Moderation says no"}, "Moderation says no"),
    ({"status": 404, "message": "gone"}, "doesn't know"),
    ({"status": 409, "message": "Loading the model"}, "Loading the model"),
    ({"status": 429, "message": "Slow down"}, "Wait a little"),
    ({"status": 429, "code": "insufficient_quota", "message": "Spent"}, "add credit"),
    ({"status": 500, "message": HOSTILE}, "evil.example"),
    ({"body": "<html>"}, "OPENAI_BASE_URL"),
    ({"drop": "before"}, "can't be reached"),
    ({"keep": 0, "piece": b'data: {"error": {"message": "GPU on fire"}}\n\n'}, "GPU on fire"),
    ({"keep": 0, "piece": b"data: nonsense\n\n"}, "API's format"),
]


async def test_an_ask_that_fails_at_once_is_answered_in_words_and_leaves_the_channel_alone(
    stage: Stage,
) -> None:
    await put_model(stage, MODEL)
    for fault, words in ASK_TROUBLE:
        stage.backend.fail_next(CHAT, **fault)
        note = await reply(stage.ben, f"/ask {MODEL} Who won?")
        assert words in note["text"].replace("\u200b", ""), (fault, note["text"])
        assert_harmless(note)
    assert not [m for m in await stage.control.channel(CHANNEL) if m.get("bot_id")]


async def test_an_answer_that_fails_in_the_middle_keeps_its_beginning_and_says_why(stage: Stage) -> None:
    await put_model(stage, MODEL)
    stage.backend.answer = "one two three four five"
    for fault, words in [
        ({"drop": "middle", "keep": 2}, "Ask again"),
        ({"keep": 2, "piece": b'data: {"error": {"message": "GPU on fire"}}\n\n'}, "GPU on fire"),
        ({"keep": 2, "piece": b"data: nonsense\n\n"}, "API's format"),
        ({"keep": 2}, "broke off"),
    ]:
        stage.backend.fail_next(CHAT, **fault)
        note = await reply(stage.ben, f"/ask {MODEL} Who won?")
        assert "The answer broke off" in note["text"]
        assert words in note["text"], fault
        root = [m for m in await stage.control.channel(CHANNEL) if m.get("bot_id")][-1]
        (answer,) = (await stage.control.thread(CHANNEL, root["ts"]))[1:]
        assert "one two" in shown(answer)


async def test_a_cancel_that_the_backend_refuses_is_told_and_may_be_tried_again(stage: Stage) -> None:
    root, job_id = await running(stage)
    stage.backend.fail_next(CANCEL, status=403, message="Only the organisation's owner " + HOSTILE)
    await stage.ana.press(root, "cancel_job")
    told = await last_reply(stage, root, "did not cancel the job, which goes on")
    assert "Only the organisation's owner" in told["text"]
    assert_harmless(told)
    again = await card(stage, root, "Training")
    for fault in ({"status": 409}, {"status": 500}, {"body": "<html>"}, {"drop": "after"}):
        stage.backend.fail_next(CANCEL, **fault)
    await stage.ana.press(again, "cancel_job")
    end = await last_reply(stage, root, "was cancelled")
    assert "by <@U0ANA00001>" in end["text"]
    assert stage.backend.jobs[job_id].status == "cancelled"


async def test_a_cancel_that_comes_too_late_tells_the_job_as_it_ended(stage: Stage) -> None:
    root, job_id = await running(stage)
    stage.backend.finish(job_id)
    await stage.ana.press(root, "cancel_job")
    await last_reply(stage, root, "succeeded")
    note = await reply(stage.ana, f"/ft cancel {job_id}")
    assert "has ended already: succeeded" in note["text"]


async def test_a_deletion_that_fails_says_why_and_one_that_was_done_is_done(stage: Stage) -> None:
    await put_model(stage, MODEL)
    question = await reply(stage.ana, f"/ft delete {MODEL}")
    for fault, words in [
        ({"status": 401}, "valid OPENAI_API_KEY"),
        ({"status": 403, "message": "Not yours"}, "Not yours"),
        ({"status": 409, "message": "In use"}, "In use"),
        ({"status": 429, "message": "Slow"}, "Wait a little"),
        ({"status": 500, "message": "Oh"}, "Try again in a minute"),
        ({"body": "<html>"}, "OPENAI_BASE_URL"),
        ({"body": '{"deleted": false}', "content_type": "application/json"}, "did not delete"),
        ({"drop": "after"}, "Try again in a minute"),
    ]:
        stage.backend.fail_next(DELETE, **fault)
        note = await pressed(stage.ana, question, "delete_model_yes")
        assert words in note["text"], fault
    before = len(await stage.ana.notes())
    await stage.ana.press(question, "delete_model_yes")
    (line,) = await stage.roots()
    assert "deleted the model" in line["text"]
    assert MODEL not in stage.backend.models
    with pytest.raises(TimeoutError):
        await note_after(stage.ana, before, seconds=0.2)


async def test_no_log_line_holds_a_key_or_is_broken_by_what_a_backend_says(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await put_dataset(stage)
    message = f"You sent {stage.backend.key} and Bearer {stage.backend.key}\nERROR forged: line"
    stage.backend.fail_next(JOBS, status=500, message=message)
    stage.backend.fail_next("GET /fine_tuning/jobs", times=4, status=500, message=message)
    root = await started(stage)
    await stage.seen(stage._job_is_there)
    ours = ("tuning", "handlers", "bot", "views", "gateways", "storage")
    lines = [r.getMessage() for r in caplog.records if r.name.partition(".")[0] in ours]
    assert any("[key]" in line for line in lines)
    assert not any(stage.backend.key in line or "\n" in line for line in lines)
    assert stage.backend.key not in shown(await card(stage, root, "ftjob-"))
