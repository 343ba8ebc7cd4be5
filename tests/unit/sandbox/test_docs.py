"""docs/sandbox.md tells the truth: its methods, routes, options and seed are those of the code."""

import re

import yaml
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.__main__ import parser
from sandbox.client import until
from sandbox.control.routes import Control
from sandbox.server import Sandbox
from sandbox.webapi.methods import METHODS
from sandbox.workspace.seedfile import KNOWN
from tests.fakes.slack_workspace import ROOT, open_workspace

DOCS = (ROOT / "docs" / "sandbox.md").read_text()


def section(title: str) -> str:
    return DOCS.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_method_is_named_and_every_named_method_exists():
    named = set()
    for group in section("Methods").splitlines()[1].split(" · "):
        family = ""
        for name in re.findall(r"`([^`]+)`", group):
            family = name.rsplit(".", 1)[0] if "." in name else family
            named.add(name if "." in name else f"{family}.{name}")
    assert named == {*METHODS, "oauth.v2.access"}


def test_every_option_is_explained():
    options = {o for a in parser()._actions for o in a.option_strings if o.startswith("--")} - {"--help"}
    assert set(re.findall(r"`(--[a-z-]+)", section("Options"))) == options


async def test_every_control_route_is_explained():
    async with Sandbox() as sandbox:
        control: Control = sandbox.control
        first_parts = {route.path.removeprefix("/control/").split("/")[0] for route in control.routes()}
    missing = {part for part in first_parts if part not in section("The control API")}
    assert missing <= {"upload", "share"}, missing


def test_the_example_seed_uses_known_fields_only():
    seed = yaml.safe_load(re.search(r"```yaml\n(.*?)```", DOCS, re.S).group(1))
    for kind, known in KNOWN.items():
        entries = [seed] if not kind else seed[kind] if isinstance(seed[kind], list) else [seed[kind]]
        assert all(set(entry) <= known for entry in entries)


def polite(app: AsyncApp) -> AsyncApp:
    """A bot that answers whoever writes, in a thread."""

    @app.event("message")
    async def answer(event, say):
        if "bot_id" not in event:
            await say("hello", thread_ts=event["ts"])

    return app


async def test_the_example_of_a_test_passes():
    code = next(
        block for block in re.findall(r"```python\n(.*?)```", DOCS, re.S) if "async def test" in block
    )
    names = {"AsyncApp": AsyncApp, "AsyncWebClient": AsyncWebClient, "until": until, "my_bot": polite}
    names["AsyncSocketModeHandler"] = AsyncSocketModeHandler
    exec(code, names)
    async with open_workspace() as workspace:
        await names["test_it_answers_in_the_thread"](workspace)
