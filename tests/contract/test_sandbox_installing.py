"""Installing an app by OAuth, manifests that Slack would refuse, pins and bookmarks."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import yaml

from tests.fakes.slack_apps import refused, web_client
from tests.fakes.slack_workspace import ROOT, SlackWorkspace

GENERAL = "C0GENERAL1"
REDIRECT = "https://app.example/slack/oauth"


@pytest.fixture
def app(workspace: SlackWorkspace) -> Any:
    return next(iter(workspace.sandbox.workspace.apps.values()))


async def consent(
    workspace: SlackWorkspace, app: Any, answer: str, **changed: str
) -> tuple[int, dict[str, list[str]]]:
    query = {
        "client_id": app.client_id,
        "scope": "chat:write,commands",
        "redirect_uri": REDIRECT,
        "state": "s1",
    }
    url = f"{workspace.sandbox.url}/oauth/v2/authorize"
    form = {"answer": answer, "as": "ana"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, params={**query, **changed}, data=form, allow_redirects=False) as response,
    ):
        return response.status, parse_qs(urlsplit(response.headers.get("Location", "")).query)


async def test_consent_leads_to_a_token_with_the_scopes_that_were_asked_for(workspace, client, app):
    asked = f"client_id={app.client_id}&scope=chat:write&redirect_uri={REDIRECT}"
    page = f"{workspace.sandbox.url}/oauth/v2/authorize?{asked}"
    async with aiohttp.ClientSession() as session, session.get(page) as response:
        assert "ft-bot wants to join Sandbox" in await response.text()
    status, back = await consent(workspace, app, "allow")
    assert (status, back["state"]) == (302, ["s1"])
    secret = {"client_id": app.client_id, "client_secret": app.client_secret}
    token = await client.oauth_v2_access(code=back["code"][0], redirect_uri=REDIRECT, **secret)
    assert (token["scope"], token["authed_user"]["id"]) == ("chat:write,commands", "U0ANA00001")
    installed = web_client(workspace, token["access_token"])
    await installed.chat_postMessage(channel=GENERAL, text="installed")
    with refused("missing_scope"):
        await installed.users_list()
    with refused("invalid_code"):
        await client.oauth_v2_access(code=back["code"][0], **secret)


async def test_consent_can_be_refused_and_secrets_are_checked(workspace, client, app):
    assert (await consent(workspace, app, "deny"))[1]["error"] == ["access_denied"]
    assert (await consent(workspace, app, "allow", client_id="0.0"))[0] == 400
    _, back = await consent(workspace, app, "allow")
    with refused("bad_client_secret"):
        await client.oauth_v2_access(client_id=app.client_id, client_secret="x", code=back["code"][0])


async def test_this_projects_manifest_is_valid(client):
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    assert (await client.api_call("apps.manifest.validate", data={"manifest": json.dumps(manifest)}))["ok"]


@pytest.mark.parametrize(
    ("manifest", "pointer"),
    [
        ({"display_information": {"name": "x" * 36}}, "/display_information/name"),
        ({"display_information": {"name": "x"}, "colour": 1}, ""),
        (
            {
                "display_information": {"name": "x"},
                "features": {"slash_commands": [{"command": "ft", "description": "x"}]},
            },
            "/features/slash_commands/0/command",
        ),
        (
            {
                "display_information": {"name": "x"},
                "settings": {
                    "socket_mode_enabled": True,
                    "event_subscriptions": {"bot_events": ["file_shared"]},
                },
            },
            "/settings/event_subscriptions/bot_events/0",
        ),
    ],
)
async def test_a_wrong_manifest_is_refused_with_its_place(client, manifest, pointer):
    with refused("invalid_manifest") as answer:
        await client.api_call("apps.manifest.validate", data={"manifest": json.dumps(manifest)})
    assert [error["pointer"] for error in answer["errors"]] == [pointer]


async def test_a_message_is_pinned_once(client):
    ts = (await client.chat_postMessage(channel=GENERAL, text="keep"))["ts"]
    await client.pins_add(channel=GENERAL, timestamp=ts)
    with refused("already_pinned"):
        await client.pins_add(channel=GENERAL, timestamp=ts)
    pinned = (await client.pins_list(channel=GENERAL))["items"]
    assert [(item["message"]["text"], item["message"]["pinned_to"]) for item in pinned] == [
        ("keep", [GENERAL])
    ]
    await client.pins_remove(channel=GENERAL, timestamp=ts)
    with refused("no_pin"):
        await client.pins_remove(channel=GENERAL, timestamp=ts)


async def test_bookmarks_are_added_changed_and_removed(client):
    link = {"type": "link", "link": "https://example.com"}
    added = (await client.bookmarks_add(channel_id=GENERAL, title="Docs", **link))["bookmark"]
    changed = await client.bookmarks_edit(channel_id=GENERAL, bookmark_id=added["id"], title="Manual")
    assert changed["bookmark"]["link"] == "https://example.com"
    listed = (await client.bookmarks_list(channel_id=GENERAL))["bookmarks"]
    assert [b["title"] for b in listed] == ["Manual"]
    await client.bookmarks_remove(channel_id=GENERAL, bookmark_id=added["id"])
    with refused("not_found"):
        await client.bookmarks_remove(channel_id=GENERAL, bookmark_id=added["id"])
    with refused("invalid_link"):
        await client.bookmarks_add(channel_id=GENERAL, title="x", type="link", link="ftp://x")
