"""One training example, shown as the conversation that it is. Everything in it was written by strangers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tuning.rows import Row
from views.blocks import context, section
from views.numbers import count
from views.rendered import Block
from views.text import clip, code, escape

#: What is shown of an example, a message, and a call's arguments, in characters; and how many messages.
EXAMPLE, MESSAGE, ARGUMENTS, MESSAGES = 2500, 500, 150, 12
_ROLES = {
    "system": "⚙️ *system*",
    "developer": "⚙️ *developer*",
    "user": "🧑 *user*",
    "assistant": "🤖 *assistant*",
    "tool": "🔧 *tool*",
    "function": "🔧 *function*",
}
_OUTPUTS = (("preferred_output", "👍 *preferred*"), ("non_preferred_output", "👎 *not preferred*"))


def example_blocks(rows: list[Row] | tuple[Row, ...]) -> list[Block]:
    """Each row with its number above it."""
    blocks: list[Block] = []
    for row in rows:
        blocks += [context(f"row {count(row.number)}"), section(example(row))]
    return blocks


def example(row: Row) -> str:
    """A row as mrkdwn: its messages where it has some, else what stands there."""
    value = _read(row) if row.whole else None
    lines = list(_lines(value)) if isinstance(value, dict) else []
    return clip("\n".join(lines), EXAMPLE) or code(row.text, EXAMPLE)


def _read(row: Row) -> Any:
    try:
        return json.loads(row.text)
    except (ValueError, RecursionError):
        return None


def _lines(row: dict[str, Any]) -> Iterator[str]:
    given = row.get("input")
    asked = given.get("messages") if isinstance(given, dict) else row.get("messages")
    yield from _messages(asked)
    for key, title in _OUTPUTS:
        if key in row:
            yield title
            yield from _messages(row[key])
    if tools := row.get("tools"):
        yield f"🧰 {count(len(tools)) if isinstance(tools, list) else 'some'} tools"


def _messages(messages: Any) -> Iterator[str]:
    if not isinstance(messages, list):
        return
    for message in messages[:MESSAGES]:
        yield _message(message) if isinstance(message, dict) else code(str(message), MESSAGE)
    if len(messages) > MESSAGES:
        yield f"… and {count(len(messages) - MESSAGES)} more messages"


def _message(message: dict[str, Any]) -> str:
    role = message.get("role")
    who = _ROLES.get(role) if isinstance(role, str) else None
    ignored = " (not learned)" if message.get("weight") == 0 else ""
    said = [
        f"{who or code(str(role), 40)}{ignored}: {escape(_content(message), MESSAGE, lines=True)}".rstrip()
    ]
    return "\n".join([*said, *_calls(message)])


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(_part(part) for part in content)
    if content is None:
        return str(message.get("refusal") or "")
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)


def _part(part: Any) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type") if isinstance(part, dict) else None
    return f"[{kind if isinstance(kind, str) else 'something'}]"


def _calls(message: dict[str, Any]) -> Iterator[str]:
    """The tool calls of a message, in the newer and in the older form."""
    calls = message.get("tool_calls")
    for call in calls[:MESSAGES] if isinstance(calls, list) else ():
        yield _call(call.get("function") if isinstance(call, dict) else None)
    if "function_call" in message:
        yield _call(message["function_call"])


def _call(function: Any) -> str:
    if not isinstance(function, dict):
        return "   ↳ calls something"
    name, arguments = str(function.get("name")), str(function.get("arguments"))
    return f"   ↳ calls {code(name, 80)} with {code(arguments, ARGUMENTS)}"
