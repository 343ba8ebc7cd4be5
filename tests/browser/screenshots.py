"""Takes the pictures of the sandbox's page for the README and the docs.

`python -m tests.browser.screenshots docs/images` writes each scene in light and dark.
"""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import yaml

from sandbox.testing import SlackWorkspace
from tests.fakes.browser import browser, window
from tests.fakes.example_app import PROGRESS, REPORT, example_app
from tests.fakes.slack_apps import over_socket
from tests.fakes.slack_workspace import ROOT, open_workspace

FINE_TUNING = "C0FINETUNE"


async def furnish(workspace: SlackWorkspace) -> str:
    """A channel with a story in it; returns the timestamp of its thread."""
    bot = example_app(workspace).client
    await workspace.ana.say("#fine-tuning", "Morning! I have new headlines for the classifier :tada:")
    await workspace.ben.say("#fine-tuning", "Nice. @ft-bot checks them *before* we pay for training, right?")
    dropped = await workspace.ana.drop(
        "#fine-tuning", "news_train.jsonl", b'{"messages": []}\n' * 400, "Here they are"
    )
    thread = str(dropped["ts"])
    await bot.chat_postMessage(channel=FINE_TUNING, thread_ts=thread, text="report", blocks=REPORT)
    posted = await bot.chat_postMessage(channel=FINE_TUNING, text="Training `news` on `news_train`")
    await bot.chat_postMessage(channel=FINE_TUNING, thread_ts=posted["ts"], text="progress", blocks=PROGRESS)
    await workspace.ben.react({"channel": FINE_TUNING, "ts": posted["ts"]}, "eyes")
    await workspace.ana.react({"channel": FINE_TUNING, "ts": posted["ts"]}, "rocket")
    await workspace.ana.command("#fine-tuning", "/ft", "jobs")
    return thread


async def scenes(page: Any, url: str, thread: str, name: Any) -> None:
    """Goes from scene to scene; `name(scene)` is where its picture goes."""

    async def shot(scene: str) -> None:
        await page.wait_for_timeout(250)
        await page.screenshot(path=name(scene))

    await page.goto(f"{url}/?as=ana#/{FINE_TUNING}/{thread}")
    await page.locator("#thread .block-header").wait_for()
    await shot("thread")
    await page.get_by_role("button", name="Close thread").click()
    await page.locator(".thread-link").last.click()
    await page.locator("#thread .plot").wait_for()
    await shot("progress")
    await page.get_by_role("button", name="Close thread").click()
    area = page.locator("#composer textarea")
    await area.press_sequentially("/ft train")
    await area.press("Enter")
    dialog = page.locator("dialog.modal")
    await dialog.get_by_role("textbox", name="Suffix").fill("taken")
    await dialog.get_by_role("button", name="Dataset").click()
    await dialog.get_by_role("option", name="news_train").click()
    await page.keyboard.press("Tab")
    await dialog.get_by_role("button", name="Start training").click()
    await dialog.locator(".input-error", has_text="taken").wait_for()
    await shot("modal")
    await dialog.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Inspector").click()
    await page.locator(".exchange summary").nth(1).click()
    await shot("inspector")
    await page.get_by_role("button", name="Close the inspector").click()
    await page.goto(f"{url}/?as=ana#/app/A0FTBOT001")
    await page.locator("#home-pane .block-header").wait_for()
    await shot("home")
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(f"{url}/?as=ben#/{FINE_TUNING}/{thread}")
    await page.locator("#thread .block-header").wait_for()
    await shot("phone")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    for theme in ("light", "dark"):
        async with (
            open_workspace(manifest=manifest) as workspace,
            over_socket(workspace, example_app(workspace)),
            browser() as chromium,
        ):
            thread = await furnish(workspace)
            url = workspace.sandbox.url
            async with window(chromium, url, "ana", FINE_TUNING, color_scheme=theme) as page:
                await scenes(
                    page, url, thread, lambda scene, theme=theme: folder / f"sandbox-{scene}-{theme}.png"
                )
    print(f"pictures are in {folder}")


if __name__ == "__main__":
    asyncio.run(main())
