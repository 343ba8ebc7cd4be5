"""Files in both directions, and messages that grow: with Slack's own client on the other side."""

import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.client import until
from tests.fakes.slack_apps import bolt_app, over_socket, refused
from tests.fakes.slack_workspace import Clock, SlackWorkspace, open_workspace

GENERAL = "C0GENERAL1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def workspace(clock: Clock) -> AsyncIterator[SlackWorkspace]:
    async with open_workspace(clock=clock) as started:
        yield started


async def fetch(url: str, token: str | None) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, response.content_type, await response.read()


async def test_one_upload_tells_the_app_three_times_with_ids_only(workspace):
    app, got = bolt_app(workspace), {}

    @app.event("file_created")
    async def created(event: dict[str, Any]) -> None:
        got["file_created"] = event

    @app.event("file_shared")
    async def shared(event: dict[str, Any]) -> None:
        got["file_shared"] = event

    @app.event({"type": "message", "subtype": "file_share"})
    async def message(event: dict[str, Any]) -> None:
        got["message"] = event

    async with over_socket(workspace, app):
        root = await workspace.ana.say("general", "here it comes")
        sent = await workspace.ana.drop("general", "news.jsonl", b"{}\n", "my data", thread_ts=root["ts"])

        async def all_three() -> bool:
            return len(got) == 3

        await until(all_three)
    file_id = sent["files"][0]["id"]
    assert got["file_shared"] == {
        "type": "file_shared",
        "file_id": file_id,
        "user_id": "U0ANA00001",
        "file": {"id": file_id},
        "channel_id": GENERAL,
        "event_ts": got["file_shared"]["event_ts"],
    }
    assert got["file_created"]["file"] == {"id": file_id}
    assert got["message"]["files"][0]["id"] == file_id
    assert got["message"]["text"] == "my data"
    assert got["message"]["thread_ts"] == root["ts"]


async def test_a_private_file_needs_a_token_that_may_read_it(workspace, client):
    sent = await workspace.ana.drop("general", "news.jsonl", b"the bytes")
    file = (await client.files_info(file=sent["files"][0]["id"]))["file"]
    assert (file["size"], file["name"], file["channels"]) == (9, "news.jsonl", [GENERAL])
    status, _, body = await fetch(file["url_private_download"], workspace.bot_token)
    assert (status, body) == (200, b"the bytes")
    # Slack shows its sign-in page, with status 200, to whoever may not read the file.
    for token in (None, "xoxb-wrong", workspace.app_token):
        status, kind, body = await fetch(file["url_private_download"], token)
        assert (status, kind) == (200, "text/html")
        assert b"Sign in" in body


async def test_files_upload_v2_shares_a_file_in_a_thread(workspace, client):
    root = (await client.chat_postMessage(channel=GENERAL, text="root"))["ts"]
    uploaded = await client.files_upload_v2(
        channel=GENERAL,
        thread_ts=root,
        file=io.BytesIO(b"a,b\n1,2\n"),
        filename="x.csv",
        initial_comment="see",
    )
    reply = (await client.conversations_replies(channel=GENERAL, ts=root))["messages"][1]
    assert reply["text"] == "see"
    assert reply["files"][0]["id"] == uploaded["file"]["id"]
    assert uploaded["file"]["filetype"] == "csv"
    listed = await client.files_list(channel=GENERAL)
    assert [f["id"] for f in listed["files"]] == [uploaded["file"]["id"]]


async def test_an_upload_must_have_the_announced_length(client):
    reserved = await client.files_getUploadURLExternal(filename="x.txt", length=3)
    async with (
        aiohttp.ClientSession() as session,
        session.post(reserved["upload_url"], data=b"four") as response,
    ):
        assert response.status == 400
    with refused("file_not_found"):
        await client.files_completeUploadExternal(files=[{"id": reserved["file_id"]}], channel_id=GENERAL)


async def test_a_deleted_file_is_gone(workspace, client):
    uploaded = await client.files_upload_v2(channel=GENERAL, content="x", filename="x.txt")
    file = uploaded["file"]
    await client.files_delete(file=file["id"])
    with refused("file_deleted"):
        await client.files_info(file=file["id"])
    assert (await fetch(file["url_private"], workspace.bot_token))[0] == 404
    theirs = await workspace.ana.drop("general", "mine.txt", b"x")
    with refused("cant_delete_file"):
        await client.files_delete(file=theirs["files"][0]["id"])


async def stream(client: AsyncWebClient, **options: Any) -> Any:
    root = (await client.chat_postMessage(channel=GENERAL, text="question"))["ts"]
    recipient = {"recipient_team_id": "T0SANDBOX1", "recipient_user_id": "U0ANA00001"}
    return await client.chat_stream(channel=GENERAL, thread_ts=root, **{**recipient, **options})


async def test_a_stream_grows_and_ends(client, workspace):
    streamer = await stream(client, buffer_size=1)
    await streamer.append(markdown_text="**Hello** ")
    await streamer.append(markdown_text="world")
    growing = (await workspace.ana.thread("general", streamer._stream_args["thread_ts"]))[-1]
    assert (growing["text"], growing["streaming_state"]) == ("**Hello** world", "in_progress")
    with refused("streaming_state_conflict"):
        await client.chat_update(channel=GENERAL, ts=growing["ts"], text="x")
    stopped = await streamer.stop(
        blocks=[{"type": "divider"}], metadata={"event_type": "a", "event_payload": {}}
    )
    assert [b["type"] for b in stopped["message"]["blocks"]] == ["markdown", "divider"]
    assert stopped["message"]["metadata"]["event_type"] == "a"
    with refused("message_not_in_streaming_state"):
        await client.chat_appendStream(channel=GENERAL, ts=growing["ts"], markdown_text="late")
    await client.chat_update(channel=GENERAL, ts=growing["ts"], text="now it may change")


async def test_a_stream_to_a_channel_names_its_recipient(client):
    with refused("missing_recipient_user_id"):
        await (await stream(client, recipient_user_id=None)).append(markdown_text="x" * 300)
    with refused("missing_recipient_team_id"):
        await (await stream(client, recipient_team_id=None)).append(markdown_text="x" * 300)
    with refused("team_not_found"):
        await (await stream(client, recipient_team_id="T0OTHER")).append(markdown_text="x" * 300)


async def test_a_stream_dies_after_five_minutes_of_silence(client, clock):
    streamer = await stream(client, buffer_size=1)
    await streamer.append(markdown_text="a")
    clock.now += 301
    with refused("message_not_in_streaming_state"):
        await streamer.append(markdown_text="b")


async def test_a_stream_shows_tasks_in_a_plan(client):
    streamer = await stream(client, task_display_mode="plan")
    task = {"type": "task_update", "id": "1", "title": "Look", "status": "in_progress"}
    await streamer.append(chunks=[{"type": "plan_update", "title": "Thinking"}, task])
    stopped = await streamer.stop(chunks=[{**task, "status": "complete", "output": "found"}])
    plan = stopped["message"]["blocks"][0]
    assert (plan["title"], len(plan["tasks"]), plan["tasks"][0]["status"]) == ("Thinking", 1, "complete")
    with refused("invalid_chunks"):
        await (await stream(client)).append(chunks=[{"type": "task_update", "id": "1"}])


async def test_a_stream_holds_12000_characters(client):
    streamer = await stream(client, buffer_size=1)
    await streamer.append(markdown_text="x" * 12_000)
    with refused("msg_too_long"):
        await streamer.append(markdown_text="x")
