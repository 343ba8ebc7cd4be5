"""The sandbox's page in a real browser."""

import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import yaml

from tests.browser.axe import serious
from tests.fakes.browser import browser, needs_browser, window
from tests.fakes.example_app import PROGRESS, REPORT, example_app
from tests.fakes.slack_apps import over_socket
from tests.fakes.slack_workspace import ROOT, SlackWorkspace, open_workspace

pytestmark = [needs_browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
FINE_TUNING = "C0FINETUNE"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Any]:
    async with browser() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def workspace() -> AsyncIterator[SlackWorkspace]:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    async with open_workspace(manifest=manifest) as started, over_socket(started, example_app(started)):
        yield started


async def say(page: Any, text: str) -> None:
    area = page.locator("#composer textarea")
    await area.fill(text)
    await area.press("Enter")


async def test_two_windows_are_two_people(workspace, chromium):
    url = workspace.sandbox.url
    async with (
        window(chromium, url, "ana") as ana,
        window(chromium, url, "ben") as ben,
    ):
        await say(ana, "hello @ben, *look* at <this> & that")
        message = ben.locator("#messages .message").last
        await message.locator("strong", has_text="look").wait_for()
        assert "hello @ben, look at <this> & that" in await message.inner_text()
        await ben.locator("#messages .message").last.hover()
        await ben.get_by_role("button", name="React with eyes").last.click()
        await ana.locator(".reaction", has_text="1").wait_for()
        await ana.locator("#messages .message").last.hover()
        await ana.get_by_role("button", name="Edit message").last.click()
        await ana.locator(".message-body > textarea").fill("hello again")
        await ana.keyboard.press("Enter")
        await ben.locator(".edited").wait_for()
        assert await ben.locator(".text").last.inner_text() == "hello again"


async def test_unread_channels_are_marked_until_they_are_seen(workspace, chromium):
    async with window(chromium, workspace.sandbox.url, "ben") as ben:
        await workspace.ana.say("#fine-tuning", "news")
        row = ben.locator("#sidebar .unread", has_text="fine-tuning")
        await row.wait_for()
        assert (await ben.title()).startswith("(1)")
        await row.click()
        await ben.locator(".text", has_text="news").wait_for()
        assert await ben.locator("#sidebar .unread").count() == 0


async def test_a_file_is_dropped_and_the_thread_is_followed(workspace, chromium):
    async with window(chromium, workspace.sandbox.url, "ana", FINE_TUNING) as page:
        transfer = await page.evaluate_handle(
            """() => { const data = new DataTransfer();
            data.items.add(new File(['{"messages": []}\\n'], 'news_train.jsonl')); return data; }"""
        )
        for event in ("dragenter", "dragover", "drop"):
            await page.dispatch_event("#channel-pane", event, {"dataTransfer": transfer})
        await page.locator(".held", has_text="news_train.jsonl").wait_for()
        await page.locator(".held progress").wait_for(state="detached")
        await page.locator("#composer textarea").fill("here it is")
        await page.get_by_role("button", name="Send").click()
        card = page.locator(".file-card", has_text="news_train.jsonl")
        await card.wait_for()
        message = (await workspace.ana.channel("fine-tuning"))[-1]
        assert (message["text"], message["files"][0]["size"]) == ("here it is", 17)
        bot = example_app(workspace).client
        await bot.chat_postMessage(channel=FINE_TUNING, thread_ts=message["ts"], text="r", blocks=REPORT)
        await page.locator(".thread-link").click()
        await page.locator("#thread-messages .block-header", has_text="ready").wait_for()
        await page.locator("#thread-messages").get_by_role("button", name="Next").click()
        await page.locator("#thread-messages", has_text="4–4 of 4").wait_for()
        status = {"channel_id": FINE_TUNING, "thread_ts": message["ts"], "status": "is counting tokens"}
        await bot.assistant_threads_setStatus(**status)
        await page.locator("#thread-status", has_text="ft-bot is counting tokens").wait_for()
        await page.locator("#thread-composer textarea").fill("thanks")
        await page.keyboard.press("Enter")
        await page.locator("#thread-messages .text", has_text="thanks").wait_for()
        await page.locator(".thread-link", has_text="2 replies").wait_for()


async def test_a_modal_is_filled_in_first_wrong_then_right(workspace, chromium):
    bot = example_app(workspace).client
    await bot.chat_postMessage(channel=FINE_TUNING, text="report", blocks=REPORT)
    async with window(chromium, workspace.sandbox.url, "ana", FINE_TUNING) as page:
        await page.get_by_role("button", name="Train", exact=True).click()
        dialog = page.locator("dialog.modal")
        await dialog.wait_for()
        await dialog.get_by_role("button", name="Start training").click()
        await dialog.locator(".input-error", has_text="Please complete this required field.").first.wait_for()
        await dialog.get_by_role("button", name="Dataset").click()
        await dialog.get_by_role("combobox").fill("nov")
        await dialog.get_by_role("option", name="novels").wait_for()
        await page.keyboard.press("Enter")
        await dialog.get_by_role("textbox", name="Suffix").fill("taken")
        await page.keyboard.press("Enter")
        await dialog.locator(".input-error", has_text="That suffix is taken").wait_for()
        await dialog.get_by_role("textbox", name="Suffix").fill("news")
        await page.keyboard.press("Enter")
        await dialog.wait_for(state="detached")
        await page.locator(".text", has_text="Training news on novels").wait_for()
        await page.locator(".thread-link", has_text="1 reply").click()
        await page.locator("#thread .chart .plot").wait_for()


async def test_a_command_completes_streams_and_leaves_notes_for_one_person_only(workspace, chromium):
    async with window(chromium, workspace.sandbox.url, "ana", FINE_TUNING) as page:
        area = page.locator("#composer textarea")
        await area.press_sequentially("/as")
        await page.locator(".completion li", has_text="Ask a fine-tuned model").wait_for()
        await area.press("Tab")
        assert await area.input_value() == "/ask "
        await area.press("Enter")
        note = page.locator(".message.ephemeral", has_text="Usage")
        await note.wait_for()
        assert "Only visible to you" in await note.inner_text()
        await say(page, "/ask which class?")
        await page.locator(".thread-link").click()
        await page.locator("#thread .markdown li", has_text="World").wait_for()
        await page.locator(".typing").wait_for(state="detached")
        await page.reload()
        await page.wait_for_selector("body.ready")
        assert await page.locator(".message.ephemeral").count() == 0
        await say(page, "/nonsense")
        await page.locator(".message.ephemeral", has_text="/nonsense is not a valid command.").wait_for()


async def test_another_person_is_refused_and_deleting_asks_first(workspace, chromium):
    bot = example_app(workspace).client
    await bot.chat_postMessage(channel=FINE_TUNING, text="report", blocks=REPORT)
    async with window(chromium, workspace.sandbox.url, "ana", FINE_TUNING) as page:
        await page.get_by_label("Act as").select_option("ben")
        await page.wait_for_url(re.compile("as=ben"))
        await page.wait_for_selector("body.ready")
        await page.get_by_role("button", name="Delete", exact=True).click()
        await page.locator("dialog.confirm").get_by_role("button", name="Delete").click()
        await page.locator(".message.ephemeral", has_text="Only @ana may delete this.").wait_for()
        await page.get_by_label("Act as").select_option("ana")
        await page.wait_for_url(re.compile("as=ana"))
        await page.wait_for_selector("body.ready")
        await page.get_by_role("button", name="Delete", exact=True).click()
        await page.locator("dialog.confirm").get_by_role("button", name="Keep").click()
        assert len(await workspace.control.exchanges("action", "delete")) == 1
        await page.get_by_role("button", name="Delete", exact=True).click()
        await page.locator("dialog.confirm").get_by_role("button", name="Delete").click()
        await page.locator(".text", has_text="Deleted.").wait_for()


async def test_the_home_tab_and_direct_messages(workspace, chromium):
    async with (
        window(chromium, workspace.sandbox.url, "ana", "app/A0FTBOT001") as page,
    ):
        await page.locator("#home-pane .block-header", has_text="Your jobs").wait_for()
        await page.get_by_role("tab", name="Messages").click()
        await say(page, "hi bot")
        await page.locator(".text", has_text="hi bot").wait_for()
        await page.get_by_role("tab", name="About").click()
        await page.locator("#home-pane code", has_text="/ask").wait_for()
        await page.locator("#sidebar").get_by_role("button", name="ben").click()
        await page.locator("#head h1", has_text="ben").wait_for()
        await say(page, "psst")
        await page.locator(".text", has_text="psst").wait_for()
        assert [m["text"] for m in await workspace.ben.channel("@ana")] == ["psst"]


async def test_the_inspector_shows_replays_and_causes_trouble(workspace, chromium):
    async with window(chromium, workspace.sandbox.url, "ana", FINE_TUNING) as page:
        await page.get_by_role("button", name="Inspector").click()
        await say(page, "/ft help")
        row = page.locator(".exchange", has_text="/ft help")
        await row.first.wait_for()
        await row.first.locator("summary").click()
        await row.first.get_by_role("button", name="Send again").click()
        await row.nth(1).wait_for()
        await page.locator(".faults summary").click()
        await page.get_by_label("Fault", exact=True).select_option("ratelimited")
        await page.get_by_role("button", name="Order").click()
        await page.locator(".notice", has_text="will suffer").wait_for()
        client = example_app(workspace).client
        client.retry_handlers = []
        with pytest.raises(Exception, match="ratelimited"):
            await client.chat_postMessage(channel=FINE_TUNING, text="x")
        await page.locator(".exchange.bad", has_text="chat.postMessage").wait_for()


async def test_a_long_channel_loads_page_by_page(chromium):
    async with open_workspace() as workspace:
        for number in range(200):
            await workspace.ana.say("#general", f"message {number}")
        async with window(chromium, workspace.sandbox.url, "ben") as page:
            await page.locator(".text", has_text="message 199").wait_for()
            while not await page.locator("#beginning").is_visible():
                before = await page.locator("#messages .message").count()
                await page.evaluate("document.getElementById('scroller').scrollTop = 0")
                await page.locator("#messages .message").nth(before).wait_for(state="attached")
            shown = await page.locator("#messages .text").all_text_contents()
    assert shown == [f"message {number}" for number in range(200)]


async def test_a_message_reaches_the_page_at_once(workspace, chromium):
    async with window(chromium, workspace.sandbox.url, "ben") as page:
        await workspace.ana.say("#general", "warm up")
        await page.locator(".text", has_text="warm up").wait_for()
        started = time.perf_counter()
        await workspace.ana.say("#general", "now")
        await page.locator(".text", has_text="now").wait_for()
        # bench/sandbox_page.py measures; on a loaded machine only the order of magnitude is sure.
        assert time.perf_counter() - started < 2.0


async def test_axe_finds_nothing_serious(workspace, chromium):
    bot = example_app(workspace).client
    root = await workspace.ana.say("#fine-tuning", "see *this*, @ben `code`")
    await bot.chat_postMessage(channel=FINE_TUNING, text="r", blocks=REPORT, thread_ts=root["ts"])
    await bot.chat_postMessage(channel=FINE_TUNING, text="p", blocks=PROGRESS)
    place, url = f"{FINE_TUNING}/{root['ts']}", workspace.sandbox.url
    options = {"bypass_csp": True, "reduced_motion": "reduce"}
    async with window(chromium, url, "ana", place, **options) as page:
        await page.get_by_role("button", name="Inspector").click()
        await page.locator(".exchange").first.wait_for()
        found = await serious(page)
        await say(page, "/ft train")
        await page.locator("dialog.modal").wait_for()
        found += await serious(page, "dialog")
        await page.get_by_role("button", name="Cancel").click()
        await page.goto(f"{url}/?as=ana#/app/A0FTBOT001")
        await page.locator("#home-pane .block-header").wait_for()
        found += await serious(page)
    assert found == []


async def test_what_has_the_focus_keeps_it_when_its_message_is_drawn_anew(workspace, chromium):
    bot = example_app(workspace).client
    posted = await bot.chat_postMessage(channel=FINE_TUNING, text="r", blocks=REPORT)
    async with window(chromium, workspace.sandbox.url, "ana", FINE_TUNING) as page:
        button = page.get_by_role("button", name="Delete", exact=True)
        await button.focus()
        header = {"type": "header", "text": {"type": "plain_text", "text": "drawn anew"}}
        await bot.chat_update(channel=FINE_TUNING, ts=posted["ts"], text="r", blocks=[header, *REPORT])
        await page.locator("#messages .block-header", has_text="drawn anew").wait_for()
        assert await button.evaluate("element => element === document.activeElement")


async def test_a_thread_stays_at_its_end_when_its_first_message_grows(workspace, chromium):
    bot = example_app(workspace).client
    posted = await bot.chat_postMessage(channel=FINE_TUNING, text="r", blocks=REPORT)
    for number in range(12):
        await bot.chat_postMessage(channel=FINE_TUNING, text=f"reply {number}", thread_ts=posted["ts"])
    place = f"{FINE_TUNING}/{posted['ts']}"
    async with window(chromium, workspace.sandbox.url, "ana", place) as page:
        last = page.locator("#thread-messages .text", has_text="reply 11")
        for size in (1, 2):
            blocks = [*REPORT, *[PROGRESS[1]] * size]
            await bot.chat_update(channel=FINE_TUNING, ts=posted["ts"], text="r", blocks=blocks)
            await page.locator("#thread-messages .chart").nth(size - 1).wait_for(state="attached")
            await page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))")
            box, pane = await last.bounding_box(), await page.locator("#thread-scroller").bounding_box()
            assert pane["y"] < box["y"] < pane["y"] + pane["height"]
