"""What an app says in answer to an interaction: in the acknowledgement of a command or at a response URL."""

from dataclasses import replace
from typing import Any

from ..blockkit.check import message_blocks
from ..webapi.content import checked_attachments, thread_of
from ..workspace import messages
from ..workspace.errors import SlackError
from ..workspace.records import JSON, Message, ResponseUrl
from ..workspace.state import Workspace

KNOWN = ("ephemeral", "in_channel")


def _flag(body: JSON, name: str) -> bool:
    return str(body.get(name, False)).lower() == "true"


def _content(body: JSON) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if body.get("text") is not None:
        if not isinstance(body["text"], str):
            raise SlackError("invalid_text")
        fields["text"] = body["text"]
    if body.get("blocks") is not None:
        fields["blocks"] = message_blocks(body["blocks"])
    if body.get("attachments") is not None:
        fields["attachments"] = checked_attachments(body["attachments"])
    if len(fields.get("text", "")) > 40_000:
        raise SlackError("msg_too_long")
    return fields


def apply(ws: Workspace, record: ResponseUrl, body: JSON) -> None:
    """Posts, replaces or deletes what `body` says; raises Slack's error for what Slack refuses."""
    original = _original(ws, record)
    if _flag(body, "delete_original"):
        if original:
            messages.delete(ws, original)
        return
    fields = _content(body)
    if not any(fields.values()):
        raise SlackError("no_text")
    if _flag(body, "replace_original") and original:
        if "text" in fields and "blocks" not in fields:
            fields["blocks"] = ()
        messages.change(ws, original, **fields)
        return
    kind = body.get("response_type", "ephemeral")
    if kind not in KNOWN:
        raise SlackError("invalid_response_type")
    message = Message(
        channel=record.channel,
        ts=ws.timestamps.next(),
        user=ws.apps[record.app_id].bot_user_id,
        app_id=record.app_id,
        thread_ts=thread_of(ws, record.channel, str(body.get("thread_ts") or "")),
        seen_by=record.user if kind == "ephemeral" else None,
        **fields,
    )
    (messages.show if message.seen_by else messages.post)(ws, message)
    if record.message_ts is None and record.key in ws.response_urls:
        # From now on replace_original means the first answer to the command.
        current = ws.response_urls[record.key]
        ws.response_urls.put(
            replace(current, message_ts=message.ts, is_ephemeral=message.seen_by is not None)
        )


def _original(ws: Workspace, record: ResponseUrl) -> Message | None:
    """The message that the interaction came from, if it is still there."""
    if record.message_ts is None:
        return None
    key = f"{record.channel}/{record.message_ts}"
    return (ws.ephemerals if record.is_ephemeral else ws.messages).get(key)
