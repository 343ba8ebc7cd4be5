"""The messages of a chat completion request, checked; every refusal names the place that is wrong."""

from typing import Any

from trainer.engine.rowchecks import ROLES
from trainer.errors import ApiError, bad

Message = dict[str, Any]
#: Kinds of content parts that hold text, and the key under which they hold it.
TEXT_PARTS = {"text": "text", "refusal": "refusal"}


def messages_of(body: dict[str, Any]) -> list[Message]:
    """The conversation so far; raises ApiError."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad("Invalid 'messages': must be a list of at least one message.", "messages", "invalid_type")
    for i, message in enumerate(messages):
        _check(message, f"messages[{i}]")
    return messages


def _check(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        raise _wrong_type(where, "an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        allowed = ", ".join(sorted(ROLES))
        raise bad(f"Invalid '{where}.role': must be one of {allowed}.", f"{where}.role", "invalid_value")
    calls = role == "assistant" and _has_calls(message, where)
    _check_content(message.get("content"), f"{where}.content", optional=calls or bool(message.get("refusal")))
    for key in ("name", "refusal", "tool_call_id"):
        if message.get(key) is not None and not isinstance(message[key], str):
            raise _wrong_type(f"{where}.{key}", "text")
    if role == "tool" and not message.get("tool_call_id"):
        param = f"{where}.tool_call_id"
        raise bad(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def _has_calls(message: Message, where: str) -> bool:
    calls, call = message.get("tool_calls"), message.get("function_call")
    if calls is not None and not isinstance(calls, list):
        raise _wrong_type(f"{where}.tool_calls", "a list")
    for i, item in enumerate(calls or []):
        place = f"{where}.tool_calls[{i}]"
        if not isinstance(item, dict) or item.get("type", "function") != "function":
            raise bad(f"Invalid '{place}': must be a call of a function.", place, "invalid_value")
        _check_call(item.get("function"), f"{place}.function")
    if call is not None:
        _check_call(call, f"{where}.function_call")
    return bool(calls or call)


def _check_call(function: Any, where: str) -> None:
    if not isinstance(function, dict):
        raise _wrong_type(where, "an object")
    if not isinstance(function.get("name"), str):
        raise _wrong_type(f"{where}.name", "text")
    if not isinstance(function.get("arguments", ""), str):
        raise _wrong_type(f"{where}.arguments", "text that holds JSON")


def _check_content(content: Any, where: str, *, optional: bool) -> None:
    if isinstance(content, list) and content:
        for i, part in enumerate(content):
            _check_part(part, f"{where}[{i}]", where)
    elif not isinstance(content, str) and not (content is None and optional):
        raise _wrong_type(where, "text")


def _check_part(part: Any, where: str, param: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in TEXT_PARTS:
        raise bad(f"'{where}' must be a text part: this server reads text only.", param, "invalid_value")
    if not isinstance(part.get(TEXT_PARTS[kind]), str):
        raise _wrong_type(f"{where}.{TEXT_PARTS[kind]}", "text")


def _wrong_type(where: str, wanted: str) -> ApiError:
    return bad(f"Invalid type for '{where}': expected {wanted}.", where, "invalid_type")
