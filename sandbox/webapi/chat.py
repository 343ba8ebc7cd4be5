"""chat.*: posting, editing and deleting messages."""

from typing import Any

from ..workspace import messages
from ..workspace.errors import SlackError
from ..workspace.people import visible
from ..workspace.records import JSON, Message
from .call import Call
from .content import POST_TEXT, UPDATE_TEXT, has_content, parse, thread_of


def _authorship(call: Call) -> dict[str, Any]:
    """Under which name the message stands: the bot's, or another where the app may choose one."""
    custom = {name: call.text(name) for name in ("username", "icon_emoji", "icon_url") if call.text(name)}
    if custom:
        call.require("chat:write.customize")
    icons = {name.removeprefix("icon_"): value for name, value in custom.items() if name != "username"}
    return {"username": custom.get("username"), "icons": icons or None}


def post_message(call: Call) -> JSON:
    channel = call.writable(call.need("channel"))
    fields = parse(call, POST_TEXT)
    if not has_content(fields):
        raise SlackError("no_text")
    thread_ts = thread_of(call.ws, channel.id, call.text("thread_ts"))
    broadcast = thread_ts is not None and call.flag("reply_broadcast")
    message = Message(
        channel=channel.id,
        ts=call.ws.timestamps.next(),
        user=call.bot,
        app_id=call.app.id,
        thread_ts=thread_ts,
        broadcast=broadcast,
        subtype="thread_broadcast" if broadcast else None,
        **_authorship(call),
        **fields,
    )
    messages.post(call.ws, message)
    shown = messages.render(call.ws, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(call: Call) -> JSON:
    channel = call.writable(call.need("channel"))
    user = call.need("user")
    if user not in call.ws.people:
        raise SlackError("user_not_found")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    fields = parse(call, POST_TEXT)
    if not has_content(fields):
        raise SlackError("no_text")
    fields.pop("metadata", None)
    message = Message(
        channel=channel.id,
        ts=call.ws.timestamps.next(),
        user=call.bot,
        app_id=call.app.id,
        thread_ts=thread_of(call.ws, channel.id, call.text("thread_ts")),
        seen_by=user,
        **_authorship(call),
        **fields,
    )
    messages.show(call.ws, message)
    return {"message_ts": message.ts}


def _own(call: Call, refusal: str) -> Message:
    """The app's own message that `channel` and `ts` name."""
    channel = visible(call.ws, call.need("channel"), call.bot)
    message = call.ws.message(channel.id, call.need("ts"))
    if message.app_id != call.app.id:
        raise SlackError(refusal)
    if is_streaming(call, message):
        raise SlackError("streaming_state_conflict")
    return message


def is_streaming(call: Call, message: Message) -> bool:
    return message.stream == "in_progress" and call.ws.clock() - message.stream_touched <= 300


def update(call: Call) -> JSON:
    message = _own(call, "cant_update_message")
    fields = parse(call, UPDATE_TEXT)
    if not any(name in fields for name in ("text", "blocks", "attachments", "metadata")):
        raise SlackError("no_text")
    if "text" in fields and "blocks" not in fields:
        # Slack keeps the old blocks only where no text came with the update.
        fields["blocks"] = ()
        fields |= {"edited_ts": call.ws.timestamps.next(), "edited_by": call.bot}
    if not has_content({"text": message.text, "blocks": message.blocks, "files": message.files} | fields):
        raise SlackError("no_text")
    changed = messages.change(call.ws, message, **fields)
    shown = messages.render(call.ws, changed, with_metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": changed.text, "message": shown}


def delete(call: Call) -> JSON:
    message = _own(call, "cant_delete_message")
    messages.delete(call.ws, message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(call: Call) -> JSON:
    channel = visible(call.ws, call.need("channel"), call.bot)
    message = call.ws.message(channel.id, call.need("message_ts"))
    link = f"{call.ws.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}
