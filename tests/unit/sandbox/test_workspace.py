"""The workspace's own parts: typed text, the journal, rate limits, timestamps, the seed."""

import asyncio
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.webapi.limits import Limits
from sandbox.workspace import manifest, mrkdwn
from sandbox.workspace.ids import Timestamps
from sandbox.workspace.journal import Journal
from sandbox.workspace.seed import default_seed, plant
from sandbox.workspace.state import Workspace

MANIFEST = {
    "features": {"slash_commands": [{"command": "/ft", "url": "https://example.com/commands"}]},
    "oauth_config": {"scopes": {"bot": ["channels:history"]}},
    "settings": {
        "event_subscriptions": {
            "request_url": "https://example.com/events",
            "bot_events": ["message.channels", "file_shared"],
        },
        "interactivity": {"is_enabled": True, "request_url": "https://example.com/interact"},
    },
}


def new_workspace(folder, manifest=None):
    seed = default_seed(manifest)
    workspace = Workspace(seed.team, folder)
    plant(workspace, seed)
    return workspace


@pytest.fixture
def ws(tmp_path):
    return new_workspace(tmp_path)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("hello @ben.", "hello <@U0BEN00001>."),
        ("@nobody and a@ben.com", "@nobody and a@ben.com"),
        ("see #general", "see <#C0GENERAL1|general>"),
        ("@channel look", "<!channel> look"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("https://example.com/?a=1&b=2 ok", "<https://example.com/?a=1&amp;b=2> ok"),
        ("<@U0BEN00001> kept", "<@U0BEN00001> kept"),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_typed_text_becomes_what_slack_stores(ws, typed, stored):
    assert mrkdwn.typed(ws, typed) == stored


@given(st.text(alphabet="ab<>&@#!|/ \n", max_size=60))
def test_nothing_typed_leaves_a_bare_angle_bracket(text):
    left = mrkdwn.KNOWN.sub("", mrkdwn.escape(text))
    assert not re.search(r"[<>]", left)


def test_the_rich_text_of_a_message_names_people_channels_and_links():
    block = mrkdwn.rich_text("hi <@U1> in <#C1|x>, <https://a.b|there> &amp; <!here>", "b")
    kinds = [e["type"] for e in block["elements"][0]["elements"]]
    assert kinds == ["text", "user", "text", "channel", "text", "link", "text", "broadcast"]
    assert block["elements"][0]["elements"][6]["text"] == " & "


def test_timestamps_always_rise():
    stamps = Timestamps(lambda: 1_700_000_000.0)
    found = [stamps.next() for _ in range(5)]
    assert found == sorted(set(found))
    stamps.seen("1800000000.000001")
    assert stamps.next() > "1800000000.000001"


async def test_the_journal_wakes_whoever_waits():
    journal = Journal()
    waiting = asyncio.create_task(journal.wait(0, 5))
    await asyncio.sleep(0)
    journal.add("message", text="x")
    assert [entry.kind for entry in await waiting] == ["message"]
    started = time.monotonic()
    assert await journal.wait(1, 0.05) == []
    assert time.monotonic() - started < 1


@given(st.integers(1, 50), st.integers(0, 60), st.integers(1, 20))
def test_the_journal_gives_exactly_what_is_newer_and_still_kept(keep, since, count):
    journal = Journal(keep=keep)
    for n in range(count):
        journal.add("x", n=n)
    found = [entry.seq for entry in journal.since(since)]
    assert found == list(range(max(since, count - keep) + 1, count + 1))


def test_a_tier_lets_calls_through_again_after_a_minute():
    now = [0.0]
    limits = Limits(lambda: now[0], tiers=True)
    assert [limits.wait("A", "users.list", 2, None) for _ in range(3)] == [0, 0, 60]
    now[0] = 60.5
    assert limits.wait("A", "users.list", 2, None) == 0
    assert limits.wait("B", "users.list", 2, None) == 0


def test_without_limits_nobody_waits():
    limits = Limits(time.time)
    assert not any(limits.wait("A", "chat.postMessage", 1, "C") for _ in range(100))


def test_a_manifest_decides_commands_events_and_addresses(tmp_path):
    app = next(iter(new_workspace(tmp_path, MANIFEST).apps.values()))
    assert manifest.command(app, "/ft")
    assert manifest.command(app, "/other") is None
    assert manifest.subscribes(app, "message.channels")
    # Subscribed, but without its scope files:read.
    assert not manifest.subscribes(app, "file_shared")
    assert not manifest.socket_mode(app)
    assert manifest.url_for(app, "command", "/ft") == "https://example.com/commands"
    assert manifest.url_for(app, "options") == "https://example.com/interact"


def test_without_a_manifest_everything_is_allowed(ws):
    app = next(iter(ws.apps.values()))
    assert manifest.command(app, "/anything")
    assert manifest.subscribes(app, "anything")
    assert manifest.socket_mode(app)
