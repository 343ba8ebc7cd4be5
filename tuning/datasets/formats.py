"""The three formats: how a row shows which one it is, and what each demands of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tuning.datasets.messages import check_message, check_messages
from tuning.datasets.report import Format
from tuning.datasets.rowcheck import RowFindings, is_empty, quoted
from tuning.datasets.strict import join
from tuning.datasets.toolcheck import Tools, check_tools

SUPERVISED_KEYS = {"messages", "tools", "parallel_tool_calls", "functions"}
_CHAT_KEYS = SUPERVISED_KEYS | {"function_call", "tool_choice", "weight"}
_INPUT_KEYS = {"messages", "tools", "parallel_tool_calls"}
_OUTPUTS = ("preferred_output", "non_preferred_output")
PREFERENCE_KEYS = {"input", *_OUTPUTS}
#: Pairs of other tools; UltraFeedback has the chosen conversation as messages too.
_CHOICES = {"chosen", "rejected"}

CONVERTIBLE: dict[str, tuple[set[str], ...]] = {
    "preference-text": (_CHOICES,),
    "alpaca": ({"instruction", "output"}, {"instruction", "response"}),
    "prompt-completion": ({"prompt", "completion"}, {"prompt", "response"}, {"input", "output"}),
    "sharegpt": ({"conversations"}, {"conversation"}),
    "question-answer": ({"question", "answer"}, {"question", "response"}),
    "text-category": ({"text", "category"}, {"text", "label"}, {"title", "label"}),
}


def format_of(row: Any, method: str | None = None) -> Format:
    """Which format one row shows; unknown when it shows none.

    A conversation that ends with the user is a reinforcement item if it has data for a grader, or if `method`
    says so; otherwise it is a chat row whose answer is missing.
    """
    if not isinstance(row, dict) or row.keys() >= _CHOICES:
        return "unknown"
    if row.keys() & set(_OUTPUTS):
        return "dpo"
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        return "supervised" if "messages" in row else "unknown"
    last = messages[-1]
    ends_with_user = isinstance(last, dict) and last.get("role") == "user"
    graded = method == "reinforcement" or bool(row.keys() - _CHAT_KEYS)
    return "reinforcement" if ends_with_user and graded else "supervised"


def convertible_from(row: Any) -> str | None:
    """Which known other format a row looks like, if any."""
    if not isinstance(row, dict) or ("messages" in row and not row.keys() >= _CHOICES):
        return None
    for name, shapes in CONVERTIBLE.items():
        if any(shape <= row.keys() for shape in shapes):
            return name
    return None


def vote(rows: Iterable[Any], method: str | None = None) -> tuple[Format, str | None]:
    """The format that most of these rows show, and what they could be converted from."""
    formats: Counter[Format] = Counter()
    others: Counter[str] = Counter()
    for row in rows:
        formats[format_of(row, method)] += 1
        if other := convertible_from(row):
            others[other] += 1
    looks_like, convertible = others.most_common(1)[0] if others else (None, 0)
    unknown = formats.pop("unknown", 0)
    best = formats.most_common(1)
    if not best or convertible > best[0][1]:
        return "unknown", looks_like if unknown else None
    return best[0][0], None


def check_row(out: RowFindings, row: Any, wanted: Format) -> None:
    """Check one row against the format of its file (an unknown one is held to the chat format)."""
    if not out.type_is(row, dict, ""):
        return
    shows = format_of(row)
    if _is_other(row, shows, wanted):
        name = convertible_from(row) or shows
        out.add("other_format", "", f"This row looks like {name}, the file is {wanted}")
    elif wanted == "dpo":
        _check_preference(out, row)
    elif wanted == "reinforcement":
        _check_reinforcement(out, row)
    else:
        _check_supervised(out, row)


def _is_other(row: dict[str, Any], shows: Format, wanted: Format) -> bool:
    if shows == "unknown":
        return convertible_from(row) is not None and wanted != "unknown"
    return (shows == "dpo") != (wanted == "dpo")


def _messages(out: RowFindings, row: dict[str, Any], path: str = "messages") -> list[Any] | None:
    messages = row.get("messages")
    if isinstance(messages, list) and messages:
        return messages
    if "messages" not in row:
        out.add("missing_messages_list", path, "The row has no messages")
    elif messages == []:
        out.add("missing_messages_list", path, "The list of messages is empty")
    else:
        out.add("missing_messages_list", path, "messages isn't a list")
    return None


def _roles(messages: list[Any]) -> list[Any]:
    return [m.get("role") if isinstance(m, dict) else None for m in messages]


def _extra_keys(out: RowFindings, row: dict[str, Any], allowed: set[str], path: str = "") -> None:
    for key in row.keys() - allowed:
        out.add("unrecognized_key", join(path, key), f"A row has no key {quoted(key)} in this format")


def _check_supervised(out: RowFindings, row: dict[str, Any]) -> None:
    _extra_keys(out, row, SUPERVISED_KEYS)
    tools = check_tools(out, row)
    messages = _messages(out, row)
    if messages is None:
        return
    check_messages(out, messages, tools)
    _check_tools_used(out, row, messages, tools)
    if row.get("parallel_tool_calls") is not None and "tools" not in row:
        out.add("parallel_tool_calls", "parallel_tool_calls", "The row has no tools", "Leave the key out.")
    roles = _roles(messages)
    if "assistant" not in roles:
        out.add("example_missing_assistant_message", "messages", "The row has no assistant message")
        return
    if roles[-1] in ("system", "developer", "user", "tool", "function"):
        path = f"messages[{len(roles) - 1}].role"
        out.add("last_message_role", path, f"The last message is the {roles[-1]}'s, not the assistant's")
    learned = [m.get("weight", 1) for m in messages if isinstance(m, dict) and m.get("role") == "assistant"]
    if all(not isinstance(weight, bool) and weight == 0 for weight in learned):
        out.add("nothing_to_learn", "messages", "Every assistant message has weight 0")


def _check_tools_used(
    out: RowFindings, holder: dict[str, Any], messages: list[Any], tools: Tools, prefix: str = ""
) -> None:
    """What the calls of a conversation and what `holder` (a row, or its input) declares say of each other."""
    counts = [len(m["tool_calls"]) for m in messages if isinstance(m, dict) and _calls(m)]
    _check_one_form(out, holder, messages, prefix)
    if counts and not tools.declared:
        out.add("tools_missing", f"{prefix}tools", "The row calls tools that it doesn't declare")
    elif not tools.declared and any(isinstance(m, dict) and m.get("function_call") for m in messages):
        todo = "Add functions; or write tool_calls, which are their newer form, and add tools."
        out.add("tools_missing", f"{prefix}tools", "The row calls a function that it doesn't declare", todo)
    if holder.get("parallel_tool_calls") is False and max(counts, default=0) > 1:
        out.add(
            "parallel_tool_calls", f"{prefix}parallel_tool_calls", "A message makes several calls at once"
        )


def _check_one_form(out: RowFindings, holder: dict[str, Any], messages: list[Any], prefix: str) -> None:
    """Calls in the form in which the row declares: tool_calls with tools, function_call with functions."""
    declared = [key for key in ("tools", "functions") if holder.get(key)]
    if len(declared) != 1:
        return
    key, other = ("function_call", "tool_calls") if declared == ["tools"] else ("tool_calls", "function_call")
    for i, message in enumerate(messages):
        said = message if isinstance(message, dict) and message.get("role") == "assistant" else {}
        if said.get(key) and not said.get(other):
            what = f"The row declares {declared[0]}, and this is a {key}"
            out.add("functions_and_tools", f"{prefix}messages[{i}].{key}", what)


def _calls(message: dict[str, Any]) -> bool:
    return isinstance(message.get("tool_calls"), list) and bool(message["tool_calls"])


def _check_preference(out: RowFindings, row: dict[str, Any]) -> None:
    _extra_keys(out, row, PREFERENCE_KEYS)
    tools = Tools()
    if "input" not in row:
        out.add("missing_key", "input", "The row has no input")
    elif out.type_is(row["input"], dict, "input"):
        tools = _check_input(out, row["input"])
    for key in _OUTPUTS:
        if key not in row:
            out.add("missing_key", key, f"The row has no {key}")
        elif out.type_is(row[key], list, key):
            _check_output(out, row[key], tools, key)
    if all(key in row for key in _OUTPUTS) and row[_OUTPUTS[0]] == row[_OUTPUTS[1]]:
        out.add("same_outputs", _OUTPUTS[1], "Both outputs are the same")


def _check_input(out: RowFindings, value: dict[str, Any]) -> Tools:
    _extra_keys(out, value, _INPUT_KEYS, "input")
    tools = check_tools(out, value, "input.")
    messages = _messages(out, value, "input.messages")
    if messages is not None:
        images = check_messages(out, messages, tools, "input.messages")
        _check_tools_used(out, value, messages, tools, "input.")
        if images:
            out.add(
                "image_in_preference", "input.messages", f"The input has {images} image{'s' * (images > 1)}"
            )
        if _roles(messages)[-1] == "assistant":
            path = f"input.messages[{len(messages) - 1}].role"
            out.add("input_ends_with_assistant", path, "The input ends with the assistant's message")
    return tools


def _check_output(out: RowFindings, messages: list[Any], tools: Tools, path: str) -> None:
    if len(messages) != 1:
        out.add("output_length", path, f"The list has {len(messages)} messages")
    for i, message in enumerate(messages):
        at = f"{path}[{i}]"
        check_message(out, message, tools, at)
        if not isinstance(message, dict):
            continue
        if message.get("role") in ("system", "developer", "user", "tool", "function"):
            out.add("output_role", f"{at}.role", f"The role of the output is {message['role']}")
        if "weight" in message:
            out.add("message_unrecognized_key", f"{at}.weight", "An output has no weight")
        calls = message.get("tool_calls") or message.get("function_call")
        if calls and is_empty(message.get("content")) and message.get("role") == "assistant":
            todo = "Write what it says: OpenAI takes text alone as an output."
            out.add("missing_content", f"{at}.content", "The output calls a tool and has no text", todo)


def _check_reinforcement(out: RowFindings, row: dict[str, Any]) -> None:
    tools = check_tools(out, row, reserved_only=True)
    messages = _messages(out, row)
    if messages is None:
        return
    check_messages(out, messages, tools)
    _check_tools_used(out, {"tools": row.get("tools")}, messages, tools)
    roles = _roles(messages)
    if roles[-1] in ("system", "developer", "assistant", "tool", "function"):
        path = f"messages[{len(roles) - 1}].role"
        out.add("last_message_role", path, f"The last message is the {roles[-1]}'s, not the user's")
    if "system" in roles:
        path = f"messages[{roles.index('system')}].role"
        out.add("system_in_item", path, "A reinforcement item has a system message")
