"""Slack's own JavaScript framework against the sandbox: not only our own language's client likes it."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sandbox.client import until
from tests.fakes.slack_workspace import ROOT, SlackWorkspace, open_workspace

NODE = ROOT / "tests" / "node"
pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not (NODE / "node_modules" / "@slack" / "bolt").is_dir(),
    reason="@slack/bolt is not installed: npm install --prefix tests/node",
)


class Bot:
    """The running app and what it said it saw."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def saw(self, what: str) -> Any:
        assert self.process.stdout is not None
        while line := await asyncio.wait_for(self.process.stdout.readline(), 20):
            if line.startswith(b"{") and (said := json.loads(line))["what"] == what:
                return said["data"]
        raise AssertionError(f"the app ended before it saw {what}")


@asynccontextmanager
async def running(workspace: SlackWorkspace, **environment: str) -> AsyncIterator[Bot]:
    settings = {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
    }
    process = await asyncio.create_subprocess_exec(
        "node",
        str(NODE / "bot.js"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **settings, **environment},
    )
    bot = Bot(process)
    try:
        await bot.saw("ready")
        yield bot
    finally:
        process.kill()
        await process.wait()


async def the_whole_round(workspace: SlackWorkspace, bot: Bot) -> None:
    assert (await workspace.ana.command("#general", "/ft", "train"))["ok"]
    assert await bot.saw("command") == "train"
    await workspace.ana.modal("train")
    assert (await workspace.ana.submit({"name": "news"}))["ok"]

    async def card() -> Any:
        return next((m for m in await workspace.ana.channel("general") if m["text"] == "news"), None)

    await workspace.ana.press(await until(card), "press")
    assert await bot.saw("press") == "news"
    said = await workspace.ana.say("#general", "hello there")
    assert await bot.saw("message") == "hello there"

    async def replied() -> bool:
        return [m["text"] for m in await workspace.ana.thread("general", said["ts"])][1:] == [
            "hello yourself"
        ]

    await until(replied)
    await workspace.ana.drop("#general", "x.jsonl", b"{}")
    assert await bot.saw("file") == "x.jsonl"

    async def reported() -> bool:
        shared = [f["name"] for m in await workspace.ana.channel("general") for f in m.get("files", [])]
        return shared == ["x.jsonl", "report.txt"]

    await until(reported)


async def test_the_javascript_bolt_works_over_socket_mode():
    async with open_workspace() as workspace, running(workspace) as bot:
        await the_whole_round(workspace, bot)


async def test_the_javascript_bolt_works_over_http():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with open_workspace() as workspace, running(workspace, PORT=str(port)) as bot:
        await workspace.control.post("request_url", url=f"http://127.0.0.1:{port}/slack/events")
        await the_whole_round(workspace, bot)
