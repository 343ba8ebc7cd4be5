"""Running a Bolt app against a sandbox, over either road, for as long as a test needs it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.testing import SlackWorkspace


def web_client(workspace: SlackWorkspace, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(token=token or workspace.bot_token, base_url=workspace.api_url)


def bolt_app(workspace: SlackWorkspace, **options: Any) -> AsyncApp:
    return AsyncApp(client=web_client(workspace), signing_secret=workspace.signing_secret, **options)


@asynccontextmanager
async def over_socket(workspace: SlackWorkspace, app: AsyncApp) -> AsyncIterator[Any]:
    """Runs the app over Socket Mode."""
    handler: Any = AsyncSocketModeHandler(app, workspace.app_token, web_client=app.client)
    await handler.connect_async()
    try:
        yield handler
    finally:
        await handler.close_async()


@asynccontextmanager
async def over_http(workspace: SlackWorkspace, app: AsyncApp) -> AsyncIterator[str]:
    """Serves the app's request URL and makes the sandbox use it; yields the URL."""

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    site = web.Application()
    site.router.add_post("/slack/events", events)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        await workspace.control.post("request_url", url=url)
        yield url
    finally:
        await runner.cleanup()


@contextmanager
def refused(code: str) -> Iterator[dict[str, Any]]:
    """Expects Slack's error `code`; the yielded dictionary holds the whole answer afterwards."""
    answer: dict[str, Any] = {}
    with pytest.raises(SlackApiError) as caught:
        yield answer
    answer.update(caught.value.response.data)
    assert answer["error"] == code


MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "train",
    "title": {"type": "plain_text", "text": "Train"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Name"},
            "element": {"type": "plain_text_input", "action_id": "name_input"},
        },
        {
            "type": "input",
            "block_id": "epochs",
            "optional": True,
            "label": {"type": "plain_text", "text": "Epochs"},
            "element": {
                "type": "number_input",
                "action_id": "epochs_input",
                "is_decimal_allowed": False,
                "min_value": "1",
                "max_value": "10",
            },
        },
    ],
}
