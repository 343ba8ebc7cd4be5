"""The messages of a chat completion request, checked; every refusal names the place that is wrong."""

from typing import Any

from trainer import fields
from trainer.api.calls import check_turns, has_calls
from trainer.engine.rowchecks import ROLES
from trainer.errors import bad

Message = dict[str, Any]
#: Kinds of content parts that hold text, and the key under which they hold it.
TEXT_PARTS = {"text": "text", "refusal": "refusal"}
ASSISTANTS = ("tool_calls", "function_call", "refusal")
TEXTS = {"name": fields.text, "refusal": fields.text, "tool_call_id": fields.text}
NEEDED = {"tool": "tool_call_id", "function": "name"}


def messages_of(body: dict[str, Any]) -> list[Message]:
    """The conversation so far; raises ApiError."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad("Invalid 'messages': must be a list of at least one message.", "messages", "invalid_type")
    for i, message in enumerate(messages):
        _check(message, f"messages[{i}]")
    check_turns(messages)
    return messages


def _check(message: Any, where: str) -> None:
    fields.thing(message, where)
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        allowed = ", ".join(sorted(ROLES))
        raise bad(f"Invalid '{where}.role': must be one of {allowed}.", f"{where}.role", "invalid_value")
    fields.check(message, TEXTS, f"{where}.")
    if (needed := NEEDED.get(role)) and not message.get(needed):
        raise fields.missing(f"{where}.{needed}")
    _check_content(message, where, optional=_without_content(message, role, where))


def _without_content(message: Message, role: str, where: str) -> bool:
    """Whether a message may have no content: the assistant's calls and refusals, and what a function gave."""
    if role == "assistant":
        return has_calls(message, where) or bool(message.get("refusal"))
    for key in ASSISTANTS:
        if message.get(key) is not None:
            param = f"{where}.{key}"
            raise bad(f"Invalid '{param}': only the assistant's messages have it.", param, "invalid_value")
    return role == "function"


def _check_content(message: Message, where: str, *, optional: bool) -> None:
    content, param = message.get("content"), f"{where}.content"
    if isinstance(content, list) and content:
        for i, part in enumerate(content):
            _check_part(part, f"{param}[{i}]", param, message["role"])
    elif not isinstance(content, str) and not (content is None and optional):
        raise fields.wrong_type(param, "text")


def _check_part(part: Any, where: str, param: str, role: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in TEXT_PARTS:
        raise bad(f"'{where}' must be a text part: this server reads text only.", param, "invalid_value")
    if kind == "refusal" and role != "assistant":
        raise bad(f"'{where}' must be a text part: only the assistant refuses.", param, "invalid_value")
    fields.text(part.get(TEXT_PARTS[kind]), f"{where}.{TEXT_PARTS[kind]}")
