"""Checks of a conversation: each message for itself, and the order in which they stand."""

from __future__ import annotations

import re
from typing import Any

from tuning.datasets.contents import check_content
from tuning.datasets.rowcheck import NAME, RowFindings, is_empty, quoted
from tuning.datasets.strict import BadNumber, join
from tuning.datasets.toolcheck import Tools, check_call
from tuning.pricing import book

ROLE_KEYS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "refusal", "audio", "tool_calls", "function_call", "weight"},
    "tool": {"role", "content", "name", "tool_call_id"},
    "function": {"role", "content", "name"},
}
_ANY_KEY = set().union(*ROLE_KEYS.values())
_HOME = {"tool_call_id": "tool"}
LONGEST_CALL_ID = 40
_BAD_NAME = re.compile(r"[\s<|\\/>]")
_ALIASES = {
    "human": "user",
    "prompter": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "chatbot": "assistant",
    "instruction": "system",
}


def check_messages(out: RowFindings, messages: list[Any], tools: Tools, path: str = "messages") -> int:
    """Check every message and their order; returns how many images they have.

    What the row must end with is the format's own rule.
    """
    images = 0
    for i, message in enumerate(messages):
        images += check_message(out, message, tools, f"{path}[{i}]")
    most = book().defaults.images_per_example
    if images > most:
        out.add("too_many_images", path, f"The example has {images} images, {most} are allowed")
    if len(messages) > book().defaults.messages_per_example:
        out.add("too_many_messages", path, f"The example has {len(messages):,} messages")
    _check_order(out, messages, path)
    return images


def check_message(out: RowFindings, message: Any, tools: Tools, path: str) -> int:
    """Check one message; returns how many images it has."""
    if not out.type_is(message, dict, path):
        return 0
    role = message.get("role")
    if "role" not in message:
        out.add("message_missing_key", f"{path}.role", "The message has no role")
    elif not isinstance(role, str) or role not in ROLE_KEYS:
        _unknown_role(out, role, path)
        role = None
    _check_keys(out, role, message, path)
    _check_name(out, role, message, path)
    images = _check_said(out, role, message, path)
    if role == "assistant" or role is None:
        _check_assistant(out, message, tools, path)
    if role == "tool":
        _check_tool_message(out, message, path)
    return images


def _unknown_role(out: RowFindings, role: Any, path: str) -> None:
    known = _ALIASES.get(role.lower()) if isinstance(role, str) else None
    if known is None and isinstance(role, str) and role.strip().lower() in ROLE_KEYS:
        known = role.strip().lower()
    todo = f"Write {known}." if known else ""
    what = f"{quoted(role)} isn't a role" if isinstance(role, str) else "The role isn't a string"
    out.add("unrecognized_role", f"{path}.role", what, todo)


def _check_keys(out: RowFindings, role: str | None, message: dict[str, Any], path: str) -> None:
    allowed = ROLE_KEYS[role] if role else _ANY_KEY
    for key in message:
        if key in allowed:
            continue
        if key in _ANY_KEY:
            home = _HOME.get(key, "assistant")
            what = f"{quoted(key)} belongs in {home} messages, not in one of the role {quoted(role)}"
            out.add("misplaced_key", join(path, key), what)
        else:
            out.add("message_unrecognized_key", join(path, key), f"A message has no key {quoted(key)}")


def _check_name(out: RowFindings, role: str | None, message: dict[str, Any], path: str) -> None:
    if "name" not in message:
        if role == "function":
            out.add("message_missing_key", f"{path}.name", "A function message names its function")
        return
    name = message["name"]
    if not out.type_is(name, str, f"{path}.name"):
        return
    if (
        not 1 <= len(name) <= 64
        or _BAD_NAME.search(name)
        or (role == "function" and not NAME.fullmatch(name))
    ):
        out.add("name_pattern", f"{path}.name", f"{quoted(name)} can't be a name")


def _check_said(out: RowFindings, role: str | None, message: dict[str, Any], path: str) -> int:
    content = message.get("content")
    if not is_empty(content):
        return check_content(out, role or "", content, f"{path}.content")
    says_otherwise = any(not is_empty(message.get(k)) for k in ("tool_calls", "function_call", "refusal"))
    if role in ("assistant", None) and says_otherwise:
        return 0
    if role == "function" and "content" in message:
        return 0
    if "content" not in message:
        out.add("message_missing_key", f"{path}.content", "The message has no content")
    elif role == "tool" and content == "":
        todo = "Leave it if the tool returned nothing; many write OK or null then."
        out.add("blank_content", f"{path}.content", "The tool's answer is empty", todo)
    else:
        out.add("missing_content", f"{path}.content", "The message says nothing")
    return 0


def _check_assistant(out: RowFindings, message: dict[str, Any], tools: Tools, path: str) -> None:
    if "weight" in message:
        weight = message["weight"]
        told = isinstance(weight, BadNumber)  # as not_a_number
        if not told and (isinstance(weight, bool) or weight not in (0, 1)):
            out.add("weight", f"{path}.weight", f"The weight is {quoted(weight)}")
    if message.get("audio") is not None:
        out.add("content_part", f"{path}.audio", "Audio can't be trained", "Remove it.")
    refusal = message.get("refusal")
    if refusal is not None and out.type_is(refusal, str, f"{path}.refusal"):
        out.text(refusal, f"{path}.refusal")
    if message.get("function_call") is not None:
        if message.get("tool_calls"):
            what = "The message has both tool_calls and function_call"
            out.add("functions_and_tools", f"{path}.function_call", what)
        check_call(out, tools, message["function_call"], f"{path}.function_call")
    if "tool_calls" in message:
        _check_calls(out, message["tool_calls"], tools, f"{path}.tool_calls")


def _check_calls(out: RowFindings, calls: Any, tools: Tools, path: str) -> None:
    if calls is None:
        out.add("null_value", path, "tool_calls is null")
        return
    if not out.type_is(calls, list, path, "tool_call"):
        return
    if not calls:
        out.add("tool_call", path, "tool_calls is an empty list", "Leave the key out.")
    if len(calls) > book().defaults.calls_per_message:
        out.add("too_many_calls", path, f"The message makes {len(calls):,} calls")
    seen: set[str] = set()
    for i, call in enumerate(calls):
        _check_call(out, call, tools, seen, f"{path}[{i}]")


def _check_call(out: RowFindings, call: Any, tools: Tools, seen: set[str], path: str) -> None:
    if not out.type_is(call, dict, path, "tool_call"):
        return
    identifier = call.get("id")
    if not isinstance(identifier, str) or not identifier:
        out.add("tool_call_id", f"{path}.id", "The call has no id")
    elif identifier in seen:
        out.add("tool_call_id", f"{path}.id", f"Two calls have the id {quoted(identifier)}")
    else:
        seen.add(identifier)
        if len(identifier) > LONGEST_CALL_ID:
            what = f"The id has {len(identifier)} characters"
            out.add("tool_call_id_length", f"{path}.id", what)
    if call.get("type") != "function":
        what = (
            f"The type is {quoted(call['type'])}, not function" if "type" in call else "The call has no type"
        )
        out.add("tool_call", f"{path}.type", what)
    for key in call.keys() - {"id", "type", "function"}:
        out.add("tool_call", join(path, key), f"A call has no key {quoted(key)}", "Remove the key.")
    if "function" in call:
        check_call(out, tools, call["function"], f"{path}.function")
    else:
        out.add("tool_call", f"{path}.function", "The call has no function")


def _check_tool_message(out: RowFindings, message: dict[str, Any], path: str) -> None:
    if "tool_call_id" not in message:
        out.add("message_missing_key", f"{path}.tool_call_id", "A tool message names the call it answers")
    else:
        out.type_is(message["tool_call_id"], str, f"{path}.tool_call_id")


class _Open:
    """The calls of the last assistant message that wait for an answer."""

    def __init__(self) -> None:
        self.path = ""
        self.waiting: set[str] = set()
        self.answered: set[str] = set()
        self.function: str | None = None


def _check_order(out: RowFindings, messages: list[Any], path: str) -> None:
    open_calls = _Open()
    talked, before = False, None
    for i, message in enumerate(messages):
        if not isinstance(message, dict):
            continue
        at, role = f"{path}[{i}]", message.get("role")
        if role == before == "assistant" and not open_calls.waiting:
            out.add("repeated_assistant", f"{at}.role", "Two messages of the assistant follow each other")
        before = role
        if role == "tool":
            _answer(out, open_calls, message, at)
            continue
        if role == "function":
            _function_answer(out, open_calls, message, at)
            continue
        _unanswered(out, open_calls)
        if role in ("system", "developer") and talked:
            out.add(
                "system_not_first", f"{at}.role", f"The {role} message comes after the conversation began"
            )
        talked = talked or role in ("user", "assistant")
        open_calls = _opened(message, at)
    if open_calls.answered:
        _unanswered(out, open_calls)


def _opened(message: dict[str, Any], path: str) -> _Open:
    opened = _Open()
    opened.path = path
    if message.get("role") != "assistant":
        return opened
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, dict) and isinstance(call.get("id"), str):
            opened.waiting.add(call["id"])
    if isinstance(call := message.get("function_call"), dict):
        opened.function = str(call.get("name"))
    return opened


def _answer(out: RowFindings, open_calls: _Open, message: dict[str, Any], path: str) -> None:
    identifier = message.get("tool_call_id")
    if not isinstance(identifier, str):
        return
    if identifier in open_calls.waiting:
        open_calls.waiting.discard(identifier)
        open_calls.answered.add(identifier)
    elif identifier in open_calls.answered:
        out.add("tool_call_id", f"{path}.tool_call_id", f"The call {quoted(identifier)} is answered twice")
    else:
        what = f"No call just before has the id {quoted(identifier)}"
        out.add("tool_answers_nothing", f"{path}.tool_call_id", what)


def _function_answer(out: RowFindings, open_calls: _Open, message: dict[str, Any], path: str) -> None:
    name = message.get("name")
    if open_calls.function is None:
        out.add("tool_answers_nothing", f"{path}.role", "No function call stands just before this answer")
    elif isinstance(name, str) and name != open_calls.function:
        what = f"The call before is of {quoted(open_calls.function)}, not of {quoted(name)}"
        out.add("tool_answers_nothing", f"{path}.name", what)
    open_calls.function = None


def _unanswered(out: RowFindings, open_calls: _Open) -> None:
    if open_calls.waiting:
        names = ", ".join(quoted(w) for w in sorted(open_calls.waiting)[:5])
        out.add("tool_unanswered", f"{open_calls.path}.tool_calls", f"No tool message answers {names}")
