"""chat.startStream, appendStream, stopStream: a message that grows while it is read."""

from dataclasses import replace
from typing import Any

from ..blockkit.check import message_blocks
from ..workspace import messages
from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.people import visible
from ..workspace.records import JSON, Message
from .call import Call
from .chat import is_streaming
from .content import MARKDOWN_TEXT, checked_metadata, thread_of

STATUSES = ("pending", "in_progress", "complete", "error")


def start(call: Call) -> JSON:
    channel = call.writable(call.need("channel"))
    if not channel.is_direct:
        _check_recipient(call)
    mode = call.text("task_display_mode", "timeline")
    if mode not in ("timeline", "plan", "dense"):
        raise invalid_arguments("task_display_mode must be one of timeline, plan")
    message = Message(
        channel=channel.id,
        ts=call.ws.timestamps.next(),
        user=call.bot,
        app_id=call.app.id,
        thread_ts=thread_of(call.ws, channel.id, call.text("thread_ts")),
        stream="in_progress",
        stream_touched=call.ws.clock(),
        blocks=({"type": "plan", "title": "", "tasks": [], "block_id": "plan"},) if mode == "plan" else (),
    )
    messages.post(call.ws, _grown(message, _chunks(call)))
    return {"channel": channel.id, "ts": message.ts}


def _check_recipient(call: Call) -> None:
    if not call.text("recipient_team_id"):
        raise SlackError("missing_recipient_team_id")
    if not call.text("recipient_user_id"):
        raise SlackError("missing_recipient_user_id")
    if call.text("recipient_team_id") != call.ws.team.id:
        raise SlackError("team_not_found")
    if call.text("recipient_user_id") not in call.ws.people:
        raise SlackError("user_not_found")


def _streaming(call: Call) -> Message:
    channel = visible(call.ws, call.need("channel"), call.bot)
    message = call.ws.message(channel.id, call.need("ts"))
    if message.app_id != call.app.id:
        raise SlackError("message_not_owned_by_app")
    if not is_streaming(call, message):
        raise SlackError("message_not_in_streaming_state")
    return message


def append(call: Call) -> JSON:
    message = _streaming(call)
    chunks = _chunks(call)
    if not chunks:
        raise SlackError("no_text")
    grown = _grown(message, chunks)
    _store(call, message, grown, stream_touched=call.ws.clock())
    return {"channel": message.channel, "ts": message.ts}


def stop(call: Call) -> JSON:
    message = _streaming(call)
    grown = _grown(message, _chunks(call))
    final = call.data("blocks", "invalid_blocks_format")
    blocks = (*grown.blocks, *message_blocks(final)) if final else grown.blocks
    metadata = call.data("metadata", "invalid_metadata_format")
    fields: dict[str, Any] = {"metadata": checked_metadata(metadata)} if metadata else {}
    done = _store(call, message, replace(grown, blocks=blocks), stream="completed", **fields)
    shown = messages.render(call.ws, done, with_metadata=True)
    return {"channel": message.channel, "ts": message.ts, "message": shown}


def _store(call: Call, before: Message, after: Message, **fields: Any) -> Message:
    return messages.change(call.ws, before, text=after.text, blocks=after.blocks, **fields)


def _chunks(call: Call) -> list[JSON]:
    """The chunks of this call; plain `markdown_text` counts as one."""
    chunks = call.data("chunks", "invalid_chunks") or []
    markdown = call.text("markdown_text")
    if markdown:
        chunks = [{"type": "markdown_text", "text": markdown}, *chunks]
    if not isinstance(chunks, list) or not all(isinstance(chunk, dict) for chunk in chunks):
        raise SlackError("invalid_chunks")
    return chunks


def _grown(message: Message, chunks: list[JSON]) -> Message:
    """The message with the chunks added in order."""
    blocks = [dict(block) for block in message.blocks]
    text = message.text
    for chunk in chunks:
        kind = chunk.get("type")
        if kind == "markdown_text" and isinstance(chunk.get("text"), str):
            text += chunk["text"]
            _add_markdown(blocks, chunk["text"])
        elif (
            kind == "task_update"
            and chunk.get("id")
            and chunk.get("title")
            and chunk.get("status") in STATUSES
        ):
            _update_task(blocks, chunk)
        elif kind == "plan_update" and isinstance(chunk.get("title"), str):
            _plan(blocks)["title"] = chunk["title"]
        elif kind == "blocks":
            blocks += message_blocks(chunk.get("blocks"))
        else:
            raise SlackError("invalid_chunks")
    if len(text) > MARKDOWN_TEXT:
        raise SlackError("msg_too_long")
    return replace(message, text=text, blocks=tuple(blocks))


def _add_markdown(blocks: list[JSON], text: str) -> None:
    if blocks and blocks[-1]["type"] == "markdown":
        blocks[-1]["text"] += text
    elif text:
        blocks.append({"type": "markdown", "text": text, "block_id": f"markdown{len(blocks)}"})


def _plan(blocks: list[JSON]) -> JSON:
    found = next((block for block in blocks if block["type"] == "plan"), None)
    if found is None:
        found = {"type": "plan", "title": "", "tasks": [], "block_id": "plan"}
        blocks.append(found)
    return found


def _update_task(blocks: list[JSON], chunk: JSON) -> None:
    plan = next((block for block in blocks if block["type"] == "plan"), None)
    tasks = plan["tasks"] if plan else [block for block in blocks if block["type"] == "task_card"]
    known = next((task for task in tasks if task["task_id"] == chunk["id"]), None)
    fields = {key: value for key, value in chunk.items() if key not in ("type", "id")}
    for name in ("details", "output"):
        if isinstance(fields.get(name), str):
            fields[name] = _rich(fields[name])
    if known is not None:
        known |= fields
        return
    task = {"type": "task_card", "task_id": chunk["id"], "block_id": f"task{chunk['id']}"[:255], **fields}
    if plan is not None:
        plan["tasks"] = [*plan["tasks"], task]
    else:
        blocks.append(task)


def _rich(text: str) -> JSON:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}
