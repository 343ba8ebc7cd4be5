"""Tool calls: a template writes <tool_call>{"name": ..., "arguments": ...}</tool_call>, the wire objects."""

import json
from typing import Any

from trainer import ids
from trainer.errors import bad

OPEN, CLOSE = "<tool_call>", "</tool_call>"


def tools_of(body: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The tools that the model may call; raises ApiError for what can't be promised."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is None:
        return None
    if not isinstance(tools, list) or not all(_is_function(tool) for tool in tools):
        raise bad("Invalid 'tools': each must be a function with a name.", "tools", "invalid_value")
    if choice not in (None, "auto", "none"):
        message = "This server can't force a tool call: 'tool_choice' must be 'auto' or 'none'."
        raise bad(message, "tool_choice", "unsupported_value")
    return None if choice == "none" else tools or None


def _is_function(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


class ToolText:
    """Tells an answer's plain text from its tool calls while it comes in."""

    def __init__(self, *, offered: bool = True) -> None:
        self.offered = offered
        self.rest = ""
        self.calls: list[dict[str, Any]] = []

    def push(self, text: str) -> str:
        """Take some text; returns what is certainly not part of a call."""
        if not self.offered:
            return text
        self.rest += text
        plain = ""
        while True:
            before, opened, after = self.rest.partition(OPEN)
            if not opened:
                keep = next((n for n in range(len(OPEN) - 1, 0, -1) if self.rest.endswith(OPEN[:n])), 0)
                plain, self.rest = (
                    plain + self.rest[: len(self.rest) - keep],
                    self.rest[len(self.rest) - keep :],
                )
                return plain
            inside, closed, following = after.partition(CLOSE)
            if not closed:
                plain, self.rest = plain + before, opened + after
                return plain
            call = _call(inside)
            plain += before if call else f"{before}{OPEN}{inside}{CLOSE}"
            self.calls += [call] if call else []
            self.rest = following

    def finish(self) -> str:
        """What was held back and turned out to be no call."""
        rest, self.rest = self.rest, ""
        return rest


def _call(text: str) -> dict[str, Any] | None:
    """A call as OpenAI has it, or None for text that only looks like one."""
    try:
        written = json.loads(text)
        name, arguments = written["name"], written.get("arguments", {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(name, str):
        return None
    arguments = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": ids.new("call_"), "type": "function", "function": {"name": name, "arguments": arguments}}
