"""A real browser for the tests of the sandbox's page: Debian's Chromium, driven by Playwright."""

import importlib.util
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVERS = all(importlib.util.find_spec(name) for name in ("playwright", "axe_playwright_python"))
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or not DRIVERS,
    reason="needs Chromium (apt-get install chromium), playwright and axe-playwright-python (the dev extra)",
)


@asynccontextmanager
async def browser() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        await started.close()


@asynccontextmanager
async def window(
    browser: Any, url: str, person: str, place: str = "C0GENERAL1", **options: Any
) -> AsyncIterator[Any]:
    """A window in which `person` looks at `place`; whatever the page complains of ends the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, **options)
    page = await context.new_page()
    page.set_default_timeout(8_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    await page.goto(f"{url}/?as={person}#/{place}")
    await page.wait_for_selector("body.ready")
    yield page
    await context.close()
    assert [text for text in complaints if "400 (Bad Request)" not in text] == []
