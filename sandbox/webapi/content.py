"""What a message may consist of: text, blocks, attachments and metadata, checked as Slack checks them."""

import json
from typing import Any

from ..blockkit.check import message_blocks
from ..workspace.errors import SlackError
from ..workspace.records import JSON
from ..workspace.state import Workspace
from .call import Call

POST_TEXT = 40_000
UPDATE_TEXT = 4_000
MARKDOWN_TEXT = 12_000
MOST_ATTACHMENTS = 100
METADATA_BYTES = 8_000


def parse(call: Call, most_text: int = POST_TEXT) -> dict[str, Any]:
    """The fields of a Message that the arguments describe; only those that were given."""
    fields: dict[str, Any] = {}
    blocks = call.data("blocks", "invalid_blocks_format")
    attachments = call.data("attachments", "invalid_attachments")
    markdown = call.text("markdown_text")
    if markdown:
        fields |= _markdown(call, markdown, blocks)
    elif "text" in call.args:
        fields["text"] = call.text("text")
    if blocks is not None:
        fields["blocks"] = message_blocks(blocks)
    if attachments is not None:
        fields["attachments"] = checked_attachments(attachments)
    if len(fields.get("text", "")) > most_text:
        raise SlackError("msg_too_long")
    metadata = call.data("metadata", "invalid_metadata_format")
    if metadata is not None:
        fields["metadata"] = checked_metadata(metadata)
    return fields


def _markdown(call: Call, markdown: str, blocks: Any) -> dict[str, Any]:
    if blocks or call.text("text"):
        raise SlackError("markdown_text_conflict")
    if len(markdown) > MARKDOWN_TEXT:
        raise SlackError("msg_too_long")
    return {"text": markdown, "blocks": message_blocks([{"type": "markdown", "text": markdown}])}


def checked_attachments(attachments: Any) -> tuple[JSON, ...]:
    if not isinstance(attachments, list) or not all(isinstance(a, dict) for a in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    done = []
    for index, attachment in enumerate(attachments, start=1):
        complete = {"id": index, **attachment}
        if "blocks" in attachment:
            where = f"/attachments/{index - 1}/blocks"
            complete["blocks"] = list(message_blocks(attachment["blocks"], where))
        done.append(complete)
    return tuple(done)


def checked_metadata(metadata: Any) -> JSON:
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not event_type or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(payload)) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return {"event_type": event_type, "event_payload": payload}


def has_content(fields: dict[str, Any]) -> bool:
    return any(fields.get(name) for name in ("text", "blocks", "attachments"))


def thread_of(ws: Workspace, channel: str, thread_ts: str) -> str | None:
    """The thread to reply to: its root must exist and be a root."""
    if not thread_ts:
        return None
    root = ws.messages.get(f"{channel}/{thread_ts}")
    if root is None:
        raise SlackError("thread_not_found")
    if root.thread_ts and root.thread_ts != root.ts:
        raise SlackError("cannot_reply_to_message")
    return thread_ts
