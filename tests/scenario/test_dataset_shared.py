"""Files in a direct message, beside a mention, or shared again: nobody waits for an answer in vain."""

from __future__ import annotations

from tests.fakes.stage import CHANNEL, Message, Stage, rows


async def answer(stage: Stage, root: Message) -> Message:
    """The first reply in the thread of a message, in whatever conversation it is."""

    async def look() -> Message | None:
        thread = await stage.control.thread(root["channel"], root["ts"])
        return thread[1] if len(thread) > 1 else None

    found: Message = await stage.seen(look)
    return found


async def test_a_file_in_a_direct_message_is_answered_also_when_it_is_no_data(stage: Stage) -> None:
    kept = await answer(stage, await stage.ana.drop("@ft-bot", "news.jsonl", rows()))
    assert "Kept as `news`" in kept["text"]
    other = await answer(stage, await stage.ana.drop("@ft-bot", "notes.txt", b"hello\n"))
    assert "`notes.txt` doesn't look like training data" in other["text"]
    assert "I take JSONL, CSV" in other["text"]


async def test_a_file_beside_which_the_bot_is_mentioned_is_answered_whatever_it_is(stage: Stage) -> None:
    comment = "@ft-bot can you train on this?"
    for name, data, words in [
        ("report.pdf", b"%PDF-1.7\n", "`report.pdf` doesn't look like training data"),
        ("news.jsonl", rows(), "Kept as `news`"),
    ]:
        root = await stage.ana.drop(CHANNEL, name, data, comment=comment)
        assert words in (await answer(stage, root))["text"]
        await stage.settle()
        assert len(await stage.control.thread(CHANNEL, root["ts"])) == 2


async def test_a_file_that_is_shared_again_is_told_where_its_answer_stands(stage: Stage) -> None:
    query = {"as": "ana", "name": "news.jsonl"}
    file = (await stage.control._call("POST", "upload", params=query, data=rows()))["file"]["id"]
    share = {"as": "ana", "channel": CHANNEL, "files": [file]}
    first = (await stage.control.post("share", **share))["message"]
    assert "Kept as `news`" in (await answer(stage, first))["text"]
    again = (await stage.control.post("share", **share))["message"]
    assert "`news.jsonl` was dropped here on" in (await answer(stage, again))["text"]
    assert len(await stage.control.thread(CHANNEL, first["ts"])) == 2
