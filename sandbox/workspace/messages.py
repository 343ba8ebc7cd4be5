"""Messages: posting, editing, deleting, reacting, and how they look in answers and events."""

from dataclasses import replace
from typing import Any

from . import files
from .ids import new_block_id
from .mrkdwn import mentioned, rich_text
from .people import bot_profile
from .records import JSON, Channel, Message, Person
from .state import Workspace

KIND_OF_EVENT = {"channel": "channel", "group": "group", "im": "im", "mpim": "mpim"}


def render(ws: Workspace, message: Message, with_metadata: bool = False) -> JSON:
    """The message object of conversations.history."""
    if message.tombstone:
        return _tombstone(ws, message)
    shown: JSON = {"type": "message", "user": message.user, "ts": message.ts, "team": ws.team.id}
    shown["text"] = message.text
    if message.subtype:
        shown["subtype"] = message.subtype
    app = ws.apps.get(message.app_id)
    if app:
        shown |= {"bot_id": app.bot_id, "app_id": app.id, "bot_profile": bot_profile(ws, app)}
    optional: dict[str, Any] = {
        "client_msg_id": message.client_msg_id,
        "username": message.username,
        "icons": message.icons,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "files": [files.file_json(ws, ws.files[f]) for f in message.files if f in ws.files],
        "reactions": [{"name": n, "users": list(u), "count": len(u)} for n, u in message.reactions],
        "streaming_state": message.stream,
        "pinned_to": [message.channel] if message.pinned else None,
    }
    shown |= {key: value for key, value in optional.items() if value}
    if message.files:
        shown |= {"upload": False, "display_as_bot": False}
    if message.edited_ts:
        shown["edited"] = {"user": message.edited_by, "ts": message.edited_ts}
    if message.seen_by:
        shown["is_ephemeral"] = True
    if message.metadata and with_metadata:
        shown["metadata"] = message.metadata
    return shown | _thread_fields(ws, message)


def _thread_fields(ws: Workspace, message: Message) -> JSON:
    if message.thread_ts and message.thread_ts != message.ts:
        parent = ws.messages.get(f"{message.channel}/{message.thread_ts}")
        return {"thread_ts": message.thread_ts, "parent_user_id": parent.user if parent else None}
    replies = ws.in_thread(message.channel, message.ts)
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "reply_users": users[:5],
        "is_locked": False,
        "subscribed": False,
    }


def _tombstone(ws: Workspace, message: Message) -> JSON:
    base = {
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "ts": message.ts,
    }
    return base | _thread_fields(ws, message)


def by_person(ws: Workspace, channel: Channel, person: Person, text: str, **fields: Any) -> Message:
    """A message as a person's client sends it, with its rich_text block; not posted yet."""
    return Message(
        channel=channel.id,
        ts=ws.timestamps.next(),
        user=person.id,
        text=text,
        blocks=(rich_text(text, new_block_id()),) if text else (),
        client_msg_id=f"{person.id.lower()}-{ws.timestamps.next()}",
        **fields,
    )


def index(ws: Workspace, message: Message) -> None:
    """Puts a message into its channel's and its thread's order."""
    ws.timeline.setdefault(message.channel, []).append(message.ts)
    if message.thread_ts and message.thread_ts != message.ts:
        ws.replies.setdefault(f"{message.channel}/{message.thread_ts}", []).append(message.ts)


def post(ws: Workspace, message: Message) -> Message:
    """Puts the message into its channel and tells whoever should hear of it."""
    ws.messages.put(message)
    index(ws, message)
    channel = ws.channels[message.channel]
    shown = render(ws, message, with_metadata=True)
    ws.journal.add("message", channel=channel.id, message=shown)
    event = _event(channel, shown, message.ts)
    ws.notify(event, channel, None)
    _notify_mentioned(ws, channel, message, shown)
    return message


def show(ws: Workspace, message: Message) -> Message:
    """Shows an ephemeral message to the one person it is for."""
    ws.ephemerals.put(message)
    ws.journal.add("ephemeral", channel=message.channel, user=message.seen_by, message=render(ws, message))
    return message


def _event(channel: Channel, shown: JSON, event_ts: str) -> JSON:
    kind = KIND_OF_EVENT[channel.kind]
    return {**shown, "channel": channel.id, "channel_type": kind, "event_ts": event_ts}


def _notify_mentioned(ws: Workspace, channel: Channel, message: Message, shown: JSON) -> None:
    if channel.is_direct or message.subtype not in (None, "file_share"):
        return
    ids = mentioned(message.text)
    for app in ws.apps.values():
        if app.bot_user_id in ids and message.app_id != app.id:
            kept = (
                "user",
                "ts",
                "client_msg_id",
                "text",
                "team",
                "blocks",
                "files",
                "thread_ts",
                "parent_user_id",
            )
            event = {"type": "app_mention", **{key: shown[key] for key in kept if key in shown}}
            ws.notify({**event, "channel": channel.id, "event_ts": message.ts}, channel, app.id)


def change(ws: Workspace, message: Message, **fields: Any) -> Message:
    """Replaces parts of a message, an ephemeral one too."""
    changed = replace(message, **fields)
    if message.seen_by:
        ws.ephemerals.put(changed)
        shown = render(ws, changed)
        ws.journal.add("ephemeral_changed", channel=message.channel, user=message.seen_by, message=shown)
        return changed
    before = render(ws, message, with_metadata=True)
    ws.messages.put(changed)
    shown = render(ws, changed, with_metadata=True)
    ws.journal.add("message_changed", channel=message.channel, message=shown)
    edit = {"subtype": "message_changed", "message": shown, "previous_message": before}
    _hidden(ws, message.channel, edit)
    return changed


def change_quietly(ws: Workspace, message: Message, **fields: Any) -> Message:
    """Replaces parts that are no edit (reactions, pins): shown at once, but no message event."""
    changed = ws.messages.put(replace(message, **fields))
    ws.journal.add(
        "message_changed", channel=message.channel, message=render(ws, changed, with_metadata=True)
    )
    return changed


def _hidden(ws: Workspace, channel_id: str, fields: JSON) -> None:
    """Tells apps of a change: an event that is not itself a message."""
    channel = ws.channels[channel_id]
    ts = ws.timestamps.next()
    event = {"type": "message", "hidden": True, "ts": ts, **fields}
    ws.notify(_event(channel, event, ts), channel, None)


def delete(ws: Workspace, message: Message) -> None:
    """Takes a message away; the root of a thread that has replies leaves a tombstone."""
    if message.seen_by:
        ws.ephemerals.remove(f"{message.channel}/{message.ts}")
        ws.journal.add("ephemeral_deleted", channel=message.channel, user=message.seen_by, ts=message.ts)
        return
    before = render(ws, message, with_metadata=True)
    key = f"{message.channel}/{message.ts}"
    if ws.replies.get(key):
        ws.messages.put(replace(message, tombstone=True))
    else:
        ws.messages.remove(key)
        ws.timeline[message.channel].remove(message.ts)
        if message.thread_ts and message.thread_ts != message.ts:
            ws.replies[f"{message.channel}/{message.thread_ts}"].remove(message.ts)
    ws.journal.add("message_deleted", channel=message.channel, ts=message.ts, thread_ts=message.thread_ts)
    deleted = {"subtype": "message_deleted", "deleted_ts": message.ts, "previous_message": before}
    _hidden(ws, message.channel, deleted)


def find(ws: Workspace, channel: str, ts: str, seen_by: str | None = None) -> Message:
    """A message by its timestamp, including the ephemeral ones that `seen_by` was shown."""
    ephemeral = ws.ephemerals.get(f"{channel}/{ts}")
    if ephemeral and ephemeral.seen_by == seen_by:
        return ephemeral
    return ws.message(channel, ts)
