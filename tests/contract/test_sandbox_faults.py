"""Faults that are ordered through the control API, as Slack's clients meet them."""

import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.client import ControlError
from tests.fakes.slack_apps import refused, web_client
from tests.fakes.slack_workspace import SlackWorkspace

GENERAL = "C0GENERAL1"


@pytest.fixture
def client(workspace: SlackWorkspace) -> AsyncWebClient:
    client = web_client(workspace)
    client.retry_handlers = []
    return client


async def texts(workspace: SlackWorkspace) -> list[str]:
    return [m["text"] for m in await workspace.ana.channel("general")]


async def test_an_error_comes_as_often_as_ordered_and_does_no_work(workspace, client):
    await workspace.control.fault("chat.postMessage", "error", error="is_archived", times=2)
    for _ in range(2):
        with refused("is_archived"):
            await client.chat_postMessage(channel=GENERAL, text="refused")
    await client.chat_postMessage(channel=GENERAL, text="accepted")
    assert await texts(workspace) == ["accepted"]


async def test_a_fault_may_be_limited_to_certain_arguments(workspace, client):
    await workspace.control.fault("chat.postMessage", "error", match={"channel": "C0FINETUNE"})
    await client.chat_postMessage(channel=GENERAL, text="fine")
    with refused("internal_error"):
        await client.chat_postMessage(channel="C0FINETUNE", text="not fine")


async def test_the_retry_handler_waits_out_a_rate_limit(workspace, client):
    client.retry_handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    await workspace.control.fault("chat.postMessage", "ratelimited", retry_after=0)
    await client.chat_postMessage(channel=GENERAL, text="in the end")
    assert await texts(workspace) == ["in the end"]


@pytest.mark.parametrize(("kind", "expected"), [("drop_before", []), ("drop_after", ["x"])])
async def test_a_connection_may_drop_before_or_after_the_work(workspace, client, kind, expected):
    await workspace.control.fault("chat.postMessage", kind)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=GENERAL, text="x")
    assert await texts(workspace) == expected


async def test_a_server_error_and_an_answer_that_is_not_json(workspace, client):
    await workspace.control.fault("auth.test", "status", status=503)
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert caught.value.response.status_code == 503
    await workspace.control.fault("auth.test", "not_json")
    with pytest.raises(SlackApiError):
        await client.auth_test()


async def test_a_slow_call_does_its_work_late(workspace, client):
    await workspace.control.fault("auth.test", "slow", seconds=0.2)
    started = time.monotonic()
    assert (await client.auth_test())["ok"]
    assert time.monotonic() - started >= 0.2


async def test_faults_can_be_taken_back_and_must_make_sense(workspace, client):
    await workspace.control.fault("*", "error", times=100)
    await workspace.control.clear_faults()
    assert (await client.auth_test())["ok"]
    with pytest.raises(ControlError, match="invalid_fault"):
        await workspace.control.fault("auth.test", "earthquake")
    with pytest.raises(ControlError, match="unknown_field"):
        await workspace.control.fault("auth.test", "slow", minutes=1)


async def test_the_log_tells_what_happened_in_order(workspace, client):
    since = await workspace.control.last()
    await client.chat_postMessage(channel=GENERAL, text="x")
    entry = await workspace.control.follow(since, lambda e: e["kind"] == "exchange")
    assert (entry["data"]["exchange"]["name"], entry["data"]["exchange"]["ok"]) == ("chat.postMessage", True)
    kinds = [e["kind"] for e in await workspace.control.log(since)]
    assert kinds[0] == "message"
    assert await workspace.control.log(entry["seq"] + 100) == []


async def test_other_sites_may_not_act_here(workspace):
    session = workspace.control._session
    assert session is not None
    url = f"{workspace.sandbox.url}/control/say"
    body = {"as": "ana", "channel": "general", "text": "x"}
    for header in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        async with session.post(url, json=body, headers=header) as response:
            assert response.status == 403
    assert await texts(workspace) == []
