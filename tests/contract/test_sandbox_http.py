"""Bolt over signed HTTP against the sandbox, and the request URL's own rules."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from slack_bolt import App
from slack_bolt.app.app import SlackAppDevelopmentServer
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient

from sandbox.client import ControlError, until
from tests.fakes.slack_apps import MODAL, bolt_app, over_http
from tests.fakes.slack_workspace import SlackWorkspace, open_workspace


@pytest.fixture
async def workspace() -> AsyncIterator[SlackWorkspace]:
    async with open_workspace(retry_delays=(0.0, 0.05, 0.1)) as started:
        yield started


async def test_commands_modals_and_events_arrive_signed(workspace):
    app, got = bolt_app(workspace), []

    @app.command("/ft")
    async def ft(ack: Any, command: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=MODAL)

    @app.view("train")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        got.append(view["state"]["values"]["name"]["name_input"]["value"])
        await ack()

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        got.append(event["text"])

    async with over_http(workspace, app):
        assert (await workspace.ana.command("#general", "/ft"))["ok"]
        await workspace.ana.modal("train")
        assert (await workspace.ana.submit({"name": "news"}))["ok"]
        await workspace.ana.say("#general", "hello")

        async def all_there() -> bool:
            return got == ["news", "hello"]

        await until(all_there)


async def test_a_wrong_signing_secret_is_noticed_by_the_app(workspace):
    app = bolt_app(workspace)

    @app.command("/ft")
    async def ft(ack: Any) -> None:
        await ack()

    async with over_http(workspace, app) as url:
        suspicious = AsyncApp(client=app.client, signing_secret="another")
        with pytest.raises(ControlError, match="url_not_verified"):
            async with over_http(workspace, suspicious):
                pass
        assert url
        assert (await workspace.ana.command("#general", "/ft"))["ok"]


async def _site(handler: Any) -> tuple[web.AppRunner, str]:
    site = web.Application()
    site.router.add_post("/", handler)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/"


async def test_retries_carry_their_number_and_reason(workspace):
    seen: list[tuple[str | None, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        if body["type"] == "url_verification":
            return web.Response(text=body["challenge"])
        seen.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        return web.Response(status=200 if len(seen) == 3 else 500)

    runner, url = await _site(handler)
    await workspace.control.post("request_url", url=url)
    await workspace.ana.say("#general", "hello")

    async def settled() -> bool:
        return len(seen) == 3

    await until(settled)
    await runner.cleanup()
    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")]


async def test_an_app_may_ask_not_to_be_sent_an_event_again(workspace):
    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        if body["type"] == "url_verification":
            return web.json_response({"challenge": body["challenge"]})
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    runner, url = await _site(handler)
    await workspace.control.post("request_url", url=url)
    await workspace.ana.say("#general", "one")

    async def tried() -> list[Any]:
        return await workspace.control.exchanges("event")

    await until(tried)
    await workspace.ana.say("#general", "two")

    async def both() -> bool:
        return len(await workspace.control.exchanges("event")) >= 2

    await until(both)
    await runner.cleanup()
    assert [e["attempt"] for e in await workspace.control.exchanges("event")] == [0, 0]


async def test_a_request_url_must_answer_the_challenge(workspace):
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="what?")

    runner, url = await _site(handler)
    with pytest.raises(ControlError, match="url_not_verified"):
        await workspace.control.post("request_url", url=url)
    await runner.cleanup()


@pytest.mark.parametrize(("status", "error"), [(500, "http_service_error"), (404, "http_client_error")])
async def test_a_command_that_the_app_answers_with_an_error_fails(workspace, status, error):
    async def handler(request: web.Request) -> web.Response:
        if request.content_type == "application/json":
            return web.Response(text=(await request.json())["challenge"])
        return web.Response(status=status)

    runner, url = await _site(handler)
    await workspace.control.post("request_url", url=url)
    answer = await workspace.ana.command("#general", "/ft")
    await runner.cleanup()
    assert answer["error"] == error


async def test_the_synchronous_bolt_app_works_over_its_own_http_server(workspace):
    client = WebClient(token=workspace.bot_token, base_url=workspace.api_url)

    def build() -> SlackAppDevelopmentServer:
        app = App(client=client, signing_secret=workspace.signing_secret)

        @app.command("/ft")
        def ft(ack: Any, say: Any) -> None:
            ack("noted")
            say("from a thread")

        return SlackAppDevelopmentServer(port=0, path="/slack/events", app=app)

    # The synchronous app asks who it is while it is built, so it is built beside the event loop.
    server = await asyncio.to_thread(build)
    port = server._server.server_address[1]
    running = asyncio.create_task(asyncio.to_thread(server.start))
    try:
        await workspace.control.post("request_url", url=f"http://127.0.0.1:{port}/slack/events")
        assert (await workspace.ana.command("#general", "/ft"))["ok"]
        assert [note["text"] for note in await workspace.ana.notes()] == ["noted"]

        async def said() -> bool:
            return [m["text"] for m in await workspace.ben.channel("general")] == ["from a thread"]

        await until(said)
    finally:
        await asyncio.to_thread(server._server.shutdown)
        await running
