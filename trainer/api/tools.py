"""Tool calls: an answer holds JSON, marked as the base's template marks it; the wire has objects."""

import json
from typing import Any

from trainer import ids
from trainer.errors import bad
from trainer.habits import USUAL, Calls, calls_in

Call = dict[str, Any]


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


def names_of(tools: list[dict[str, Any]] | None) -> set[str] | None:
    """The names of the functions that are offered; None where none are."""
    return None if tools is None else {tool["function"]["name"] for tool in tools}


class ToolText:
    """Tells an answer's plain text from its tool calls while it comes in; `offered` are the functions."""

    def __init__(self, offered: set[str] | None) -> None:
        self.offered = offered
        self.form = USUAL
        self.rest = ""
        self.calls: list[Call] = []
        self.plain = False

    def push(self, text: str) -> str:
        """Take some text; returns what is certainly not part of a call."""
        if self.offered is None or self.plain:
            return text
        self.rest += text
        if not self.form.opens:
            return self._bare()
        return self._closed() if self.form.closes else self._marked()

    def finish(self) -> str:
        """What was held back and turned out to be no call."""
        rest, self.rest = self.rest, ""
        if self.offered is None or (self.form.opens and self.form.closes):
            return rest
        called = _calls_from(rest.removeprefix(self.form.opens))
        if called and (self.form.opens or all(name in self.offered for name, _ in called)):
            self.calls += [_call(name, arguments) for name, arguments in called]
            return ""
        return rest

    def _bare(self) -> str:
        """Without a mark, an answer that begins like an object is kept until it has ended."""
        begun = "".join(self.rest.split())[:2]
        if begun in ("", "{", "[", '{"', "[{"):
            return ""
        self.plain, text, self.rest = True, self.rest, ""
        return text

    def _marked(self) -> str:
        """All that follows the mark belongs to the calls."""
        before, opened, after = self.rest.partition(self.form.opens)
        if not opened:
            return self._without_half_mark()
        self.rest = opened + after
        return before

    def _closed(self) -> str:
        plain = ""
        while True:
            before, opened, after = self.rest.partition(self.form.opens)
            if not opened:
                return plain + self._without_half_mark()
            inside, closed, following = after.partition(self.form.closes)
            if not closed:
                self.rest = opened + after
                return plain + before
            called = _calls_from(inside)
            self.calls += [_call(name, arguments) for name, arguments in called or []]
            plain += before if called else before + opened + inside + closed
            self.rest = following

    def _without_half_mark(self) -> str:
        mark = self.form.opens
        keep = next((n for n in range(len(mark) - 1, 0, -1) if self.rest.endswith(mark[:n])), 0)
        plain, self.rest = self.rest[: len(self.rest) - keep], self.rest[len(self.rest) - keep :]
        return plain


def form_of(said: dict[str, Any]) -> Calls:
    """How the model that begins an answer marks its calls."""
    return Calls(*said["calls"]) if said.get("calls") else USUAL


def _calls_from(text: str) -> list[tuple[str, Any]] | None:
    """The calls in a text of nothing but JSON, or None for text that only looks like one."""
    called, text = [], text.strip()
    while text:
        try:
            value, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return None
        found = calls_in(value)
        if found is None:
            return None
        called += found
        # Llama separates the calls of an answer so.
        text = text[end:].lstrip("; \n")
    return called or None


def _call(name: str, arguments: Any) -> Call:
    """A call as OpenAI has it."""
    arguments = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": ids.new("call_"), "type": "function", "function": {"name": name, "arguments": arguments}}
