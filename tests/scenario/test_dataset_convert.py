"""A table that somebody drops is shown as it would become, converted with a form, checked and kept."""

from __future__ import annotations

import json

from tests.fakes.stage import CHANNEL, Message, Stage
from tuning.records import Person

ANA = Person("T0SANDBOX1", "U0ANA00001")
MAIL = "mia.wong" + "@acme-mail.com"
TABLE = f"question,answer\nwho is <!channel>?,ask {MAIL}\n" + "".join(
    f"what is {n}?,the number {n}\n" for n in range(12)
)


async def card_says(stage: Stage, root: Message, words: str) -> Message:
    async def look() -> Message | None:
        card = (await stage.replies(root))[0]
        return card if words in card["text"] else None

    found: Message = await stage.seen(look)
    return found


async def test_a_table_is_shown_converted_checked_and_what_is_private_redacted(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "faq.csv", TABLE.encode("utf-16"))
    card = (await stage.replies(root))[0]
    assert "`question-answer`" in card["text"]
    shown = str(card["blocks"])
    assert "what is 0?" in shown
    assert not [words for words in ("<!channel>", MAIL) if words in shown]
    await stage.ben.press(card, "convert_file")
    assert "Only its owner or an administrator may convert" in (await stage.note(stage.ben))["text"]
    await stage.ana.press(card, "convert_file")
    await stage.ana.modal("convert_file")
    refused = await stage.ana.submit({"user": "{nothing}", "assistant": "{answer}"})
    assert refused["errors"] == {"user": "There is no column nothing."}
    sent = {"user": "Q: {question}", "assistant": "{answer}", "system": "Be {brief}."}
    assert (await stage.ana.submit(sent))["ok"]
    private = await card_says(stage, root, "1 e-mail address in 13 rows")
    assert "It was converted: 13 rows" in private["text"]
    await stage.ana.press(private, "redact_file")
    await card_says(stage, root, "Kept as `faq`")
    (version,) = (await stage.bot.services.library.find(ANA, "faq")).versions
    lines = stage.bot.services.library.files.path(version.sha256).read_text().splitlines()
    assert [message["content"] for message in json.loads(lines[0])["messages"]] == [
        "Be {brief}.",
        "Q: who is <!channel>?",
        "ask [EMAIL]",
    ]


async def test_columns_that_tell_nothing_are_asked_for_in_the_form(stage: Stage) -> None:
    data = "x,y,z\n" + "".join(f"a{n},b{n},c{n}\n" for n in range(12))
    root = await stage.ana.drop(CHANNEL, "odd.csv", data.encode())
    card = (await stage.replies(root))[0]
    assert "fit no known shape" in card["text"]
    await stage.ana.press(card, "convert_file")
    form = await stage.ana.modal("convert_file")
    assert "{x}" in str(form["blocks"])
    assert (await stage.ana.submit({}))["ok"]
    kept = await card_says(stage, root, "Kept as `odd`")
    assert "Converted: 12 rows" in str(kept["blocks"])
