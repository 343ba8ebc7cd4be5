"""The pytest plugin, used as another bot's tests would use it."""

import subprocess
import sys

TEST = """
from slack_sdk.web.async_client import AsyncWebClient

pytest_plugins = ["sandbox.testing"]

async def test_it(slack_workspace):
    client = AsyncWebClient(token=slack_workspace.bot_token, base_url=slack_workspace.api_url)
    message = await slack_workspace.ana.say("#general", "hello")
    await client.chat_postMessage(channel="C0GENERAL1", thread_ts=message["ts"], text="hello yourself")
    thread = await slack_workspace.ben.thread("#general", message["ts"])
    assert [each["text"] for each in thread] == ["hello", "hello yourself"]
"""


def test_another_projects_tests_can_use_the_workspace(tmp_path):
    (tmp_path / "test_bot.py").write_text(TEST)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "asyncio_mode=auto",
        "test_bot.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
