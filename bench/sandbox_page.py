"""Measures the sandbox under load: many windows, several apps, a long channel.

`python bench/sandbox_page.py [--windows 50] [--apps 5] [--messages 1000] [--browser]` prints how long a
message takes to reach every open page, and with --browser how long a long channel takes to open in Chromium.
A window is a live connection with the person's first requests; the browser is measured apart from them.
"""

import argparse
import asyncio
import json
import statistics
import time

import aiohttp

from sandbox.client import Control
from sandbox.server import Sandbox
from sandbox.workspace.seed import CHANNELS, PEOPLE, TEAM, AppSeed, Credentials, Seed, stable_id


def seed(apps: int) -> Seed:
    made = (
        AppSeed(stable_id("A", f"app{n}"), f"app{n}", None, Credentials(f"xoxb-{n}", f"xapp-{n}", "secret"))
        for n in range(apps)
    )
    return Seed(TEAM, PEOPLE, CHANNELS, tuple(made))


async def connect_app(session: aiohttp.ClientSession, url: str, token: str) -> asyncio.Task[None]:
    """An app that acknowledges everything at once."""
    headers = {"Authorization": f"Bearer {token}"}
    async with session.post(f"{url}/api/apps.connections.open", headers=headers) as response:
        address = (await response.json())["url"]
    socket = await session.ws_connect(address)

    async def acknowledge() -> None:
        async for message in socket:
            envelope = json.loads(message.data)
            if "envelope_id" in envelope:
                await socket.send_json({"envelope_id": envelope["envelope_id"]})

    return asyncio.create_task(acknowledge())


class Window:
    """One live connection; `seen` is when the awaited text arrived."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def wait_for(self, text: str) -> float:
        async for message in self.socket:
            entry = json.loads(message.data)
            if entry["kind"] == "message" and entry["data"]["message"]["text"] == text:
                return time.perf_counter()
        raise RuntimeError("the page was cut off")


async def open_window(session: aiohttp.ClientSession, url: str, person: str) -> Window:
    for path in ("/", "/control/state", f"/control/channels/general?as={person}&limit=60&notes=0"):
        async with session.get(url + path) as response:
            await response.read()
    last = (await (await session.get(f"{url}/control/state")).json())["last"]
    return Window(await session.ws_connect(f"{url}/page/live?as={person}&since={last}"))


async def measure(windows: int, apps: int, messages: int) -> tuple[Sandbox, dict[str, float]]:
    sandbox = await Sandbox(seed=seed(apps)).start()
    connector = aiohttp.TCPConnector(limit=0)
    async with Control(sandbox.url) as control, aiohttp.ClientSession(connector=connector) as session:
        tasks = [await connect_app(session, sandbox.url, f"xapp-{n}") for n in range(apps)]
        ana = control.person("ana")
        started = time.perf_counter()
        for number in range(messages):
            await ana.say("#general", f"message {number}")
        posting = time.perf_counter() - started
        people = [person.name for person in PEOPLE]
        opened = [await open_window(session, sandbox.url, people[n % 3]) for n in range(windows)]
        delays: list[float] = []
        for number in range(20):
            waiting = [asyncio.create_task(window.wait_for(f"now {number}")) for window in opened]
            started = time.perf_counter()
            await ana.say("#general", f"now {number}")
            delays += [1000 * (seen - started) for seen in await asyncio.gather(*waiting)]
        for task in tasks:
            task.cancel()
    return sandbox, {
        "posted_per_second": messages / posting,
        "median_ms": statistics.median(delays),
        "p99_ms": sorted(delays)[int(len(delays) * 0.99)],
        "slowest_ms": max(delays),
    }


async def in_browser(url: str) -> dict[str, float]:
    from tests.fakes.browser import browser, window

    started = time.perf_counter()
    async with browser() as chromium, window(chromium, url, "ben") as page:
        await page.locator("#messages .message").last.wait_for()
        opened = time.perf_counter() - started
        started = time.perf_counter()
        while not await page.locator("#beginning").is_visible():
            before = await page.locator("#messages .message").count()
            await page.evaluate("document.getElementById('scroller').scrollTop = 0")
            await page.locator("#messages .message").nth(before).wait_for(state="attached")
        count = await page.locator("#messages .message").count()
        return {
            "browser_open_s": opened,
            "scrolled_to_top_s": time.perf_counter() - started,
            "messages": count,
        }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("windows", 50), ("apps", 5), ("messages", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--browser", action="store_true")
    asked = parser.parse_args()
    sandbox, found = await measure(asked.windows, asked.apps, asked.messages)
    if asked.browser:
        found |= await in_browser(sandbox.url)
    await sandbox.stop()
    for name, value in found.items():
        print(f"{name:20} {value:10.1f}")


if __name__ == "__main__":
    asyncio.run(main())
