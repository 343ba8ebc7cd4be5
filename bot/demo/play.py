"""Starts trainer, sandbox and bot on free ports, plays the story, and tells whether all of it was seen."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from bot.demo.measure import share_right
from bot.demo.processes import DemoFailed, Processes
from bot.demo.screen import Screen, running
from bot.demo.story import CHANNEL, Story
from sandbox.client import Control, ControlError

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
BASE = "tiny-chat"
TOKENS = {
    "SLACK_BOT_TOKEN": "xoxb-sandbox-bot-token",
    "SLACK_APP_TOKEN": "xapp-1-A0FTBOT001-sandbox",
    "SLACK_SIGNING_SECRET": "sandbox-signing-secret",
}
KEY = "sk-demo-key-of-the-trainer"


async def play() -> int:
    """Play the demo; 0 when each step was seen in Slack, else 1."""
    if not EXAMPLES.exists():
        print(f"The demo plays with the files in {EXAMPLES}, which are not here: run it in a checkout.")
        return 1
    with tempfile.TemporaryDirectory(prefix="ft-bot-demo-", ignore_cleanup_errors=True) as name:
        processes = Processes(Path(name))
        try:
            async with _stage(processes) as (story, trainer):
                await _scenes(story, trainer)
        except (DemoFailed, ControlError) as error:
            print(f"\nThe demo stopped: {error}")
            _logs(processes.folder)
            return 1
        finally:
            await processes.stop()
    print("\nEvery step was seen in Slack. Next: README.md, to install ft-bot into your own workspace.")
    return 0


async def _scenes(story: Story, trainer: AsyncOpenAI) -> None:
    screen = story.screen
    await story.broken_file()
    report = await story.good_file()
    card = await story.train(report)
    await story.refused(card)
    await story.follow_training(card)
    await story.ask()
    await screen.say(
        "the model and its untrained base answer headlines that were held back (over the trainer's API)"
    )
    heldout = EXAMPLES / "news_heldout.jsonl"
    for name, model in (("tuned model", story.model), ("untrained base", BASE)):
        right, count = await share_right(trainer, model, heldout)
        print(f"  {name:15} {right:3} of {count} right ({right / count:.0%})   {model}", flush=True)
    print("  The base starts from random weights: all that the model knows, it learned just now.")
    await story.delete()


@asynccontextmanager
async def _stage(processes: Processes) -> AsyncIterator[tuple[Story, AsyncOpenAI]]:
    """The three programs, two people and a screen."""
    home = str(processes.folder / "trainer")
    began = time.monotonic()
    print("Three programs are started, each on a free port of this machine; nothing leaves it.")
    print("  the trainer, a fine-tuning server with OpenAI's API ...", flush=True)
    trainer_line = await processes.start(
        "trainer",
        "listening on",
        ["trainer", "--port", "0", "--home", home],
        {"FT_TRAINER_API_KEY": KEY},
    )
    print("  the sandbox, a stand-in Slack workspace ...", flush=True)
    manifest = str(ROOT / "manifest.yml")
    sandbox_line = await processes.start(
        "sandbox", "listening on", ["sandbox", "--port", "0", "--manifest", manifest], TOKENS
    )
    print("  the bot, as you would run it ...", flush=True)
    trainer_url, sandbox_url = trainer_line.split()[-1], sandbox_line.split()[-1]
    await processes.start("bot", "connected", ["bot", "run"], _bot_env(processes, trainer_url, sandbox_url))
    direct = DefaultAsyncHttpxClient(trust_env=False)
    async with (
        Control(sandbox_url) as control,
        AsyncOpenAI(base_url=trainer_url, api_key=KEY, http_client=direct) as trainer,
    ):
        await control.connected()
        screen = Screen(control, began)
        printing = await running(screen)
        await screen.say(f"the bot is connected to the workspace; this is its channel {CHANNEL}:")
        try:
            yield Story(control, screen, EXAMPLES, control.person("ana"), control.person("ben")), trainer
        finally:
            with contextlib.suppress(ControlError, aiohttp.ClientError):
                await screen.catch_up()
            printing.cancel()
            with contextlib.suppress(BaseException):
                await printing


def _bot_env(processes: Processes, trainer_url: str, sandbox_url: str) -> dict[str, str]:
    return {
        **TOKENS,
        "SLACK_API_URL": f"{sandbox_url}/api/",
        "OPENAI_BASE_URL": trainer_url,
        "OPENAI_API_KEY": KEY,
        "FT_DATA_DIR": str(processes.folder / "data"),
        "FT_DATABASE_URL": "",
        "FT_ADMINS": "",
        "FT_POLL_SECONDS": "1",
    }


def _logs(folder: Path) -> None:
    """The end of each program's log: what an engineer would ask for first."""
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-15:]
        print(f"\n--- the end of {log.name} ---", *lines, sep="\n")
