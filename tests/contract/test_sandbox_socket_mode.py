"""Bolt over Socket Mode against the sandbox: envelopes, acknowledgements, retries, reconnecting."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.client import ControlError, until
from tests.fakes.slack_apps import bolt_app, over_socket
from tests.fakes.slack_workspace import SlackWorkspace, open_workspace

GENERAL = "C0GENERAL1"


@pytest.fixture
async def workspace() -> AsyncIterator[SlackWorkspace]:
    async with open_workspace(retry_delays=(0.0, 0.05, 0.1)) as started:
        yield started


async def test_a_slash_command_arrives_with_every_documented_field(workspace):
    app, got = bolt_app(workspace), []

    @app.command("/ft")
    async def ft(ack: Any, body: dict[str, Any]) -> None:
        got.append(body)
        await ack("*done*")

    async with over_socket(workspace, app):
        assert (await workspace.ana.command("#general", "/ft", "train a<b"))["ok"]
    expected = {
        "team_id": "T0SANDBOX1",
        "team_domain": "sandbox",
        "channel_id": GENERAL,
        "channel_name": "general",
        "user_id": "U0ANA00001",
        "user_name": "ana",
        "command": "/ft",
        "text": "train a&lt;b",
        "api_app_id": "A0FTBOT001",
        "is_enterprise_install": "false",
    }
    assert expected.items() <= got[0].items()
    assert set(got[0]) - set(expected) == {"token", "response_url", "trigger_id"}
    assert [note["text"] for note in await workspace.ana.notes()] == ["*done*"]


async def test_a_command_nobody_acknowledges_fails_for_the_person(workspace):
    answer = await workspace.ana.command("#general", "/ft", "x")
    assert answer["error"] == "dispatch_failed"
    assert "failed with the error" in (await workspace.ana.notes())[0]["text"]


async def test_a_command_that_no_manifest_has_is_refused():
    manifest = {"features": {"slash_commands": [{"command": "/ft"}]}}
    async with open_workspace(manifest=manifest) as workspace:
        with pytest.raises(ControlError, match="invalid_command"):
            await workspace.ana.command("#general", "/nope")
        assert (await workspace.ana.notes())[0]["text"] == "/nope is not a valid command."


async def test_messages_and_mentions_reach_the_bot(workspace):
    app, got = bolt_app(workspace, ignoring_self_events_enabled=False), []

    @app.event("app_mention")
    async def mention(event: dict[str, Any]) -> None:
        got.append(event)

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        got.append(event)

    async with over_socket(workspace, app):
        said = await workspace.ana.say("#general", "hello @ft-bot, see #fine-tuning & <this>")

        async def both() -> bool:
            return len(got) == 2

        await until(both)
    by_type = {event["type"]: event for event in got}
    assert (
        by_type["message"]["text"] == "hello <@U0FTBOT001>, see <#C0FINETUNE|fine-tuning> &amp; &lt;this&gt;"
    )
    assert by_type["message"]["channel_type"] == "channel"
    assert by_type["message"]["blocks"][0]["type"] == "rich_text"
    assert by_type["app_mention"]["ts"] == said["ts"]


async def test_the_envelope_of_an_event_names_its_authorization(workspace):
    app, got = bolt_app(workspace), []

    @app.event("message")
    async def message(body: dict[str, Any]) -> None:
        got.append(body)

    async with over_socket(workspace, app):
        await workspace.ana.say("#general", "hello")

        async def one() -> bool:
            return bool(got)

        await until(one)
    assert got[0]["event_id"].startswith("Ev")
    assert got[0]["authorizations"][0] == {
        "enterprise_id": None,
        "team_id": "T0SANDBOX1",
        "user_id": "U0FTBOT001",
        "is_bot": True,
        "is_enterprise_install": False,
    }


async def test_an_event_that_is_not_acknowledged_comes_four_times():
    options = {"retry_delays": (0.0, 0.05, 0.1), "ack_seconds": 0.2}
    # An event without a listener is a 404 to Bolt: it sends no acknowledgement.
    async with open_workspace(**options) as workspace, over_socket(workspace, bolt_app(workspace)):
        await workspace.ana.say("#general", "hello")

        async def tried_four_times() -> list[dict[str, Any]]:
            events = await workspace.control.exchanges("event", "message")
            return events if len(events) == 4 and events[-1]["ms"] else []

        events = await until(tried_four_times)
    assert [e["attempt"] for e in events] == [0, 1, 2, 3]
    assert [e["retry_reason"] for e in events] == [None, "timeout", "timeout", "timeout"]
    assert len({e["payload"]["event_id"] for e in events}) == 1


async def test_an_unacknowledged_command_times_out():
    async with open_workspace(ack_seconds=0.2) as workspace:
        app = bolt_app(workspace)

        @app.command("/ft")
        async def ft() -> None: ...

        async with over_socket(workspace, app):
            answer = await workspace.ana.command("#general", "/ft")
    assert answer["error"] == "operation_timeout"


async def test_payloads_take_turns_between_connections(workspace):
    apps = [bolt_app(workspace), bolt_app(workspace)]
    counts = [0, 0]

    def count(index: int) -> None:
        @apps[index].command("/ft")
        async def ft(ack: Any) -> None:
            counts[index] += 1
            await ack()

    count(0)
    count(1)
    async with over_socket(workspace, apps[0]), over_socket(workspace, apps[1]):
        for _ in range(4):
            await workspace.ana.command("#general", "/ft")
    assert counts == [2, 2]


async def test_a_client_that_is_asked_to_refresh_reconnects(workspace):
    app = bolt_app(workspace)

    @app.command("/ft")
    async def ft(ack: Any) -> None:
        await ack()

    async with over_socket(workspace, app):
        before = workspace.sandbox.sockets.connections("A0FTBOT001")[0].number
        await workspace.control.sockets("refresh")

        async def renewed() -> bool:
            return any(c.number > before for c in workspace.sandbox.sockets.connections("A0FTBOT001"))

        await until(renewed)
        assert (await workspace.ana.command("#general", "/ft"))["ok"]


async def test_a_socket_url_works_once(workspace):
    client = bolt_app(workspace).client
    url = (await client.apps_connections_open(app_token=workspace.app_token))["url"]
    session = workspace.control._session
    assert session is not None
    async with session.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        assert (await session.get(url.replace("ws://", "http://"))).status == 403


async def test_the_bot_hears_nothing_from_where_it_is_not(workspace):
    app, got = bolt_app(workspace), []

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        got.append(event["text"])

    async with over_socket(workspace, app):
        await app.client.conversations_leave(channel="C0FINETUNE")
        await workspace.ana.say("#fine-tuning", "unheard")
        await workspace.ana.say("#general", "heard")

        async def heard() -> bool:
            return "heard" in got

        await until(heard)
    assert "unheard" not in got


async def test_the_synchronous_bolt_app_works_with_its_own_socket_client(workspace):
    client = WebClient(token=workspace.bot_token, base_url=workspace.api_url)

    def build() -> SocketModeHandler:
        app = App(client=client)

        @app.command("/ft")
        def ft(ack: Any, say: Any) -> None:
            ack()
            say("from a thread")

        handler = SocketModeHandler(app, workspace.app_token, web_client=client)
        handler.connect()
        return handler

    handler = await asyncio.to_thread(build)
    try:
        await workspace.control.connected()
        assert (await workspace.ana.command("#general", "/ft"))["ok"]

        async def said() -> bool:
            return [m["text"] for m in await workspace.ana.channel("general")] == ["from a thread"]

        await until(said)
    finally:
        await asyncio.to_thread(handler.close)
