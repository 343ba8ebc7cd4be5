"""The sandbox's Web API, through Slack's own clients."""

import asyncio
from dataclasses import replace

import pytest
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_apps import refused, web_client
from tests.fakes.slack_workspace import open_workspace

GENERAL = "C0GENERAL1"
ANA = "U0ANA00001"


def section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_auth_test_says_who_the_bot_is(client):
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (
        "T0SANDBOX1",
        "U0FTBOT001",
        "B0FTBOT001",
    )
    assert answer.headers["x-oauth-scopes"].startswith("app_mentions:read")


async def test_the_synchronous_client_works_too(workspace):
    client = WebClient(token=workspace.bot_token, base_url=workspace.api_url)
    posted = await asyncio.to_thread(client.chat_postMessage, channel=GENERAL, text="hello")
    found = await asyncio.to_thread(client.conversations_history, channel=GENERAL)
    assert found["messages"][0]["ts"] == posted["ts"]


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("xoxb-wrong", "invalid_auth"),
        ("", "not_authed"),
        ("xapp-1-A0FTBOT001-sandbox", "not_allowed_token_type"),
    ],
)
async def test_tokens_are_checked(workspace, token, code):
    client = AsyncWebClient(token=token, base_url=workspace.api_url)
    with refused(code):
        await client.chat_postMessage(channel=GENERAL, text="hello")


async def test_a_revoked_token_is_an_inactive_account(workspace, client):
    await workspace.control.revoke()
    with refused("account_inactive"):
        await client.auth_test()
    await workspace.control.revoke(restore=True)
    assert (await client.auth_test())["ok"]


async def test_an_unknown_method_names_itself(client, workspace, caplog):
    with refused("unknown_method") as answer:
        await client.api_call("chat.postmessage", json={"channel": GENERAL})
    assert answer["req_method"] == "chat.postmessage"
    assert "chat.postmessage" in caplog.text


async def test_what_is_posted_is_in_the_history_newest_first(client):
    for text in ("one", "two", "three"):
        await client.chat_postMessage(channel=GENERAL, text=text)
    first = await client.conversations_history(channel=GENERAL, limit=2)
    assert [m["text"] for m in first["messages"]] == ["three", "two"]
    assert first["has_more"]
    rest = await client.conversations_history(
        channel=GENERAL, limit=2, cursor=first["response_metadata"]["next_cursor"]
    )
    assert [m["text"] for m in rest["messages"]] == ["one"]
    assert not rest["has_more"]


async def test_oldest_and_latest_exclude_their_ends_unless_inclusive(client):
    stamps = [(await client.chat_postMessage(channel=GENERAL, text=str(n)))["ts"] for n in range(3)]
    between = await client.conversations_history(channel=GENERAL, oldest=stamps[0], latest=stamps[2])
    assert [m["text"] for m in between["messages"]] == ["1"]
    ends = await client.conversations_history(
        channel=GENERAL, oldest=stamps[0], latest=stamps[2], inclusive=True
    )
    assert [m["text"] for m in ends["messages"]] == ["2", "1", "0"]


async def test_replies_stand_below_their_root_and_not_in_the_channel(client):
    root = (await client.chat_postMessage(channel=GENERAL, text="root"))["ts"]
    await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root)
    thread = (await client.conversations_replies(channel=GENERAL, ts=root))["messages"]
    assert [m["text"] for m in thread] == ["root", "reply"]
    assert thread[0]["reply_count"] == 1
    assert thread[0]["latest_reply"] == thread[1]["ts"]
    history = (await client.conversations_history(channel=GENERAL))["messages"]
    assert [m["text"] for m in history] == ["root"]


async def test_a_reply_may_also_be_sent_to_the_channel(client):
    root = (await client.chat_postMessage(channel=GENERAL, text="root"))["ts"]
    await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root, reply_broadcast=True)
    history = (await client.conversations_history(channel=GENERAL))["messages"]
    assert [(m["text"], m.get("subtype")) for m in history] == [("reply", "thread_broadcast"), ("root", None)]


async def test_a_reply_needs_a_root_that_exists(client):
    with refused("thread_not_found"):
        await client.chat_postMessage(channel=GENERAL, text="x", thread_ts="1.000001")
    root = (await client.chat_postMessage(channel=GENERAL, text="root"))["ts"]
    reply = (await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root))["ts"]
    with refused("cannot_reply_to_message"):
        await client.chat_postMessage(channel=GENERAL, text="x", thread_ts=reply)


async def test_metadata_is_only_shown_to_those_who_ask(client):
    metadata = {"event_type": "update", "event_payload": {"id": "42"}}
    await client.chat_postMessage(channel=GENERAL, text="x", metadata=metadata)
    plain = (await client.conversations_history(channel=GENERAL))["messages"][0]
    full = (await client.conversations_history(channel=GENERAL, include_all_metadata=True))["messages"][0]
    assert "metadata" not in plain
    assert full["metadata"] == metadata
    with refused("invalid_metadata_schema"):
        await client.chat_postMessage(channel=GENERAL, text="x", metadata={"event_type": "update"})


async def test_an_update_with_text_alone_removes_the_blocks(client):
    posted = await client.chat_postMessage(channel=GENERAL, text="before", blocks=[section("*before*")])
    changed = await client.chat_update(channel=GENERAL, ts=posted["ts"], text="after")
    assert "blocks" not in changed["message"]
    assert changed["message"]["edited"]["user"] == "U0FTBOT001"


async def test_an_update_with_blocks_carries_no_edited_mark(client):
    posted = await client.chat_postMessage(channel=GENERAL, text="x", blocks=[section("one")])
    changed = await client.chat_update(channel=GENERAL, ts=posted["ts"], text="x", blocks=[section("two")])
    assert changed["message"]["blocks"][0]["text"]["text"] == "two"
    assert "edited" not in changed["message"]


async def test_only_the_apps_own_messages_may_be_changed(client, workspace):
    message = await workspace.ana.say("general", "mine")
    with refused("cant_update_message"):
        await client.chat_update(channel=GENERAL, ts=message["ts"], text="ours")
    with refused("cant_delete_message"):
        await client.chat_delete(channel=GENERAL, ts=message["ts"])
    with refused("message_not_found"):
        await client.chat_update(channel=GENERAL, ts="1.000001", text="x")


async def test_a_deleted_root_leaves_a_tombstone_over_its_replies(client):
    root = (await client.chat_postMessage(channel=GENERAL, text="root"))["ts"]
    await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root)
    await client.chat_delete(channel=GENERAL, ts=root)
    thread = (await client.conversations_replies(channel=GENERAL, ts=root))["messages"]
    assert [m.get("subtype") for m in thread] == ["tombstone", None]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
        ({"text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"markdown_text": "x", "blocks": [{"type": "divider"}]}, "markdown_text_conflict"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
    ],
)
async def test_contents_that_slack_refuses(client, arguments, code):
    with refused(code):
        await client.chat_postMessage(channel=GENERAL, **arguments)


async def test_invalid_blocks_say_where(client):
    with refused("invalid_blocks") as answer:
        await client.chat_postMessage(channel=GENERAL, text="x", blocks=[section("a"), section("x" * 3001)])
    expected = "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    assert answer["errors"] == [expected]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {expected}"]


async def test_an_update_may_hold_4000_characters(client):
    ts = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    await client.chat_update(channel=GENERAL, ts=ts, text="x" * 4000)
    with refused("msg_too_long"):
        await client.chat_update(channel=GENERAL, ts=ts, text="x" * 4001)


async def test_channels_that_the_bot_is_not_in(client, workspace):
    channels = workspace.sandbox.workspace.channels
    general = channels[GENERAL]
    channels.put(replace(general, id="C0PRIVATE1", name="secret", kind="group", members=(ANA,)))
    channels.put(replace(general, id="C0OTHER001", name="other", members=(ANA,)))
    with refused("channel_not_found"):
        await client.chat_postMessage(channel="C0PRIVATE1", text="x")
    with refused("not_in_channel"):
        await client.conversations_history(channel="C0OTHER001")
    with refused("channel_not_found"):
        await client.conversations_info(channel="C0NOWHERE1")
    await client.conversations_join(channel="C0OTHER001")
    assert (await client.conversations_history(channel="C0OTHER001"))["messages"] == []


async def test_an_ephemeral_message_is_seen_by_one_person_only(client, workspace):
    await client.chat_postEphemeral(channel=GENERAL, user=ANA, text="for ana")
    assert [m["text"] for m in await workspace.ana.channel("general")] == ["for ana"]
    assert await workspace.ben.channel("general") == []
    assert (await client.conversations_history(channel=GENERAL))["messages"] == []


async def test_posting_to_a_person_opens_the_direct_conversation(client, workspace):
    posted = await client.chat_postMessage(channel=ANA, text="psst")
    assert posted["channel"].startswith("D")
    assert [m["text"] for m in await workspace.ana.channel("@ft-bot")] == ["psst"]
    opened = await client.conversations_open(users=ANA)
    assert opened["channel"]["id"] == posted["channel"]


async def test_reactions_count_each_person_once(client, workspace):
    ts = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    await client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
    with refused("already_reacted"):
        await client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
    message = (await workspace.ana.channel("general"))[0]
    await workspace.ana.react(message, "eyes")
    found = (await client.reactions_get(channel=GENERAL, timestamp=ts))["message"]["reactions"]
    assert found == [{"name": "eyes", "users": ["U0FTBOT001", ANA], "count": 2}]


async def test_lists_of_people_and_channels_are_paged(client):
    people = await client.users_list(limit=2)
    assert [m["name"] for m in people["members"]] == ["ana", "ben"]
    more = await client.users_list(limit=2, cursor=people["response_metadata"]["next_cursor"])
    assert [m["name"] for m in more["members"]] == ["admin", "ft-bot"]
    channels = await client.conversations_list(types="public_channel")
    assert [c["name"] for c in channels["channels"]] == ["general", "fine-tuning"]
    with refused("invalid_cursor"):
        await client.users_list(cursor="not ours")


async def test_a_permalink_names_the_thread(client):
    root = (await client.chat_postMessage(channel=GENERAL, text="root"))["ts"]
    reply = (await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root))["ts"]
    link = (await client.chat_getPermalink(channel=GENERAL, message_ts=reply))["permalink"]
    assert link.endswith(f"/archives/{GENERAL}/p{reply.replace('.', '')}?thread_ts={root}&cid={GENERAL}")


MANIFEST = {
    "display_information": {"name": "tiny"},
    "features": {
        "slash_commands": [{"command": "/tiny", "description": "x"}],
        "bot_user": {"display_name": "tiny"},
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
    "settings": {"socket_mode_enabled": True, "interactivity": {"is_enabled": True}},
}


async def test_the_manifests_scopes_are_enforced():
    async with open_workspace(manifest=MANIFEST) as workspace:
        client = web_client(workspace)
        await client.chat_postMessage(channel=GENERAL, text="allowed")
        with refused("missing_scope") as answer:
            await client.conversations_history(channel=GENERAL)
    assert (answer["needed"], answer["provided"]) == ("channels:history", "chat:write,commands")


async def test_rate_limits_answer_429_with_retry_after():
    async with open_workspace(rate_limits=True) as workspace:
        client = web_client(workspace)
        for _ in range(20):
            await client.users_list()
        with refused("ratelimited"):
            await client.users_list()
        exchange = (await workspace.control.exchanges("call", "users.list"))[-1]
    assert exchange["status"] == 429


async def test_a_channel_takes_about_one_message_a_second():
    async with open_workspace(posting_limits=True) as workspace:
        client = web_client(workspace)
        for n in range(4):
            await client.chat_postMessage(channel=GENERAL, text=str(n))
        with refused("ratelimited"):
            await client.chat_postMessage(channel=GENERAL, text="too fast")
        await client.chat_postMessage(channel="C0FINETUNE", text="another channel")


async def test_tokens_never_reach_the_log(client, workspace):
    await client.api_call(
        "chat.postMessage", data={"token": workspace.bot_token, "channel": GENERAL, "text": "x"}
    )
    assert workspace.bot_token not in str(await workspace.control.log())


async def test_channels_are_made_changed_and_archived(client, workspace):
    made = (await client.conversations_create(name="reports"))["channel"]
    with refused("name_taken"):
        await client.conversations_create(name="reports")
    with refused("invalid_name_specials"):
        await client.conversations_create(name="Reports!")
    await client.conversations_invite(channel=made["id"], users=ANA)
    await client.conversations_setTopic(channel=made["id"], topic="What came out")
    renamed = await client.conversations_rename(channel=made["id"], name="results")
    assert (renamed["channel"]["name"], renamed["channel"]["topic"]["value"]) == ("results", "What came out")
    await workspace.ana.say("#results", "I am in")
    await client.conversations_kick(channel=made["id"], user=ANA)
    await client.conversations_archive(channel=made["id"])
    with refused("is_archived"):
        await client.chat_postMessage(channel=made["id"], text="too late")
    with refused("cant_archive_general"):
        await client.conversations_archive(channel=GENERAL)


async def test_people_are_found_by_their_address(client):
    found = await client.users_lookupByEmail(email="ana@sandbox.example")
    assert found["user"]["id"] == ANA
    assert (await client.users_profile_get(user=ANA))["profile"]["email"] == "ana@sandbox.example"
    with refused("users_not_found"):
        await client.users_lookupByEmail(email="nobody@sandbox.example")


async def test_an_assistant_says_what_it_does(client, workspace):
    root = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    await client.assistant_threads_setStatus(channel_id=GENERAL, thread_ts=root, status="is thinking")
    entries = await workspace.control.log()
    assert [e["data"]["status"] for e in entries if e["kind"] == "assistant_status"] == ["is thinking"]
    with refused("invalid_thread_ts"):
        await client.assistant_threads_setStatus(channel_id=GENERAL, thread_ts="1.000001", status="x")
