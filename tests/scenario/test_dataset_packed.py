"""What is packed, in UTF-16 or without a telling name is data like any other; chatter is left alone."""

from __future__ import annotations

import gzip
import io
import zipfile

from tests.fakes.stage import CHANNEL, Message, Stage, rows

BROKEN = rows(11) + b'{"messages": [{"role": "user", "content": "x"}]}\n'
PAIRS = b'[{"question": "who?", "answer": "me"}' + b', {"question": "what?", "answer": "that"}' * 11 + b"]"


def zipped(*names: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


async def card(stage: Stage, name: str, data: bytes) -> Message:
    return (await stage.replies(await stage.ana.drop(CHANNEL, name, data)))[0]


async def test_packed_and_wide_rows_are_kept_as_the_text_that_they_are(stage: Stage) -> None:
    plain = await card(stage, "first.jsonl", rows())
    assert "Kept as `first`" in plain["text"]
    same = rows().decode()
    for name, data in [
        ("packed.jsonl.gz", gzip.compress(same.encode())),
        ("packed.zip", zipped("inside.jsonl", content=same.encode())),
        ("wide.jsonl", same.encode("utf-16")),
        ("rows.txt", same.encode()),
        ("rows", same.encode("utf-16-le")),
    ]:
        known = await card(stage, name, data)
        assert "already here as `first`" in known["text"], (name, known["text"])
    other = await card(stage, "other.jsonl.gz", gzip.compress(rows(13)))
    assert "Kept as `other`" in other["text"]


async def test_a_finding_in_a_packed_file_names_the_row_of_its_text(stage: Stage) -> None:
    packed = gzip.compress(BROKEN)
    rejected = await card(stage, "bad.txt.gz", packed)
    assert "row 12" in rejected["text"]
    assert f"`bad.txt.gz` ({len(packed)} bytes)" in rejected["text"]
    assert "fix_rows" in str(rejected["blocks"])


async def test_another_format_is_offered_a_conversion_however_it_is_packed(stage: Stage) -> None:
    for name, data in [
        ("pairs.txt", PAIRS),
        ("pairs", PAIRS.decode().encode("utf-16")),
        ("pairs.zip", zipped("pairs.json", content=PAIRS)),
        ("pairs.csv.gz", gzip.compress(b"question,answer\n" + b"who?,me\n" * 12)),
    ]:
        offered = await card(stage, name, data)
        assert "`question-answer`" in offered["text"], (name, offered["text"])
        assert "convert_file" in str(offered["blocks"])


async def test_a_packing_that_can_not_be_opened_is_answered_with_what_to_do(stage: Stage) -> None:
    for name, data, words in [
        (
            "two.zip",
            zipped("a.jsonl", "b.jsonl", content=rows()),
            "2 files that may be the data: `a.jsonl`, `b.jsonl`",
        ),
        ("cut.jsonl.gz", gzip.compress(rows())[:50], "Pack it again"),
        ("cut.xlsx", zipped("a.xml", content=rows())[:80], "The Excel file is damaged. Save it again"),
        ("rows.jsonl.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), "Use gzip or ZIP"),
    ]:
        answer = await card(stage, name, data)
        assert words in answer["text"], (name, answer["text"])


async def test_the_data_of_an_archive_is_found_beside_what_people_pack_with_it(stage: Stage) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("news/README.md", "# News\n")
        archive.writestr("news/LICENSE", "MIT\n")
        archive.writestr("__MACOSX/news/._train.jsonl", "\0\5\x16")
        archive.writestr("news/.DS_Store", "\0")
        archive.writestr("news/train.jsonl", rows())
    assert "Kept as `news`" in (await card(stage, "news.zip", packed.getvalue()))["text"]


async def test_chatter_is_left_alone(stage: Stage) -> None:
    log = b'[2026-11-25 18:00:01] INFO {"a": 1}\n' * 4000
    dropped = [
        await stage.ana.drop(CHANNEL, name, data)
        for name, data in [
            ("app.txt", log),
            ("app.log", b'{"level": "info"}\n' * 9),
            ("logs.zip", zipped("app.log", content=log)),
            ("code.zip", zipped("main.py", "rows.jsonl", content=b"import os\n")),
            ("main.py", b"import os\n"),
            ("notes.txt.gz", gzip.compress(b"hello\n")),
        ]
    ]
    await card(stage, "last.jsonl", rows())
    for message in dropped:
        assert len(await stage.control.thread(CHANNEL, message["ts"])) == 1
