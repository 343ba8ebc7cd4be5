"""One dataset on its page: looked at, paged through, renamed, shared, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.fakes.records import make_report
from tests.fakes.stage import CHANNEL, Stage, rows
from tuning.records import Dataset, Version

HOSTILE = (
    b'{"messages": [{"role": "system", "content": "<!channel> *be* brief"}, {"role": "user", "content": '
    b'"see [this](https://evil.com)"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", '
    b'"type": "function", "function": {"name": "look", "arguments": "{}"}}]}, {"role": "tool", '
    b'"tool_call_id": "c1", "content": "found"}, {"role": "assistant", "content": "`done`"}]}\n'
)


async def page(stage: Stage, name: str = "news") -> dict[str, Any]:
    """What `/ft dataset NAME` answers ana."""
    before = len(await stage.ana.notes())
    await stage.ana.command(CHANNEL, "/ft", f"dataset {name}")

    async def look() -> dict[str, Any] | None:
        notes = await stage.ana.notes()
        return notes[-1] if len(notes) > before else None

    found: dict[str, Any] = await stage.seen(look)
    return found


async def kept(stage: Stage) -> list[str]:
    return [sha256 for sha256, _ in stage.bot.services.library.files.kept()]


async def test_the_page_shows_report_versions_jobs_models_and_examples(stage: Stage) -> None:
    model = await stage.model()
    await stage.ana.press((await stage.replies((await stage.control.channel(CHANNEL))[0]))[0], "show_dataset")
    shown = await stage.note(stage.ana, "news")
    text = str(shown["blocks"])
    assert "`news@1`" in text
    assert stage.backend_job() in text
    assert model in text
    assert "*user*: headline 0" in text
    assert "*assistant*: Sports" in text
    assert "Format" in text


async def test_examples_are_shown_as_a_conversation_in_which_nothing_is_live_and_turned_by_buttons(
    stage: Stage,
) -> None:
    await stage.dataset("news.jsonl", HOSTILE + rows(11))
    first = await page(stage)
    text = str(first["blocks"])
    assert "<!channel>" not in text
    assert "https://evil.com" not in text
    assert "calls `look` with `{}`" in text
    await stage.ana.press(first, "show_examples")
    second = await stage.note(stage.ana, "Examples 3 to 5")
    await stage.ana.press(second, "examples_next")
    third = await stage.note(stage.ana, "Examples 6 to 8")
    assert "headline 4" in str(third["blocks"])
    await stage.ana.press(third, "examples_before")
    await stage.note(stage.ana, "Examples 3 to 5")


async def test_its_owner_renames_it_and_the_channel_and_the_card_are_told(stage: Stage) -> None:
    await stage.dataset()
    await stage.dataset("other.jsonl", rows(13))
    shown = await page(stage)
    await stage.ben.command(CHANNEL, "/ft", "dataset news")
    await stage.ben.press(await stage.note(stage.ben, "news"), "rename_dataset")
    assert "Only its owner" in (await stage.note(stage.ben, "rename"))["text"]
    await stage.ana.press(shown, "rename_dataset")
    await stage.ana.modal("rename_dataset")
    assert "already" in (await stage.ana.submit({"name": "other"}))["errors"]["name"]
    assert "letters" in (await stage.ana.submit({"name": "no spaces!"}))["errors"]["name"]
    assert (await stage.ana.submit({"name": "headlines"}))["ok"]
    (line,) = await stage.roots()
    assert "<@U0ANA00001> renamed the dataset `news` to `headlines`" in line["text"]
    dropped = (await stage.control.channel(CHANNEL))[0]

    async def card_names_it() -> bool:
        return "Kept as `headlines`" in (await stage.replies(dropped))[0]["text"]

    await stage.seen(card_names_it)
    assert "headlines" in (await page(stage, "headlines"))["text"]


async def test_it_is_shared_into_another_channel(stage: Stage) -> None:
    await stage.dataset()
    await stage.ana.press(await page(stage), "share_dataset")
    await stage.ana.modal("share_dataset")
    assert (await stage.ana.submit({"channel": "C0GENERAL1"}))["ok"]

    async def there() -> list[dict[str, Any]]:
        return [m for m in await stage.control.channel("#general") if m.get("bot_id")]

    assert "`news` is on its way to <#C0GENERAL1>" in (await stage.note(stage.ana, "on its way"))["text"]
    (card,) = await stage.seen(there)
    assert "<@U0ANA00001> shares a dataset: `news`" in card["text"]
    await stage.ben.press(card, "show_dataset")
    await stage.note(stage.ben, "news")


async def test_it_is_deleted_with_all_its_bytes_once_no_job_needs_it(stage: Stage) -> None:
    await stage.dataset()
    await stage.job()
    await stage.seen(stage._job_is_there)
    shown = await page(stage)
    assert "confirm" in str(shown["blocks"])
    await stage.ana.press(shown, "delete_dataset")
    refused = await stage.note(stage.ana, "needs it")
    assert "can't be deleted now" in refused["text"]
    stage.backend.finish(stage.backend_job())
    await stage.settle(10)
    assert await kept(stage)
    await stage.ana.press(await page(stage), "delete_dataset")

    async def told() -> list[str]:
        roots = await stage.roots()
        return [m["text"] for m in roots if "deleted the dataset `news`" in m["text"]]

    assert len(await stage.seen(told)) == 1
    assert await kept(stage) == []
    await stage.settle()
    assert stage.backend.files == {}
    card = (await stage.replies((await stage.control.channel(CHANNEL))[0]))[0]
    assert "its dataset was deleted" in card["text"]
    assert "train_dataset" not in str(card["blocks"])
    again = await stage.dataset("news.jsonl")
    assert "Kept as `news`" in again["text"]


def sent_to(stage: Stage, user: str) -> list[bytes]:
    """The files in somebody's direct channel with the bot, oldest first."""
    workspace = stage.sandbox.workspace
    messages = sorted(workspace.messages.values(), key=lambda one: one.ts)
    direct = {channel.id for channel in workspace.channels.values() if user in channel.members}
    found = [one for one in messages if one.app_id and one.channel in direct and one.channel[0] == "D"]
    return [contents(stage, file_id) for one in found for file_id in one.files]


def contents(stage: Stage, file_id: str) -> bytes:
    return (stage.sandbox.workspace.file_dir / file_id).read_bytes()


async def test_its_rows_and_the_file_that_it_was_made_of_are_sent_to_its_owner_alone(stage: Stage) -> None:
    table = "question,answer\n" + "".join(f"what is {n}?,the number {n}\n" for n in range(12))
    root = await stage.ana.drop(CHANNEL, "faq.csv", table.encode())
    await stage.ana.press((await stage.replies(root))[0], "convert_file")
    await stage.ana.modal("convert_file")
    assert (await stage.ana.submit({}))["ok"]

    async def kept_as() -> bool:
        return "Kept as `faq`" in (await stage.replies(root))[0]["text"]

    await stage.seen(kept_as)
    shown = await page(stage, "faq")
    made = f"made of `faq.csv` ({len(table)} bytes): converted; the original is kept"
    assert made in str(shown["blocks"])
    await stage.ben.command(CHANNEL, "/ft", "dataset faq")
    await stage.ben.press(await stage.note(stage.ben, "faq"), "send_original")
    assert "Only its owner or an administrator may download" in (await stage.note(stage.ben, "may"))["text"]
    await stage.ana.press(shown, "send_original")
    await stage.note(stage.ana, "direct message")
    await stage.ana.press(shown, "send_rows")

    async def both() -> list[bytes]:
        found = sent_to(stage, "U0ANA00001")
        return found if len(found) == 2 else []

    original, lines = await stage.seen(both)
    assert original == table.encode()
    assert lines.count(b'"messages"') == 12
    assert not sent_to(stage, "U0BEN00001")


async def test_a_picture_of_the_lengths_comes_into_the_cards_thread_once(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    card = (await stage.replies(root))[0]
    for _ in range(2):
        await stage.ben.press(card, "send_histogram")
    picture = (await stage.replies(root, 2))[1]
    (file,) = picture["files"]
    assert file["name"].startswith("news-v1-tokens-")
    assert contents(stage, file["id"]).startswith(b"\x89PNG")
    await stage.settle()
    assert len(await stage.replies(root)) == 2


async def test_a_newer_version_is_told_on_the_cards_of_the_older_ones(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    await stage.replies(root)
    card = await stage.job()
    assert "`news@1`" in card["text"]
    await stage.ana.drop(CHANNEL, "news.jsonl", rows(14), thread_ts=root["ts"])

    async def told() -> bool:
        first = (await stage.replies(root))[0]
        job = (await stage.roots())[0]
        return "Version 2 is the latest" in str(first) and "has version 2 since" in str(job["blocks"])

    await stage.seen(told)
    await stage.ana.command(CHANNEL, "/ft", "dataset news@1")
    old = await stage.note(stage.ana, "news")
    assert "This is version 1; version 2 is the latest" in str(old["blocks"])
    assert "2 versions" in str(old["blocks"])
    assert "🆕" not in str(old["blocks"])
    await stage.ana.press(old, "train_dataset")
    form = await stage.ana.modal("train")
    chosen = next(b["element"]["initial_option"] for b in form["blocks"] if b.get("block_id") == "dataset")
    assert chosen["text"]["text"] == "news@1"
    assert (await stage.ana.submit({"suffix": "old"}))["ok"]
    assert "`news@1`" in (await stage.roots(2))[-1]["text"]


async def test_known_bytes_name_their_version_and_train_it(stage: Stage) -> None:
    root = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    await stage.replies(root)
    for number in (13, 14):
        await stage.ana.drop(CHANNEL, "news.jsonl", rows(number), thread_ts=root["ts"])
        await stage.replies(root, (number - 12) * 2 + 1)
    (known,) = await stage.replies(await stage.ben.drop(CHANNEL, "again.jsonl", rows()))
    assert "is already here as version 1 of `news`" in known["text"]
    assert "version 3 is the latest" in known["text"]
    await stage.ben.press(known, "show_dataset")
    await stage.note(stage.ben, "news")
    await stage.ben.press(known, "train_dataset")
    form = await stage.ben.modal("train")
    assert "'news@1'" in str(form["blocks"])
    assert (await stage.ben.submit({"suffix": "old"}))["ok"]
    assert "`news@1`" in (await stage.roots())[-1]["text"]
    (latest,) = await stage.replies(await stage.ben.drop(CHANNEL, "third.jsonl", rows(14)))
    assert "is already here as version 3 of `news`" in latest["text"]
    assert "is the latest" not in latest["text"]


async def test_a_list_counts_all_datasets_and_turns_the_pages_of_what_was_searched_for(stage: Stage) -> None:
    now = stage.bot.services.now()
    async with stage.bot.store.begin() as tx:
        for number in range(130):
            name, at = f"{'news' if number % 10 == 0 else 'other'}-{number}", now - timedelta(minutes=number)
            version = Version(f"ver{number}", f"ds{number}", 1, f"{number:064x}", 9, make_report(), "U1", at)
            await tx.datasets.add(Dataset(f"ds{number}", "T0SANDBOX1", name, "U1", at, (version,)))
    await stage.ana.command(CHANNEL, "/ft", "datasets")
    assert "130 datasets" in (await stage.note(stage.ana))["text"]
    await stage.ana.command(CHANNEL, "/ft", "datasets NEWS")
    first = await stage.note(stage.ana, "13 datasets with `NEWS` in the name")
    assert "news-90" in first["text"]
    assert "other" not in first["text"]
    await stage.ana.press(first, "more_datasets")
    last = await stage.note(stage.ana, "news-120")
    assert "other" not in last["text"]
    assert "more_datasets" not in str(last["blocks"])


async def test_a_name_that_looks_like_a_domain_is_found_as_it_is_copied_from_a_message(stage: Stage) -> None:
    card = await stage.dataset("evil.example.com.jsonl")
    copied = card["text"].split("Kept as `")[1].split("`")[0]
    assert "\u200b" in copied
    assert "evil" in (await page(stage, f"`{copied}`"))["text"]
    await stage.ana.command(CHANNEL, "/ft", f"datasets {copied}")
    await stage.note(stage.ana, "1 dataset with")
