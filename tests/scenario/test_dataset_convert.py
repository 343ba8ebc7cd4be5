"""A table that somebody drops is shown as it would become, converted with a form, checked and kept."""

from __future__ import annotations

import json

from tests.fakes.stage import CHANNEL, Message, Stage
from tests.fakes.workbook import parquet, workbook
from tuning.records import Person

ANA = Person("T0SANDBOX1", "U0ANA00001")
MAIL = "mia.wong" + "@acme-mail.com"
TABLE = f"question,answer\nwho is <!channel>?,ask {MAIL}\n" + "".join(
    f"what is {n}?,the number {n}\n" for n in range(12)
)


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
    private = await stage.card_says(root, "1 e-mail address in 13 rows")
    assert "It was converted: 13 rows" in private["text"]
    await stage.ana.press(private, "redact_file")
    await stage.card_says(root, "Kept as `faq`")
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
    assert "say in its form which column is asked" in card["text"]
    await stage.ana.press(card, "convert_file")
    form = await stage.ana.modal("convert_file")
    assert "{x}" in str(form["blocks"])
    assert (await stage.ana.submit({}))["ok"]
    kept = await stage.card_says(root, "Kept as `odd`")
    assert "Converted: 12 rows" in str(kept["blocks"])


async def test_what_would_not_be_in_the_rows_stands_beside_the_preview(stage: Stage) -> None:
    data = "id,question,answer\n" + "".join(f"{n},what is {n}?,the number {n}\n" for n in range(12))
    root = await stage.ana.drop(CHANNEL, "faq.csv", data.encode())
    card = (await stage.replies(root))[0]
    assert "Columns that aren't used: id." in str(card["blocks"])


async def converted(stage: Stage, name: str, data: bytes) -> tuple[Message, list[bytes]]:
    """The card of a file that ana converts as it is proposed, and the rows that it became."""
    root = await stage.ana.drop(CHANNEL, name, data)
    card = (await stage.replies(root))[0]
    await stage.ana.press(card, "convert_file")
    await stage.ana.modal("convert_file")
    assert (await stage.ana.submit({}))["ok"]
    stem = name.partition(".")[0]
    kept = await stage.card_says(root, f"Kept as `{stem}`")
    library = stage.bot.services.library
    (version,) = (await library.find(ANA, stem)).versions
    assert library.files.path(version.source.sha256).read_bytes() == data
    return kept, library.files.path(version.sha256).read_bytes().splitlines()


async def test_excel_and_parquet_are_converted_and_the_original_stays_beside_the_rows(stage: Stage) -> None:
    cells = [
        ["", "question", "answer"],
        *([n, f"what is {n}?", n / 2] for n in range(12)),
        [12, "why?", None],
    ]
    card, rows = await converted(stage, "sheet.xlsx", workbook(cells))
    assert "Converted: 12 rows; 1 record left out (record at line 14: the answer is empty)" in str(card)
    assert "made of `sheet.xlsx`" in str(card)
    assert json.loads(rows[1]) == json.loads(
        '{"messages": [{"role": "user", "content": "what is 1?"}, {"role": "assistant", "content": "0.5"}]}'
    )
    turns = [[{"from": "human", "value": f"say {n}"}, {"from": "gpt", "value": str(n)}] for n in range(12)]
    _, rows = await converted(
        stage, "talks.parquet", parquet({"id": list(range(12)), "conversations": turns})
    )
    assert [json.loads(row)["messages"][1] for row in rows][:2] == [
        {"role": "assistant", "content": "0"},
        {"role": "assistant", "content": "1"},
    ]


async def test_the_form_shows_what_its_texts_make_of_the_first_rows(stage: Stage) -> None:
    names = ["a {b}", "", "the <!here> answer", *(f"more {n}" for n in range(90))]
    head = ",".join(f'"{name}"' for name in names)
    data = head + "\n" + "".join(f"word {n},,write to {n}{MAIL}\n" for n in range(12))
    root = await stage.ana.drop(CHANNEL, "odd.csv", data.encode())
    card = (await stage.replies(root))[0]
    assert "and 81 more" in str(card["blocks"])
    await stage.ana.press(card, "convert_file")
    form = await stage.ana.modal("convert_file")
    assert "`column 2`" in str(form["blocks"])
    await stage.ana.fill({"user": "Say {a {b}}{column 2}", "assistant": "{nothing}"})
    await stage.ana.press(form, "preview_conversion")
    assert "There is no column nothing" in str((await form_shows(stage, "no column"))["blocks"])
    await stage.ana.fill({"assistant": "{the <!here> answer}", "system": "Be brief."})
    await stage.ana.press(form, "preview_conversion")
    form = await form_shows(stage, "*assistant*: write to")
    assert "{the <!here> answer}" in str(form["blocks"][3])
    shown = str([block for block in form["blocks"] if block["type"] != "input"])
    assert "*system*: Be brief." in shown
    assert "*user*: Say word 1" in shown
    assert not [words for words in ("<!here>", MAIL) if words in shown]
    assert (await stage.ana.submit({}))["ok"]
    await stage.card_says(root, "12 e-mail addresses in 12 rows")


async def form_shows(stage: Stage, words: str) -> Message:
    async def look() -> Message | None:
        form = (await stage.ana.modals())[-1]
        return form if words in str(form["blocks"]) else None

    found: Message = await stage.seen(look)
    return found


async def test_a_table_with_one_column_lacks_its_answers_and_offers_no_rows_to_fix(stage: Stage) -> None:
    table = "question\n" + "".join(f"what is {n}?\n" for n in range(12))
    (card,) = await stage.replies(await stage.ana.drop(CHANNEL, "one.csv", table.encode()))
    assert "is a table with one column: an answer column is missing" in card["text"]
    assert "fix_rows" not in str(card["blocks"])
    assert "brace" not in card["text"]


async def test_a_file_that_can_not_be_converted_says_why_and_promises_no_conversion(stage: Stage) -> None:
    for name, data, words in [
        ("empty.xlsx", workbook([]), "looks like an Excel workbook, and it can't be converted. The"),
        (
            "broken.parquet",
            b"PAR1garbagePAR1",
            "looks like Parquet, and it can't be converted. The Parquet file",
        ),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "The workbook can't be read"),
    ]:
        (card,) = await stage.replies(await stage.ana.drop(CHANNEL, name, data))
        assert words in card["text"]
        assert "ft-bot convert" not in card["text"]
        assert "correct it and drop it into this thread" in card["text"]


async def test_a_conversion_without_a_record_says_so_once_and_what_helps(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "none.csv", b"prompt,completion\n" + b"hi,\n" * 12)
    (card,) = await stage.replies(root)
    assert "correct the records and drop the file into this thread" in card["text"]
    await stage.ana.press(card, "convert_file")
    await stage.ana.modal("convert_file")
    assert (await stage.ana.submit({}))["ok"]
    failed = await stage.card_says(root, "could not be converted, and is as it was")
    assert failed["text"].count("could be converted") == 1
