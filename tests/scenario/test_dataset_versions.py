"""Corrected files in a thread become versions; the same bytes are known; the disk has a quota."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.client import Person
from storage import KeptFiles
from tests.fakes.stage import CHANNEL, Message, Stage, rows
from tuning.errors import Gone
from tuning.records import Person as Somebody

BROKEN = rows(11) + b'{"messages": [{"role": "user", "content": "x"}]}\n'


async def card_in(stage: Stage, who: Person, root: Message, name: str, data: bytes, count: int) -> Message:
    """The card of a file that is dropped into a thread: the thread's reply number `count`."""
    await who.drop(CHANNEL, name, data, thread_ts=root["ts"])
    return (await stage.replies(root, count))[count - 1]


async def test_a_corrected_file_becomes_the_next_version_and_its_card_tells_the_diff(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    await stage.replies(root)
    lines = rows(14).splitlines(keepends=True)
    changed = b"".join([lines[0].replace(b"Sports", b"World"), *lines[2:]])
    card = await card_in(stage, stage.ana, root, "news-fixed.jsonl", changed, 3)
    assert "Kept as `news`, version 2" in card["text"]
    assert "Since version 1: 2 rows added, 1 row removed, 1 row changed." in card["text"]
    await stage.ana.command(CHANNEL, "/ft", "train news@1 suffix=old")
    await stage.seen(stage._job_is_there)
    (sent,) = stage.backend.files.values()
    assert "-v1-" in sent["filename"]
    await stage.ana.command(CHANNEL, "/ft", "train news suffix=new")

    async def both() -> bool:
        return len(stage.backend.jobs) == 2

    await stage.seen(both)
    assert any("-v2-" in file["filename"] for file in stage.backend.files.values())
    await stage.ana.command(CHANNEL, "/ft", "train news@7")
    assert "has no version 7" in (await stage.note(stage.ana, "version"))["text"]


async def test_a_version_that_keeps_no_row_of_the_one_before_says_so(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    await stage.replies(root)
    other = await card_in(stage, stage.ana, root, "other.jsonl", rows(13, "World"), 3)
    assert "Kept as `news`, version 2" in other["text"]
    assert "No row of version 1 is left" in other["text"]
    alike = await card_in(stage, stage.ana, root, "news.jsonl", rows(14, "World"), 5)
    assert "is left" not in alike["text"]


async def test_only_who_may_adds_a_version_others_get_a_dataset_of_their_own(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    await stage.replies(root)
    mine = await card_in(stage, stage.ben, root, "news.jsonl", rows(13), 3)
    assert "Kept as `news-2`" in mine["text"]
    assert "Only its owner or an administrator may add a version to `news`" in mine["text"]
    admins = await card_in(stage, stage.admin, root, "news.jsonl", rows(15), 5)
    assert "Kept as `news`, version 2" in admins["text"]
    assert "<@U0ANA00001>" in str(admins["blocks"])


async def test_a_file_in_a_rejected_files_thread_is_a_dataset_of_its_own(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "news.jsonl", BROKEN)
    (rejected,) = await stage.replies(root)
    assert "row 12" in rejected["text"]
    fixed = await card_in(stage, stage.ana, root, "news.jsonl", rows(), 3)
    assert "Kept as `news`:" in fixed["text"]
    again = await card_in(stage, stage.ana, root, "news.jsonl", rows(), 5)
    assert "already here as `news`" in again["text"]


def limit(stage: Stage, quota: int) -> None:
    """So many bytes may be kept from now on."""
    drops = stage.bot.services.drops
    keeping = replace(drops.keeping, quota=quota)
    full = replace(drops, keeping=keeping, fetcher=replace(drops.fetcher, keeping=keeping))
    object.__setattr__(stage.bot.services, "drops", full)


async def test_a_file_that_exceeds_the_quota_is_refused_before_it_is_fetched(stage: Stage) -> None:
    limit(stage, 2000)
    root = await stage.ana.drop(CHANNEL, "big.jsonl", rows(40))
    (card,) = await stage.replies(root)
    assert "There is no room for big.jsonl" in card["text"]
    assert "There is no room for big.jsonl (4.1 kB)" in card["text"]
    assert "datasets use 0 bytes of the 2.0 kB that may be kept" in card["text"]
    assert "FT_QUOTA_BYTES; then drop the file again" in card["text"]
    assert not [e for e in await stage.control.exchanges("call") if e["name"] == "files download"]


async def test_rejected_files_give_way_when_room_is_needed_and_say_so(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "broken.jsonl", BROKEN)
    (card,) = await stage.replies(root)
    (value,) = [e["value"] for b in card["blocks"] for e in b.get("elements", []) if "action_id" in e]
    used = stage.bot.services.library.files.used()
    limit(stage, used + 1500)
    small = await stage.ana.drop(CHANNEL, "small.jsonl", rows(11))
    assert "Kept as `small`" in (await stage.card_says(small, "Kept"))["text"]
    assert "fix_rows" in str((await stage.replies(root))[0]["blocks"])
    large = await stage.ben.drop(CHANNEL, "large.jsonl", rows(14, "World"))
    assert "Kept as `large`" in (await stage.card_says(large, "Kept"))["text"]

    async def without_buttons() -> bool:
        return "fix_rows" not in str((await stage.replies(root))[0]["blocks"])

    await stage.seen(without_buttons)
    with pytest.raises(Gone, match="or until its room is needed"):
        await stage.bot.services.mending.step(Somebody("T0SANDBOX1", "U0ANA00001"), value)


async def test_a_correction_of_a_full_disks_rejected_file_takes_its_place(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "broken.jsonl", BROKEN)
    await stage.replies(root)
    limit(stage, stage.bot.services.library.files.used() + 200)
    fixed = await card_in(stage, stage.ana, root, "broken.jsonl", rows(), 3)
    assert "Kept as `broken`" in fixed["text"]
    assert "It corrects `broken.jsonl` above." in fixed["text"]


async def test_nothing_gives_way_to_a_file_that_has_no_room_all_the_same(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "broken.jsonl", BROKEN)
    await stage.replies(root)
    limit(stage, 2200)
    refused = await stage.ana.drop(CHANNEL, "big.jsonl", rows(40))
    (told,) = await stage.replies(refused)
    assert "rejected files of the last week use " in told["text"]
    assert "fix_rows" in str((await stage.replies(root))[0]["blocks"])


async def test_bytes_that_are_removed_before_they_are_on_record_are_fetched_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, drops = stage.bot.services.library.files, stage.bot.services.drops
    keep = type(files).keep
    lost: list[str] = []

    async def losing(self: KeptFiles, temporary: Path, sha256: str) -> Path:
        kept = await keep(self, temporary, sha256)
        if not lost:
            lost.append(sha256)
            self.remove(sha256)
        return kept

    monkeypatch.setattr(KeptFiles, "keep", losing)
    root = await stage.ana.drop(CHANNEL, "news.jsonl", rows())

    async def told() -> list[Message]:
        await drops.resume()
        return (await stage.control.thread(CHANNEL, root["ts"]))[1:]

    (card,) = await stage.seen(told)
    assert "Kept as `news`:" in card["text"]
    assert [sha256 for sha256, _ in files.kept()] == lost


async def test_bytes_that_no_record_names_are_swept_once_they_are_old(stage: Stage) -> None:
    await stage.dataset()
    keeping = stage.bot.services.library.keeping
    (kept,) = [sha256 for sha256, _ in keeping.files.kept()]
    left = keeping.files.temporary("left")
    left.write_bytes(b"left by a kill")
    await keeping.files.keep(left, "0" * 64)
    await keeping.sweep()
    assert len(list(keeping.files.kept())) == 2
    now = stage.bot.services.now
    await replace(keeping, now=lambda: now() + timedelta(days=2)).sweep()
    assert [sha256 for sha256, _ in keeping.files.kept()] == [kept]
