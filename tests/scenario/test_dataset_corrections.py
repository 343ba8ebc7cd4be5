"""A corrected file in a rejected file's thread says what it changed, and the rejected one's offers end."""

from __future__ import annotations

from sandbox.client import Person
from tests.fakes.stage import CHANNEL, Message, Stage, rows

NO_ANSWER = b'{"messages": [{"role": "user", "content": "x"}]}\n'
CUT = b'{"messages": [{"role": "user", "con\n'
GOOD = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "World"}]}'
BROKEN = rows(11) + NO_ANSWER + CUT + CUT


async def rejected(stage: Stage, name: str = "news.jsonl", data: bytes = BROKEN) -> tuple[Message, Message]:
    """The root of ana's broken file, and its card."""
    root = await stage.ana.drop(CHANNEL, name, data)
    (card, *_) = await stage.replies(root)
    assert "fix_rows" in str(card["blocks"])
    return root, card


async def dropped(stage: Stage, who: Person, root: Message, name: str, data: bytes, words: str) -> Message:
    """The thread's newest card once it says these words, after somebody dropped a file there."""
    await who.drop(CHANNEL, name, data, thread_ts=root["ts"])

    async def look() -> Message | None:
        mine = [m for m in await stage.control.thread(CHANNEL, root["ts"]) if m.get("bot_id")]
        return mine[-1] if words in mine[-1]["text"] else None

    found: Message = await stage.seen(look)
    return found


async def first_card(stage: Stage, root: Message, words: str) -> Message:
    async def look() -> Message | None:
        card = (await stage.replies(root))[0]
        return card if words in card["text"] else None

    found: Message = await stage.seen(look)
    return found


async def test_a_corrected_file_says_what_it_changed_and_which_errors_are_gone(stage: Stage) -> None:
    root, _ = await rejected(stage)
    kept = await dropped(stage, stage.ana, root, "news.jsonl", rows(12), "Kept as `news`")
    assert "It corrects `news.jsonl` above. 2 rows removed, 1 row changed." in kept["text"]
    assert "All 3 errors are gone (" in kept["text"]
    assert "2 × `bad_json`" in kept["text"]
    closed = await first_card(stage, root, "a corrected file was dropped below")
    assert "fix_rows" not in str(closed["blocks"])
    assert "row 12" in closed["text"]


async def test_a_file_that_is_still_wrong_says_what_is_left_and_takes_the_offers_over(stage: Stage) -> None:
    root, card = await rejected(stage)
    await stage.ana.press(card, "fix_rows")
    await stage.ana.modal("fix_row")
    still = await dropped(stage, stage.ana, root, "news.jsonl", rows(11) + NO_ANSWER + CUT, "Against")
    assert "Against `news.jsonl` above: 1 row removed." in still["text"]
    assert "Gone: 1 × `bad_json` (row 14)." in still["text"]
    assert "`bad_json` (row 13)" in still["text"].split("Still there: ")[1]
    assert "fix_rows" in str(still["blocks"])
    await first_card(stage, root, "a corrected file was dropped below")
    refused = await stage.ana.submit({"row-12": GOOD})
    assert "A corrected news.jsonl was dropped since." in refused["errors"]["row-12"]
    await stage.ana.close()
    fine = await dropped(stage, stage.ana, root, "news.jsonl", rows(12), "Kept as `news`")
    assert "It corrects `news.jsonl` above" in fine["text"]
    async with stage.bot.store.begin() as tx:
        drops = await tx.drops.in_thread("T0SANDBOX1", card["channel"], root["ts"])
    assert [bool(drop.corrected_by) for drop in drops] == [True, True, False]
    kept = {sha256 for sha256, _ in stage.bot.services.library.files.kept()}
    assert len(kept) == 1


async def test_errors_are_told_apart_by_their_rows(stage: Stage) -> None:
    """Row 3 is mended, row 7 is row 6 now, and row 10 is newly bad."""
    good = rows(14).splitlines(keepends=True)
    before = b"".join([*good[:2], CUT, *good[2:5], NO_ANSWER, *good[5:]])
    root, _ = await rejected(stage, "news.jsonl", before)
    after = b"".join([*good[:5], NO_ANSWER, *good[5:8], CUT[:-5] + b"\n", *good[8:]])
    still = await dropped(stage, stage.ana, root, "news.jsonl", after, "Against")
    assert "Gone: 1 × `bad_json` (row 3)." in still["text"]
    assert "(row 6)." in still["text"].split("Still there: ")[1].split("New")[0]
    assert "New: 1 × `bad_json` (row 10)." in still["text"]


async def test_another_name_corrects_when_it_has_the_same_rows_and_an_unlike_file_does_not(
    stage: Stage,
) -> None:
    root, _ = await rejected(stage)
    other = await dropped(
        stage, stage.ana, root, "other.jsonl", rows(12).replace(b"head", b"foot"), "Kept as"
    )
    assert "🩹" not in other["text"]
    assert "fix_rows" in str((await stage.replies(root))[0]["blocks"])
    # the thread has a dataset by now: the corrected file is its next version, and closes the rejected one too
    fixed = await dropped(stage, stage.ana, root, "news-fixed.jsonl", rows(13), "version 2")
    assert "It corrects `news.jsonl` above" in fixed["text"]
    await first_card(stage, root, "a corrected file was dropped below")


async def test_the_same_file_again_ends_nothing(stage: Stage) -> None:
    root, _ = await rejected(stage)
    again = await dropped(stage, stage.ana, root, "news.jsonl", BROKEN, "🩹")
    assert "It has the same rows as `news.jsonl` above: nothing was corrected." in again["text"]
    assert "fix_rows" in str((await stage.replies(root))[0]["blocks"])


async def test_all_cards_of_a_chain_of_corrections_lose_their_buttons(stage: Stage) -> None:
    root, _ = await rejected(stage)
    await dropped(stage, stage.ana, root, "news.jsonl", BROKEN, "nothing was corrected")
    await dropped(stage, stage.ana, root, "news-2.jsonl", rows(11) + NO_ANSWER + CUT, "Against")
    await dropped(stage, stage.ana, root, "news-3.jsonl", rows(12), "Kept as")

    async def only_the_last() -> bool:
        thread = await stage.control.thread(CHANNEL, root["ts"])
        cards = [one for one in thread if one.get("bot_id")]
        return len(cards) == 4 and not [one for one in cards if "fix_rows" in str(one["blocks"])]

    await stage.seen(only_the_last)


async def test_a_colleagues_correction_is_theirs_and_leaves_the_owners_offers(stage: Stage) -> None:
    root, _ = await rejected(stage)
    bens = await dropped(stage, stage.ben, root, "news.jsonl", rows(12), "Kept as `news`")
    assert "It corrects `news.jsonl` above" in bens["text"]
    assert "owner <@U0BEN00001>" in str(bens["blocks"])
    assert "fix_rows" in str((await stage.replies(root))[0]["blocks"])


async def test_a_correction_that_is_mended_in_slack_recounts_its_errors(stage: Stage) -> None:
    root, _ = await rejected(stage)
    still = await dropped(stage, stage.ana, root, "news.jsonl", rows(11) + NO_ANSWER, "Against")
    await stage.ana.press(still, "fix_rows")

    async def opened() -> bool:
        return bool(await stage.ana.modals())

    await stage.seen(opened)
    await stage.ana.press((await stage.ana.modals())[-1], "fix_drop")

    async def at_the_end() -> bool:
        return "1 row dropped" in str((await stage.ana.modals())[-1]["blocks"])

    await stage.seen(at_the_end)
    await stage.ana.submit()

    async def look() -> Message | None:
        mine = (await stage.control.thread(CHANNEL, root["ts"]))[-1]
        return mine if "Kept as `news`" in mine["text"] else None

    kept = await stage.seen(look)
    assert "It corrects `news.jsonl` above. All 3 errors are gone" in kept["text"]
