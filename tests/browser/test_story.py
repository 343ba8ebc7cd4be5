"""The bot's main job, played by two people on the sandbox's page; and once more by keyboard alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.browser import story
from tests.browser.axe import serious
from tests.fakes.browser import browser, needs_browser, window
from tests.fakes.stage import Stage

pytestmark = [needs_browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Any]:
    async with browser() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with story.performance(tmp_path) as started:
        yield started


async def test_a_file_becomes_a_model_that_only_its_owner_may_cancel_or_delete(
    stage: Stage, chromium: Any
) -> None:
    async with window(chromium, stage.sandbox.url, "ana", story.FINE_TUNING) as page:
        await story.drop(page, "news_train.jsonl", story.NEWS, "headlines, labelled by desk")
        report = await story.read_report(page)
        assert "128" in await report.inner_text()
        form = await story.fill_form(page, report)
        (error,) = [text for text in await form.locator(".input-error").all_inner_texts() if text]
        assert "whole number from 1 to 50" in error
        assert not stage.backend.jobs
        card = await story.start_training(page, form)
        await story.started(stage)
        asked = story.wire(stage)
        assert (asked["suffix"], asked["method"]["supervised"]["hyperparameters"]["n_epochs"]) == ("news", 4)
        story.train_some(stage, 24)
        await card.locator(".thread-link").click()
        await page.locator("#thread-messages", has_text="First numbers").wait_for()
        await card.get_by_text("step 24 of 40").wait_for()

        await story.act_as(page, "ben")
        await story.refused(page, story.job_card(page), "Cancel")
        await story.act_as(page, "ana")
        model = story.finish(stage)
        await page.locator("#thread-messages", has_text="succeeded").wait_for()
        await page.locator("#thread-messages code", has_text=model).last.wait_for()
        answer = await story.ask(page, model, "Which desk takes: Striker scores twice?")
        assert "Sports: a striker" in await answer.inner_text()

        await story.act_as(page, "ben")
        await story.refused(page, story.job_card(page), "Delete")
        assert model in stage.backend.models
        assert (await page.locator("#messages .message.ephemeral").count()) == 1
        await story.act_as(page, "ana")
        card = story.job_card(page)
        await card.get_by_role("button", name="Delete", exact=True).click()
        await page.locator("dialog.confirm .button.danger").click()
        await page.locator("#messages .message", has_text="deleted the model").wait_for()
        assert model not in stage.backend.models


async def test_the_keyboard_alone_trains_and_axe_finds_nothing_on_the_way(
    stage: Stage, chromium: Any
) -> None:
    await stage.ana.drop("#fine-tuning", "news_train.jsonl", story.NEWS)
    options = {"bypass_csp": True, "reduced_motion": "reduce"}
    async with window(chromium, stage.sandbox.url, "ana", story.FINE_TUNING, **options) as page:
        # so low that the form has to scroll for what is wrong
        await page.set_viewport_size({"width": 1160, "height": 700})
        press, write = page.keyboard.press, page.keyboard.type
        await story.tab_to(page, page.locator("#messages .thread-link"))
        await press("Enter")
        report = page.locator("#thread-messages .message", has_text="Kept as")
        await story.tab_to(page, report.get_by_role("button", name="Train", exact=True))
        await press("Enter")
        form = page.locator("dialog.modal")
        await story.tab_to(page, form.get_by_role("button", name="Base model"))
        await press("Enter")
        await write(story.BASE)
        await form.get_by_role("option", name=story.BASE).wait_for()
        await press("Enter")
        await story.tab_to(page, form.get_by_role("textbox", name="Epochs"))
        await write("many")
        await press("Enter")
        await form.locator(".input-error:not(:empty)").wait_for()
        below = await form.locator(".input-error:not(:empty)").bounding_box()
        foot = await form.locator(".dialog-foot").bounding_box()
        assert below["y"] + below["height"] <= foot["y"]
        found = await serious(page, "dialog")
        assert await form.locator("[aria-invalid=true]").evaluate("e => e === document.activeElement")
        await press("ControlOrMeta+a")
        await write("4")
        await press("Enter")
        await form.wait_for(state="detached")
        await story.started(stage)
        story.train_some(stage, 24)
        card = story.job_card(page)
        await card.get_by_text("step 24 of 40").wait_for()
        found += await serious(page)
        await story.tab_to(page, card.get_by_role("button", name="Cancel"))
        await press("Enter")
        confirm = page.locator("dialog.confirm")
        await confirm.wait_for()
        found += await serious(page, "dialog")
        await press("Escape")
        await confirm.wait_for(state="detached")
        await story.tab_to(page, page.locator("#composer textarea"))
        await write("/ft he")
        await press("Enter")
        await page.locator("#messages .message.ephemeral").wait_for()
        found += await serious(page)
    assert found == []
