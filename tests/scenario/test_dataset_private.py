"""Secrets and personal data in a dropped file: redacted with one click, or accepted by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.stage import CHANNEL, Message, Stage, rows
from tuning.datasets import check_file
from tuning.errors import Conflict
from tuning.records import Person

ANA = Person("T0SANDBOX1", "U0ANA00001")
#: Split, so that no scanner takes this file for one that leaks.
KEY = "AKIA" + "2E0A8F3B244C9986"
MAIL = "mia.wong" + "@acme-mail.com"
ROW = '{"messages": [{"role": "user", "content": "%s"}, {"role": "assistant", "content": "World"}]}\n'
LEAKY = rows(10) + (ROW % f"write to {MAIL}").encode() + (ROW % f"the key is {KEY}").encode()
NO_ANSWER = b'{"messages": [{"role": "user", "content": "unanswered"}]}\n'


async def dropped(stage: Stage, data: bytes = LEAKY) -> tuple[Message, Message]:
    root = await stage.ana.drop(CHANNEL, "leaky.jsonl", data)
    return root, (await stage.replies(root))[0]


async def the_version(stage: Stage) -> Any:
    (version,) = (await stage.bot.services.library.find(ANA, "leaky")).versions
    return version


def value_of(card: Message, action_id: str) -> str:
    buttons = [e for b in card["blocks"] for e in b.get("elements", []) if e.get("action_id") == action_id]
    return str(buttons[0]["value"])


async def test_what_is_private_is_told_without_being_shown_and_redacted_with_a_click(stage: Stage) -> None:
    root, card = await dropped(stage)
    assert "1 secret and 1 e-mail address in 12 rows" in card["text"]
    assert "row 12" in card["text"]
    assert not {word for word in (KEY, MAIL) if word in str(card)}
    await stage.ben.press(card, "redact_file")
    assert "Only its owner or an administrator may redact" in (await stage.note(stage.ben))["text"]
    await stage.ana.press(card, "redact_file")
    kept = await stage.card_says(root, "Kept as `leaky`")
    assert "placeholders stand for 1 e-mail address and 1 secret" in str(kept["blocks"])
    assert "redact_file" not in str(kept["blocks"])
    version = await the_version(stage)
    assert version.accepted is None
    path = stage.bot.services.library.files.path(version.sha256)
    text = path.read_text()
    assert [text.count(word) for word in ("[EMAIL]", "[SECRET]", KEY, MAIL)] == [1, 1, 0, 0]
    assert check_file(path).ok


async def test_what_is_private_is_accepted_by_name_and_that_is_on_record(stage: Stage) -> None:
    root, card = await dropped(stage)
    asks = next(
        e["confirm"] for b in card["blocks"] for e in b.get("elements", []) if e["action_id"] == "accept_file"
    )
    assert "1 secret and 1 e-mail address" in asks["text"]["text"]
    await stage.ben.press(card, "accept_file")
    refused = await stage.note(stage.ben)
    assert "Only its owner or an administrator may accept the private data in leaky.jsonl" in refused["text"]
    await stage.admin.press(card, "accept_file")
    kept = await stage.card_says(root, "Kept as `leaky`")
    assert "is fine" not in kept["text"]
    version = await the_version(stage)
    assert (version.accepted.by, version.accepted.codes) == ("U0ADMIN001", {"secret": 1, "email_address": 1})
    assert stage.bot.services.library.files.path(version.sha256).read_bytes() == LEAKY
    line = (await stage.replies(root, 2))[1]
    assert "<@U0ADMIN001> accepted 1 secret and 1 e-mail address in `leaky.jsonl`" in line["text"]
    await stage.ben.command(CHANNEL, "/ft", "dataset leaky")
    page = await stage.note(stage.ben, "Versions")
    assert "<@U0ADMIN001> accepted 1 secret and 1 e-mail address" in page["text"]
    with pytest.raises(Conflict, match="needs no mending"):
        await stage.bot.services.remedies.redact(ANA, value_of(card, "redact_file"))


async def test_a_wish_that_a_kill_broke_off_is_done_at_the_next_start(stage: Stage) -> None:
    root, card = await dropped(stage)
    services = stage.bot.services
    await services.remedies.redact(ANA, value_of(card, "redact_file"))
    await stage.card_says(root, "Checking")
    await services.drops.resume()
    await stage.card_says(root, "Kept as `leaky`")
    assert MAIL not in services.library.files.path((await the_version(stage)).sha256).read_text()


async def test_other_errors_come_first_and_then_what_is_private_is_offered(stage: Stage) -> None:
    root, card = await dropped(stage, LEAKY + NO_ANSWER)
    assert "the other errors come first" in card["text"]
    assert "redact_file" not in str(card["blocks"])
    services, drop_id = stage.bot.services, value_of(card, "fix_rows")
    await services.mending.leave_out(ANA, drop_id, 13)
    await services.mending.finish(ANA, drop_id)
    await services.drops.resume()
    offered = await stage.card_says(root, "1 secret and 1 e-mail address in 12 rows")
    await stage.ana.press(offered, "redact_file")
    await stage.card_says(root, "Kept as `leaky`")


async def page(stage: Stage, who: Any, ref: str, words: str) -> Message:
    await who.command(CHANNEL, "/ft", f"dataset {ref}")
    return await stage.note(who, words)


async def test_what_was_accepted_is_shown_to_its_owner_and_administrators_alone(stage: Stage) -> None:
    leaky = (ROW % f"write to {MAIL}").encode() + rows(5) + (ROW % f"the key is {KEY}").encode() + rows(8)
    root, card = await dropped(stage, leaky)
    await stage.ana.press(card, "accept_file")
    await stage.card_says(root, "Kept as `leaky`")
    shown = str((await page(stage, stage.ben, "leaky", "Versions"))["blocks"])
    assert MAIL not in shown
    assert "write to [EMAIL]" in shown
    assert "its owner and administrators see it" in shown
    await stage.ben.press(await stage.note(stage.ben, "Versions"), "show_examples")
    second = await stage.note(stage.ben, "Examples 3 to 5")
    await stage.ben.press(second, "examples_next")
    assert "the key is [SECRET]" in str((await stage.note(stage.ben, "Examples 6 to 8"))["blocks"])
    for who in (stage.ana, stage.admin):
        theirs = str((await page(stage, who, "leaky", "Versions"))["blocks"])
        assert MAIL.split("@")[0] in theirs
        assert "[EMAIL]" not in theirs


async def test_rows_dropped_in_a_direct_message_are_its_owners_until_they_are_shared(stage: Stage) -> None:
    await stage.ana.drop("@ft-bot", "diary.jsonl", rows(30))

    async def kept() -> bool:
        return bool(await stage.bot.services.library.listed(ANA, 1)) and bool(
            (await stage.bot.services.library.listed(ANA, 1)).total
        )

    await stage.seen(kept)
    await stage.ana.command(CHANNEL, "/ft", "split diary")
    await stage.note(stage.ana, "is split")
    for name in ("diary", "diary-train"):
        bens = str((await page(stage, stage.ben, name, f"`{name}@1`"))["blocks"])
        assert "headline" not in bens
        assert f"Only its owner or an administrator may see the examples of {name}" in bens
        assert "headline" in str((await page(stage, stage.ana, name, f"`{name}@1`"))["blocks"])
    await stage.ana.press(await page(stage, stage.ana, "diary", "`diary@1`"), "share_dataset")
    await stage.ana.modal("share_dataset")
    assert (await stage.ana.submit({"channel": "C0GENERAL1"}))["ok"]

    async def seen_by_ben() -> bool:
        return "headline" in str((await page(stage, stage.ben, "diary", "`diary@1`"))["blocks"])

    await stage.seen(seen_by_ben)
