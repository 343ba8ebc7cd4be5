"""`/ask`: from a missing question to an answer of fifty thousand characters, over every open road."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.props import assert_harmless, put_job, put_model, reply, shown
from tests.fakes.stage import CHANNEL, Message, Stage
from tuning.records import Checkpoint

MODEL = "ft:gpt-4o-mini-2024-07-18:acme:news:abc123"
OTHERS = "ft:gpt-4o-mini-2024-07-18:acme:secret:zzz999"


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """A stage with one model that answers."""
    await put_model(stage, MODEL)
    return stage


async def questions(stage: Stage) -> list[Message]:
    return [m for m in await stage.control.channel(CHANNEL) if m.get("bot_id") and "asks" in m["text"]]


async def asked(stage: Stage, question: str = "Who won?", model: str = MODEL) -> Message:
    """ben asks; the question in the channel."""
    before = len(await questions(stage))
    await stage.ben.command(CHANNEL, "/ask", f"{model} {question}")

    async def look() -> Message | None:
        found = await questions(stage)
        return found[-1] if len(found) > before else None

    found: Message = await stage.seen(look)
    return found


async def answered(stage: Stage, question: Message) -> list[Message]:
    """The whole answer's messages, once its footer stands below the last one."""

    async def look() -> list[Message] | None:
        thread = await stage.control.thread(CHANNEL, question["ts"])
        done = len(thread) > 1 and "asked by" in shown(thread[-1])
        return thread[1:] if done else None

    found: list[Message] = await stage.seen(look)
    return found


def said(messages: list[Message]) -> str:
    """What the model said: blocks first, without the footer."""
    texts = []
    for message in messages:
        blocks = [block for block in message.get("blocks") or [] if block["type"] != "context"]
        for block in blocks:
            texts.append(block["text"] if block["type"] == "markdown" else block["text"]["text"])
    return "\n".join(texts)


async def calls(stage: Stage, method: str) -> list[dict[str, Any]]:
    return await stage.control.exchanges("call", method)


async def test_what_can_not_be_asked_is_answered_with_what_can(ready: Stage) -> None:
    for typed, expected in [
        ("", ["Which model?", MODEL]),
        ("   ", ["Which model?"]),
        (MODEL, [f"What do you want to ask {MODEL}?", f"`/ask {MODEL} your question`"]),
        ("abc123", ["What do you want to ask"]),
        (f"“{MODEL}”\n", ["What do you want to ask"]),
        ("nosuch who won?", ["There is no model `nosuch` here", MODEL, "Ask it"]),
        ("<!channel> hi", ["There is no model"]),
        ("`<https://evil.example|x>` hi", ["There is no model"]),
        ("x" * 3000 + " hi", ["There is no model"]),
        (f"{MODEL} " + "why " * 5001, ["20,003 characters", "20,000 are allowed", "shorter"]),
        ("gpt-4o-mini-2024-07-18 hi", ["There is no model"]),
    ]:
        note = await reply(ready.ben, f"/ask {typed}")
        for words in expected:
            assert words in shown(note), (typed[:60], words, note["text"])
        assert_harmless(note)
    assert not await questions(ready)
    assert ready.backend.count("POST /chat/completions") == 0


async def test_a_name_may_be_short_quoted_and_stand_on_a_line_of_its_own(ready: Stage) -> None:
    question = await asked(ready, "\nWho won,\n> and <why> & how?", model="`abc123`")
    assert "&gt; and &lt;why&gt; &amp; how?" in question["text"].replace("\u200b", "")
    await answered(ready, question)
    sent = ready.backend.requests[-1].json()
    assert sent["model"] == MODEL
    assert sent["messages"][-1]["content"] == "Who won,\n> and <why> & how?"


async def test_models_that_are_gone_here_or_at_the_backend_say_so(ready: Stage) -> None:
    await put_model(ready, OTHERS, at_backend=False)
    note = await reply(ready.ben, f"/ask {OTHERS} hi")
    assert f"The backend doesn't know {OTHERS} any more" in note["text"]
    question = await reply(ready.ana, f"/ft delete {MODEL}")
    await ready.ana.press(question, "delete_model_yes")
    await ready.roots()
    note = await reply(ready.ben, f"/ask {MODEL} hi")
    assert f"{MODEL} was deleted" in note["text"]
    assert "`/ft models` lists what there is" in note["text"]


async def test_a_checkpoint_answers_by_its_name(ready: Stage) -> None:
    job = await put_job(ready)
    name = MODEL + ":ckpt-step-40"
    async with ready.bot.store.begin() as tx:
        await tx.jobs.add_checkpoints(job.id, [Checkpoint("c1", name, 40, job.created_at)])
    ready.backend.models[name] = {"object": "model", "id": name, "created": 1, "owned_by": "org-fake"}
    answer = await answered(ready, await asked(ready, model=name))
    assert name in shown(answer[-1])


async def test_a_very_long_answer_arrives_whole_within_slacks_limits(ready: Stage) -> None:
    words = [f"word{number}&{'x' * (number % 9)}" for number in range(3000)]
    ready.backend.answer = " ".join(words)
    for streams in (True, False):
        ready.backend.streams = streams
        messages = await answered(ready, await asked(ready))
        text = said(messages).replace("&amp;", "&")
        assert text.split() == words
        assert 4 <= len(messages) <= 6
        assert all(len(message["text"]) <= 12_000 for message in messages)
        assert "3,000 out" in shown(messages[-1])


async def test_without_streams_the_answer_is_edited_in_and_its_pieces_follow(ready: Stage) -> None:
    words = [f"word{number}" for number in range(900)]
    ready.backend.answer = " ".join(words)
    await ready.control.fault("chat.startStream", "error", error="unknown_method", times=9)
    messages = await answered(ready, await asked(ready))
    assert said(messages).split() == words
    assert len(messages) == 3
    assert not await calls(ready, "chat.appendStream")


async def test_an_empty_answer_says_so(ready: Stage) -> None:
    ready.backend.answer = ""
    for streams in (True, False):
        ready.backend.streams = streams
        messages = await answered(ready, await asked(ready))
        assert "answered with nothing" in shown(messages[0])


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("chat.appendStream", {"kind": "error", "error": "message_not_in_streaming_state"}),
        ("chat.appendStream", {"kind": "error", "error": "internal_error"}),
        ("chat.appendStream", {"kind": "status", "status": 500}),
        ("chat.appendStream", {"kind": "drop_before"}),
        ("chat.appendStream", {"kind": "drop_after"}),
        ("chat.startStream", {"kind": "drop_before"}),
        ("chat.startStream", {"kind": "drop_after"}),
        ("chat.startStream", {"kind": "not_json"}),
        ("chat.stopStream", {"kind": "error", "error": "internal_error"}),
        ("chat.stopStream", {"kind": "drop_after"}),
        ("chat.postMessage", {"kind": "drop_before"}),
        ("chat.postMessage", {"kind": "drop_after"}),
        ("chat.postMessage", {"kind": "status", "status": 503}),
        ("chat.postMessage", {"kind": "ratelimited", "retry_after": 1}),
    ],
)
async def test_an_answer_survives_whatever_breaks_on_the_way_and_stands_there_once(
    ready: Stage, method: str, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.answers.STREAM_EVERY", 0.0)
    ready.backend.answer = "one two three four five six seven"
    kind = fault.pop("kind")
    await ready.control.fault(method, kind, **fault)
    question = await asked(ready)
    messages = await answered(ready, question)
    assert said(messages).split() == ready.backend.answer.split()
    assert len(messages) == 1
    assert len(await questions(ready)) == 1


async def test_where_the_bot_may_not_write_only_the_asking_person_gets_the_answer(ready: Stage) -> None:
    ready.backend.answer = "Sports <!channel> https://evil.example"
    await ready.control.fault("chat.postMessage", "error", error="not_in_channel")
    await ready.ben.command(CHANNEL, "/ask", f"{MODEL} Who won?")
    told = await ready.note(ready.ben, "`/invite` me")
    assert "can't write here" in told["text"]
    (answer,) = [note for note in await ready.ben.notes() if "Sports" in note["text"]]
    assert_harmless(answer)
    assert not await questions(ready)


async def test_a_question_that_is_deleted_meanwhile_leaves_the_answer_to_the_asking_person(
    ready: Stage,
) -> None:
    ready.backend.answer = "Sports"
    await ready.control.fault("chat.startStream", "slow", seconds=0.3)
    question = await asked(ready)
    await ready.admin.delete(question)
    note = await ready.note(ready.ben, "Sports")
    assert MODEL in shown(note)
    await ready.note(ready.ben, "Only you see this answer")
    assert not await questions(ready)


async def test_an_answer_that_breaks_off_keeps_what_came_and_says_so(ready: Stage) -> None:
    ready.backend.answer = "one two three four five"
    ready.backend.fail_next("POST /chat/completions", drop="middle", keep=2)
    question = await asked(ready)
    messages = await answered(ready, question)
    assert "one two" in said(messages)
    note = await ready.note(ready.ben, "broke off")
    assert "Ask again" in note["text"]


async def test_a_reply_url_that_is_used_up_doesnt_keep_the_answer_back(ready: Stage) -> None:
    await ready.control.fault("response_url", "error", error="used_url", times=9)
    note = await reply(ready.ben, "/ask nosuch hi")
    assert "There is no model `nosuch` here" in note["text"]
    await ready.control.fault("chat.postEphemeral", "error", error="user_not_in_channel")
    await ready.ben.command(CHANNEL, "/ask", "nosuch hi")

    async def direct() -> list[Message]:
        return [m for m in await ready.ben.channel("@ft-bot") if "nosuch" in m["text"]]

    assert await ready.seen(direct)
