"""Fix in Slack: bad rows are changed or dropped in a form, and the result is checked and kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.stage import CHANNEL, Message, Stage, rows
from tuning.errors import FileUnreadable
from tuning.records import Diff, Person

GOOD = '{"messages": [{"role": "user", "content": "mended"}, {"role": "assistant", "content": "World"}]}'
NO_ANSWER = b'{"messages": [{"role": "user", "content": "unanswered"}]}\n'
CUT = b'{"messages": [{"role": "user", "con\n'
NO_ROLE = b'{"messages": [{"content": "who?"}, {"role": "assistant", "content": "World"}]}\n'
ANA = Person("T0SANDBOX1", "U0ANA00001")
#: Rows 5, 14 and 15 are bad.
BAD = rows(4) + NO_ANSWER + rows(8) + CUT + NO_ROLE


async def rejected(stage: Stage) -> tuple[Message, Message]:
    """The root of ana's bad file, and its card."""
    root = await stage.ana.drop(CHANNEL, "bad.jsonl", BAD)
    return root, (await stage.replies(root))[0]


async def shows(stage: Stage, words: str) -> dict[str, Any]:
    """ana's form once it shows these words."""

    async def look() -> dict[str, Any] | None:
        forms = await stage.ana.modals()
        return forms[-1] if forms and words in str(forms[-1]["blocks"]) else None

    found: dict[str, Any] = await stage.seen(look)
    return found


async def test_rows_are_changed_and_dropped_and_the_result_is_kept(stage: Stage) -> None:
    root, card = await rejected(stage)
    await stage.ana.press(card, "fix_rows")
    form = await shows(stage, "*Row 5*")
    assert "unanswered" in str(form["blocks"])
    assert "1 of 3 bad rows" in str(form["blocks"])
    refused = await stage.ana.submit({"row-5": '{"messages": []}'})
    assert "messages" in refused["errors"]["row-5"]
    assert "empty" in (await stage.ana.submit({"row-5": " "}))["errors"]["row-5"].lower()
    two = (await stage.ana.submit({"row-5": f"{GOOD}\n{GOOD}"}))["errors"]["row-5"]
    assert two == "A second row begins in line 2: this field holds one row, which is one JSON object."
    cut = (await stage.ana.submit({"row-5": '{"messages":\n ['}))["errors"]["row-5"]
    assert cut.startswith("This isn't one JSON object: line 2 can't be read from character 3 on.")
    pretty = GOOD.replace('"messages": [', '"messages": [\n  ')
    assert (await stage.ana.submit({"row-5": pretty}))["ok"]
    await stage.ana.press(await shows(stage, "*Row 14*"), "fix_drop")
    assert (await shows(stage, "*Row 15*"))["submit"]
    assert (await stage.ana.submit({"row-15": GOOD.replace("mended", "and this")}))["ok"]
    await shows(stage, "2 rows changed, 1 row dropped")
    assert (await stage.ana.submit())["ok"]
    kept = await stage.card_says(root, "Kept as `bad`")
    assert "14 rows" in kept["text"]
    assert "fix_rows" not in str(kept["blocks"])
    (version,) = (await stage.bot.services.library.find(ANA, "bad")).versions
    files = stage.bot.services.library.files
    lines = files.path(version.sha256).read_text().splitlines()
    assert json.loads(lines[4]) == json.loads(GOOD)
    assert all(json.loads(line) for line in lines)
    assert version.source.steps == ("mended",)
    assert version.source.diff == Diff(added=0, removed=1, changed=2)
    assert files.path(version.source.sha256).read_bytes() == BAD


async def test_every_bad_row_is_reached_and_a_good_one_is_changed_by_its_number(stage: Stage) -> None:
    """A report names 20 rows of a kind; the 25 bad ones are rows 3 to 27."""
    root = await stage.ana.drop(CHANNEL, "many.jsonl", rows(2) + NO_ANSWER * 25 + rows(12, "World"))
    card = (await stage.replies(root))[0]
    await stage.ana.press(card, "fix_rows")
    assert "1 of 25 bad rows" in str((await shows(stage, "*Row 3*"))["blocks"])
    await stage.ana.press(await shows(stage, "*Row 3*"), "fix_go", "27")
    last = await shows(stage, "*Row 27*")
    assert "25 of 25 bad rows" in str(last["blocks"])
    await stage.ana.press(last, "fix_drop")
    await shows(stage, "1 row dropped, 24 bad rows left as they are")
    await stage.ana.press(await shows(stage, "left"), "fix_again")
    await stage.ana.press(await shows(stage, "*Row 3*"), "fix_go", "99")
    await stage.ana.press(await shows(stage, "many.jsonl has no row 99"), "fix_go", "2")
    good = await shows(stage, "*Row 2*")
    assert "Not one of the 25 bad rows" in str(good["blocks"])
    assert (await stage.ana.submit({"row-2": GOOD}))["ok"]
    for row in range(3, 27):
        await stage.ana.press(await shows(stage, f"*Row {row}*"), "fix_drop")
    await shows(stage, "1 row changed, 25 rows dropped")
    assert (await stage.ana.submit())["ok"]
    await stage.card_says(root, "Kept as `many`")
    (version,) = (await stage.bot.services.library.find(ANA, "many")).versions
    assert version.source.diff == Diff(added=0, removed=25, changed=1)


async def test_a_long_row_is_changed_in_parts_and_one_gone_back_to_shows_what_was_decided(
    stage: Stage,
) -> None:
    said = "A long story. " * 600
    turns = [{"role": "user", "content": said}, {"role": "asistant", "content": said + "The end."}]
    long_row = json.dumps({"messages": turns})
    root = await stage.ana.drop(CHANNEL, "long.jsonl", rows(12) + long_row.encode() + b"\n" + NO_ANSWER)
    await stage.ana.press((await stage.replies(root))[0], "fix_rows")
    form = await shows(stage, "*Row 13*")
    parts = [b["element"]["initial_value"] for b in form["blocks"] if b["block_id"].startswith("row-13")]
    assert "".join(parts) == long_row
    assert max(map(len, parts)) <= 3000
    (at,) = [n for n, part in enumerate(parts) if '"asistant"' in part]
    field = f"row-13-{at}"
    assert (await stage.ana.submit({field: parts[at].replace("asistant", "assistant")}))["ok"]
    await stage.ana.press(await shows(stage, "*Row 14*"), "fix_before")
    again = await shows(stage, "as <@U0ANA00001> changed it")
    assert "assistant" in str(again["blocks"])
    await stage.ana.press(again, "fix_next")
    await stage.ana.press(await shows(stage, "*Row 14*"), "fix_drop")
    await shows(stage, "1 row changed, 1 row dropped")
    assert (await stage.ana.submit())["ok"]
    await stage.card_says(root, "Kept as `long`")
    (version,) = (await stage.bot.services.library.find(ANA, "long")).versions
    lines = stage.bot.services.library.files.path(version.sha256).read_text().splitlines()
    assert json.loads(lines[12])["messages"][1]["content"] == said + "The end."


async def test_a_row_of_one_letter_words_is_changed_in_parts_without_losing_a_space(stage: Stage) -> None:
    spaced = json.dumps({"messages": [{"role": "user", "content": "x " * 2500 + "end"}]})
    root = await stage.ana.drop(CHANNEL, "ocr.jsonl", rows(12) + spaced.encode() + b"\n")
    await stage.ana.press((await stage.replies(root))[0], "fix_rows")
    form = await shows(stage, "*Row 13*")
    parts = [b["element"]["initial_value"] for b in form["blocks"] if b["block_id"].startswith("row-13")]
    fields = {f"row-13-{at}" if at else "row-13": part.strip() for at, part in enumerate(parts)}
    last = f"row-13-{len(parts) - 1}"
    fields[last] = fields[last].replace("}]}", '}, {"role": "assistant", "content": "read"}]}')
    assert (await stage.ana.submit(fields))["ok"]
    await shows(stage, "1 row changed")
    assert (await stage.ana.submit())["ok"]
    await stage.card_says(root, "Kept as `ocr`")
    (version,) = (await stage.bot.services.library.find(ANA, "ocr")).versions
    lines = stage.bot.services.library.files.path(version.sha256).read_text().splitlines()
    assert json.loads(lines[12])["messages"][0]["content"] == "x " * 2500 + "end"


async def test_a_form_of_bytes_that_were_checked_again_changes_nothing(stage: Stage) -> None:
    root, card = await rejected(stage)
    await stage.ana.press(card, "fix_rows")
    stale = await shows(stage, "*Row 5*")
    drop_id = json.loads(stale["private_metadata"])["drop_id"]
    mending = stage.bot.services.mending
    await mending.leave_out(ANA, drop_id, 5)
    await mending.finish(ANA, drop_id)
    await stage.bot.services.drops.resume()
    await stage.card_says(root, "2 errors in 14 rows")
    refused = await stage.ana.submit({"row-5": GOOD})
    assert "checked again meanwhile" in refused["errors"]["row-5"]


async def test_what_was_left_wrong_is_told_again_and_can_be_mended_later(stage: Stage) -> None:
    root, card = await rejected(stage)
    await stage.ana.press(card, "fix_rows")
    await stage.ana.press(await shows(stage, "*Row 5*"), "fix_drop")
    await stage.ana.press(await shows(stage, "*Row 14*"), "fix_drop")
    await stage.ana.press(await shows(stage, "*Row 15*"), "fix_next")
    await shows(stage, "2 rows dropped, 1 bad row left as it is")
    assert (await stage.ana.submit())["ok"]
    again = await stage.card_says(root, "after your changes")
    assert "*row 15*" in again["text"]
    size = f"{len(BAD) / 1000:.1f} kB"
    head = (
        f"`bad.jsonl` ({size}), after your changes (2 rows dropped), can't be used for training yet: 1 error"
    )
    assert f"{head} in 13 rows" in again["text"]
    await stage.ana.press(again, "fix_rows")
    await stage.ana.press(await shows(stage, "*Row 15*"), "fix_go", "5")
    await stage.ana.press(await shows(stage, "Row 5 of bad.jsonl was dropped"), "fix_go", "13")
    assert "headline 7" in str((await shows(stage, "*Row 13*"))["blocks"])
    await stage.ana.press(await shows(stage, "*Row 13*"), "fix_go", "15")
    await shows(stage, "*Row 15*")
    assert (await stage.ana.submit({"row-13": GOOD}))["ok"]
    await shows(stage, "1 row changed")
    assert (await stage.ana.submit())["ok"]
    await stage.card_says(root, "Kept as `bad`")


async def test_only_its_person_or_an_administrator_mends_a_file(stage: Stage) -> None:
    _, card = await rejected(stage)
    await stage.ben.press(card, "fix_rows")
    assert "Only its owner or an administrator may mend" in (await stage.note(stage.ben))["text"]
    await stage.admin.press(card, "fix_rows")
    assert (await stage.admin.modal("fix_row"))["callback_id"] == "fix_row"


async def test_a_check_that_a_kill_broke_off_goes_on_at_the_next_start(stage: Stage) -> None:
    root, card = await rejected(stage)
    services = stage.bot.services
    drop_id = next(e["value"] for b in card["blocks"] for e in b.get("elements", []) if "value" in e)
    for row in (5, 14, 15):
        await services.mending.leave_out(ANA, drop_id, row)
    await services.mending.finish(ANA, drop_id)
    await stage.card_says(root, "Checking")
    await services.drops.resume()
    assert "12 rows" in (await stage.card_says(root, "Kept as `bad`"))["text"]


async def test_a_rejected_file_is_let_go_after_a_week(stage: Stage) -> None:
    _, card = await rejected(stage)
    keeping = stage.bot.services.library.keeping
    await keeping.sweep()
    assert list(keeping.files.kept())
    now = stage.bot.services.now
    await replace(keeping, now=lambda: now() + timedelta(days=8)).sweep()
    assert not list(keeping.files.kept())
    await stage.ana.press(card, "fix_rows")
    assert "kept for a week" in (await stage.note(stage.ana))["text"]


async def test_a_check_that_fails_loses_no_edit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    root, card = await rejected(stage)
    await stage.ana.press(card, "fix_rows")
    for row in (5, 14, 15):
        await stage.ana.press(await shows(stage, f"*Row {row}*"), "fix_drop")
    await shows(stage, "3 rows dropped")

    async def broken(*_: Any, **__: Any) -> Any:
        raise FileUnreadable("The file could not be checked.")

    with monkeypatch.context() as patched:
        patched.setattr(type(stage.bot.services.drops.checks.checker), "check", broken)
        assert (await stage.ana.submit())["ok"]
        again = await stage.card_says(root, "could not be checked")
    await stage.ana.press(again, "fix_rows")
    await shows(stage, "3 rows dropped")
    assert (await stage.ana.submit())["ok"]
    await stage.card_says(root, "Kept as `bad`")


async def test_two_people_who_fix_the_same_row_see_what_the_other_one_decided(stage: Stage) -> None:
    root, card = await rejected(stage)
    await stage.ana.press(card, "fix_rows")
    await stage.ana.modal("fix_row")
    await stage.admin.press(card, "fix_rows")
    await stage.admin.modal("fix_row")
    assert (await stage.ana.submit({"row-5": GOOD.replace("mended", "by ana")}))["ok"]
    mine = GOOD.replace("mended", "by the admin")
    assert (await stage.admin.submit({"row-5": mine}))["ok"]
    told = str((await stage.admin.modals())[-1]["blocks"])
    assert "<@U0ANA00001> changed this row to" in told
    assert "by ana" in told
    assert (await stage.admin.submit({"row-5": mine}))["ok"]
    await stage.ana.press(await shows(stage, "*Row 14*"), "fix_drop")
    await shows(stage, "*Row 15*")
    await stage.admin.press((await stage.admin.modals())[-1], "fix_drop")

    async def overtaken() -> bool:
        return "<@U0ANA00001> dropped this row" in str((await stage.admin.modals())[-1]["blocks"])

    await stage.seen(overtaken)
    async with stage.bot.store.begin() as tx:
        (drop,) = await tx.drops.in_thread("T0SANDBOX1", card["channel"], root["ts"])
        edits = {edit.row: edit for edit in await tx.drops.edits(drop.workspace, drop.id)}
    assert "by the admin" in (edits[5].text or "")
    assert edits[14].by == "U0ANA00001"


async def test_a_row_too_long_for_a_form_is_shown_in_part_and_passed_over_or_dropped(stage: Stage) -> None:
    long = b'{"messages": [{"role": "user", "content": "%s"}]}\n' % (b"word " * 40_000)
    root = await stage.ana.drop(CHANNEL, "long.jsonl", long + rows(12) + long + NO_ANSWER)
    await stage.ana.press((await stage.replies(root))[0], "fix_rows")
    form = await shows(stage, "*Row 1*")
    assert "A form of Slack can't hold this row" in str(form["blocks"])
    await stage.ana.press(form, "fix_send")
    await shows(stage, "on its way to you")

    async def sent() -> list[bytes]:
        workspace = stage.sandbox.workspace
        direct = [m for m in workspace.messages.values() if m.app_id and m.channel.startswith("D")]
        return [(workspace.file_dir / file).read_bytes() for message in direct for file in message.files]

    assert await stage.seen(sent) == [long]
    assert (await stage.ana.submit({}))["ok"]
    await stage.ana.press(await shows(stage, "*Row 14*"), "fix_drop")
    await shows(stage, "*Row 15*")
    assert (await stage.ana.submit({"row-15": GOOD}))["ok"]
    await shows(stage, "1 row changed, 1 row dropped, 1 bad row left as it is")
