"""A workspace that is kept on disk, seed files, and the command line."""

import asyncio
import os
import signal
import socket
import sys

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.client import Control
from sandbox.workspace.seedfile import SeedError, read_seed
from tests.fakes.slack_apps import web_client
from tests.fakes.slack_workspace import ROOT, open_workspace

GENERAL = "C0GENERAL1"
SEED = """
team: {name: Newsroom}
people:
  - {name: mia, real_name: Mia Lind, admin: true}
  - {name: omar}
channels:
  - {name: general}
  - {name: secret, private: true, members: [mia, helper]}
apps:
  - {name: helper, bot_token: xoxb-helper}
  - name: second
    manifest:
      display_information: {name: second}
      features: {slash_commands: [{command: /second}]}
      oauth_config: {scopes: {bot: [chat:write]}}
"""


async def test_a_kept_workspace_is_the_same_after_a_restart(tmp_path):
    async with open_workspace(state=tmp_path) as workspace:
        client = web_client(workspace)
        message = await workspace.ana.drop("general", "x.jsonl", b"the bytes", "look")
        metadata = {"event_type": "a", "event_payload": {"list": [1, 2]}}
        await client.chat_postMessage(channel=GENERAL, text="r", thread_ts=message["ts"], metadata=metadata)
        await workspace.ben.react(message, "eyes")
        gone = await workspace.ana.say("general", "gone")
        await workspace.ana.delete(gone)
        before = await workspace.control.thread("general", message["ts"])
    async with open_workspace(state=tmp_path) as workspace:
        after = await workspace.control.thread("general", message["ts"])
        host, old = workspace.sandbox.url, before[0]["files"][0]["url_private"].split("/files-pri")[0]
        assert str(after) == str(before).replace(old, host)
        assert len(await workspace.ana.channel("general")) == 1
        later = await workspace.ana.say("general", "later")
        assert later["ts"] > gone["ts"]
        assert (
            workspace.sandbox.workspace.file_dir.joinpath(message["files"][0]["id"]).read_bytes()
            == b"the bytes"
        )


async def test_a_page_that_comes_back_late_is_told_all_that_it_missed():
    async with open_workspace() as workspace, aiohttp.ClientSession() as session:
        for number in range(2_500):
            workspace.sandbox.workspace.journal.add("message", channel=GENERAL, message={"number": number})
        address = f"{workspace.sandbox.url}/page/live?as=ana&since=0"
        seen = []
        async with session.ws_connect(address) as socket:
            while 2_499 not in seen:
                entry = await socket.receive_json(timeout=10)
                seen.append(entry["data"].get("message", {}).get("number"))
        assert [number for number in seen if number is not None] == list(range(2_500))


async def test_a_folder_of_another_version_is_refused(tmp_path):
    async with open_workspace(state=tmp_path) as workspace:
        workspace.sandbox._disk._db.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="another version"):
        async with open_workspace(state=tmp_path):
            pass


async def test_a_seed_file_makes_people_channels_and_several_apps(tmp_path):
    path = tmp_path / "seed.yml"
    path.write_text(SEED)
    async with open_workspace(seed=read_seed(path)) as workspace:
        state = await workspace.control.state()
        assert state["team"]["name"] == "Newsroom"
        assert [p["name"] for p in state["people"]] == ["mia", "omar", "helper", "second"]
        assert [a["name"] for a in state["apps"]] == ["helper", "second"]
        helper = AsyncWebClient(token="xoxb-helper", base_url=workspace.api_url)
        second = AsyncWebClient(token="xoxb-sandbox-second", base_url=workspace.api_url)
        assert (await helper.auth_test())["user"] == "helper"
        assert (await second.auth_test())["user"] == "second"
        secret = next(c for c in state["channels"] if c["name"] == "secret")
        await helper.chat_postMessage(channel=secret["id"], text="psst")
        assert [m["text"] for m in await workspace.person("mia").channel("secret")] == ["psst"]
        seen = await helper.conversations_list(types="public_channel,private_channel")
        assert [c["name"] for c in seen["channels"]] == ["general", "secret"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a", "is not a mapping"),
        ("people: {a: b}", "people must be a list"),
        ("people: [{real_name: X}]", "people, entry 1 has no name"),
        ("people: [{name: x, colour: red}]", "unknown colour; known are admin, name, real_name, title"),
        ("channels: [{name: a}, {name: a}]", "the same name"),
        ("channels: [{name: a, members: [zoe]}]", "nobody is called zoe"),
        ("apps: [{name: a, manifest: nowhere.yml}]", "cannot read the manifest"),
    ],
)
def test_a_wrong_seed_file_says_what_is_wrong(tmp_path, text, problem):
    path = tmp_path / "seed.yml"
    path.write_text(text)
    with pytest.raises(SeedError, match=problem):
        read_seed(path)


async def run(*arguments: str, module: str = "sandbox", **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )


async def test_it_names_the_variables_that_a_bot_needs_and_ends_at_once_when_told():
    process = await run("--port", "0", SLACK_APP_TOKEN="xapp-of-my-own")
    first = await asyncio.wait_for(process.stdout.readline(), 20)
    process.send_signal(signal.SIGTERM)
    rest, errors = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert f"SLACK_API_URL={first.decode().split()[-1]}/api/" in rest.decode().splitlines()
    for line in (
        "SLACK_BOT_TOKEN=xoxb-sandbox-bot-token",
        "SLACK_SIGNING_SECRET=sandbox-signing-secret",
        "SLACK_APP_TOKEN as in this environment",
    ):
        assert line in rest.decode().splitlines()
    assert b"xapp-of-my-own" not in rest


async def test_it_serves_on_when_nobody_reads_what_it_says():
    """As in `ft-bot sandbox | head -1`: that is no reason to stop, nor for a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--port", str(port)),
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)
    client = AsyncWebClient(token="xoxb-sandbox-bot-token", base_url=f"http://127.0.0.1:{port}/api/")
    async with asyncio.timeout(20):
        while process.returncode is None:
            try:
                assert (await client.api_test())["ok"]
                break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, b"Traceback" in errors) == (0, False)


async def test_ft_bot_sandbox_knows_the_bots_own_manifest_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    process = await run("sandbox", "--port", "0", module="bot")
    url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().split()[-1]
    async with Control(url) as control:
        (app,) = (await control.state())["apps"]
        assert {"/ft", "/ask"} <= {command["command"] for command in app["commands"]}
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_the_command_line_says_where_it_listens_and_stops_when_told():
    process = await run("--port", "0", "--manifest", str(ROOT / "manifest.yml"))
    line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    assert line.startswith("sandbox listening on http://127.0.0.1:")
    client = AsyncWebClient(
        token=os.environ.get("SLACK_BOT_TOKEN", "xoxb-sandbox-bot-token"), base_url=f"{line.split()[-1]}/api/"
    )
    assert (await client.auth_test())["user"] == "ft-bot"
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--manifest", "nowhere.yml"], "cannot read the manifest nowhere.yml"),
        (["--seed", "nowhere.yml"], "cannot read the seed nowhere.yml"),
        (["--seed", "a.yml", "--request-url", "http://x"], "--seed names the apps itself"),
    ],
)
async def test_wrong_arguments_end_in_a_sentence(arguments, problem):
    process = await run(*arguments)
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert errors.decode().startswith(problem)
    assert "Traceback" not in errors.decode()
