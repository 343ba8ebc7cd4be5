"""Takes the pictures of the sandbox's page: the real bot, a backend moved by hand.

`python -m tests.browser.screenshots docs/images` plays the story once in light and once in dark.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser import story
from tests.fakes.browser import browser, window
from tests.fakes.stage import Stage

QUESTION = "Which desk takes this: Striker scores twice in cup final?"
Shot = Callable[..., Any]


async def report_and_form(stage: Stage, page: Any, shot: Shot) -> Any:
    """A file is dropped, its report read, the form filled in wrong and then right."""
    await stage.ben.say("#fine-tuning", "Which headlines does the desk model still get wrong?")
    await stage.ana.say("#fine-tuning", "Sports and World, mostly. I have labelled new ones :tada:")
    await story.drop(page, "news_train.jsonl", story.NEWS, "Here they are, labelled by desk")
    report = await story.read_report(page)
    await shot("thread")
    form = await story.fill_form(page, report)
    await shot("modal")
    card = await story.start_training(page, form)
    await story.started(stage)
    return card


async def training(stage: Stage, page: Any, card: Any, shot: Shot) -> str:
    """The job is followed in its thread to the end; gives the model's name."""
    story.train_some(stage, 24)
    await card.locator(".thread-link").click()
    await page.locator("#thread-messages", has_text="First numbers").wait_for()
    await card.get_by_text("step 24 of 40").wait_for()
    await shot("progress")
    model = story.finish(stage)
    await page.locator("#thread-messages .message", has_text="Your model").wait_for()
    return model


async def afterwards(stage: Stage, page: Any, model: str, shot: Shot) -> None:
    """The model is asked, ben is refused; what the inspector and the Home tab show of it all."""
    await story.ask(page, model, QUESTION)
    await shot("answer")
    await page.get_by_role("button", name="Close thread").click()
    await story.act_as(page, "ben")
    await story.refused(page, story.job_card(page), "Delete")
    await shot("refused")
    await story.act_as(page, "ana")
    await page.get_by_role("button", name="Inspector").click()
    await page.locator(".exchange summary", has_text="chat.postMessage").first.click()
    await shot("inspector")
    await page.get_by_role("button", name="Close the inspector").click()
    await page.goto(f"{stage.sandbox.url}/?as=ana#/app/A0FTBOT001")
    await page.locator("#home-pane").get_by_role("heading", name="Models", exact=True).wait_for()
    await shot("home")


async def on_a_phone(stage: Stage, page: Any, shot: Shot) -> None:
    """The job's thread in a narrow window."""
    root = next(m for m in await stage.control.channel("#fine-tuning") if "succeeded" in m["text"].lower())
    await page.set_viewport_size({"width": 390, "height": 740})
    await page.goto(f"{stage.sandbox.url}/?as=ana#/{story.FINE_TUNING}/{root['ts']}")
    await page.locator("#thread-messages .message", has_text="Your model").wait_for()
    await shot("phone")


async def play(folder: Path, theme: str) -> None:
    with tempfile.TemporaryDirectory() as data:
        async with story.performance(Path(data)) as stage, browser() as chromium:
            options = {"color_scheme": theme, "reduced_motion": "reduce"}
            url = stage.sandbox.url
            async with window(chromium, url, "ana", story.FINE_TUNING, **options) as page:

                async def shot(scene: str) -> None:
                    await page.mouse.move(2, 2)
                    await page.wait_for_timeout(300)
                    (folder / f"sandbox-{scene}-{theme}.png").write_bytes(await page.screenshot())

                await page.set_viewport_size({"width": 1160, "height": 700})
                card = await report_and_form(stage, page, shot)
                model = await training(stage, page, card, shot)
                await afterwards(stage, page, model, shot)
                await on_a_phone(stage, page, shot)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        await play(folder, theme)
    print(f"pictures are in {folder}")


if __name__ == "__main__":
    asyncio.run(main())
