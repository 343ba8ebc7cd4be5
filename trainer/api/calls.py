"""The calls in a conversation, and the tools that are offered for more, checked."""

from typing import Any

from trainer import fields
from trainer.errors import bad
from trainer.nesting import text_too_deep

Message = dict[str, Any]
FUNCTION = {"description": fields.text, "parameters": fields.thing, "strict": fields.truth}


def has_calls(message: Message, where: str) -> bool:
    """Whether a message of the assistant calls something; raises ApiError for what is no call."""
    calls, call = message.get("tool_calls"), message.get("function_call")
    if calls is not None and not isinstance(calls, list):
        raise fields.wrong_type(f"{where}.tool_calls", "a list")
    for i, item in enumerate(calls or []):
        _check_item(item, f"{where}.tool_calls[{i}]")
    if call is not None:
        _check_call(call, f"{where}.function_call")
    return bool(calls or call)


def _check_item(item: Any, where: str) -> None:
    if not isinstance(item, dict) or item.get("type", "function") != "function":
        raise bad(f"Invalid '{where}': must be a call of a function.", where, "invalid_value")
    for key in ("id", "type"):
        if item.get(key) in (None, ""):
            raise fields.missing(f"{where}.{key}")
    fields.text(item["id"], f"{where}.id")
    _check_call(item.get("function"), f"{where}.function")


def _check_call(function: Any, where: str) -> None:
    fields.thing(function, where)
    fields.text(function.get("name"), f"{where}.name")
    written = function.get("arguments")
    if not isinstance(written, str):
        raise fields.wrong_type(f"{where}.arguments", "text that holds JSON")
    if text_too_deep(written):
        param = f"{where}.arguments"
        raise bad(f"Invalid '{param}': the JSON is nested too deep.", param, "invalid_value")


def check_turns(messages: list[Message]) -> None:
    """A tool speaks only where the assistant called it, and only of that call."""
    called: set[str] = set()
    for i, message in enumerate(messages):
        if message["role"] != "tool":
            called = {call["id"] for call in message.get("tool_calls") or []}
        elif not called:
            words = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
            raise bad(f"Invalid parameter: {words}", f"messages.[{i}].role")
        elif message["tool_call_id"] not in called:
            words = f"'tool_call_id' of {message['tool_call_id'][:64]!r} not found in 'tool_calls'"
            raise bad(f"Invalid parameter: {words} of previous message.", f"messages.[{i}].tool_call_id")


def check_offer(body: dict[str, Any]) -> None:
    """The types in the tools that are offered, and a choice that can be kept where none are."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    for i, tool in enumerate(tools if isinstance(tools, list) else []):
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            fields.check(function, FUNCTION, f"tools[{i}].function.")
    if choice is not None and not isinstance(choice, str | dict):
        raise fields.wrong_type("tool_choice", "text or an object")
    if tools is None and choice not in (None, "auto", "none"):
        message = "This server can't force a tool call: 'tool_choice' must be 'auto' or 'none'."
        raise bad(message, "tool_choice", "unsupported_value")
