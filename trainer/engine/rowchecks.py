"""What is wrong with one row of a training file; the first thing found is told."""

from typing import Any

from trainer.engine.toolchecks import call_problem, depth_problem, offer_problem

ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
MESSAGE_KEYS = {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal"}
#: Something that other servers write into every message, and that nobody can train on unless it is empty.
EMPTY_KEYS = {"audio"}
SUPERVISED_KEYS = {"messages", "tools", "parallel_tool_calls", "functions", "function_call"}
PREFERENCE_KEYS = {"input", "preferred_output", "non_preferred_output"}
SPECIAL_TOKENS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
Row = dict[str, Any]


def supervised_problem(row: Row) -> str | None:
    """What is wrong with a row of a supervised file, or None."""
    return (
        depth_problem(row)
        or _unknown_keys(row, SUPERVISED_KEYS, "the example")
        or _messages_problem(row.get("messages"), "messages")
        or _tools_problem(row)
        or offer_problem(row)
        or _nothing_to_learn(row)
    )


def preference_problem(row: Row) -> str | None:
    """What is wrong with a row of a preference file, or None."""
    given = row.get("input")
    if not isinstance(given, dict):
        return "'input' must be an object with 'messages'."
    return (
        depth_problem(row)
        or _unknown_keys(row, PREFERENCE_KEYS, "the example")
        or _messages_problem(given.get("messages"), "input.messages")
        or _tools_problem(given)
        or offer_problem(given)
        or _output_problem(row.get("preferred_output"), "preferred_output")
        or _output_problem(row.get("non_preferred_output"), "non_preferred_output")
    )


def _output_problem(output: Any, where: str) -> str | None:
    if not isinstance(output, list) or len(output) != 1:
        return f"'{where}' must be a list with one assistant message."
    problem = _messages_problem(output, where)
    if problem or output[0]["role"] == "assistant":
        return problem
    return f"{where}[0].role must be 'assistant'."


def _messages_problem(messages: Any, where: str) -> str | None:
    if not isinstance(messages, list) or not messages:
        return f"'{where}' must be a list with at least one message."
    problems = (_message_problem(message, f"{where}[{i}]") for i, message in enumerate(messages))
    return next((problem for problem in problems if problem), None)


def _message_problem(message: Any, where: str) -> str | None:
    if not isinstance(message, dict):
        return f"{where} must be an object."
    if not isinstance(message.get("role"), str) or message["role"] not in ROLES:
        return f"{where}.role must be one of {', '.join(sorted(ROLES))}, not {message.get('role')!r}."
    return (
        _unknown_keys(message, MESSAGE_KEYS | _empty(message), where)
        or _name_problem(message, where)
        or _weight_problem(message, where)
        or _calls_problem(message, where)
        or call_problem(message, where)
        or _refusal_problem(message, where)
        or _content_problem(message, where)
    )


def _name_problem(message: Row, where: str) -> str | None:
    if isinstance(message.get("name", ""), str):
        return None
    return f"{where}.name must be a string."


def _weight_problem(message: Row, where: str) -> str | None:
    if "weight" not in message:
        return None
    if message["role"] != "assistant":
        return f"{where}.weight is allowed on assistant messages only."
    if message["weight"] not in (0, 1) or isinstance(message["weight"], bool):
        return f"{where}.weight must be 0 or 1."
    return None


def _calls_problem(message: Row, where: str) -> str | None:
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        return f"{where}.tool_calls must be a list."
    functions = [call.get("function") if isinstance(call, dict) else None for call in calls or []]
    functions += [message["function_call"]] if message.get("function_call") else []
    for function in functions:
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            return f"{where}: a tool call must have a function with a name."
        if not isinstance(function.get("arguments", ""), str):
            return f"{where}: a tool call's arguments must be a string of JSON."
    if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
        return f"{where}.tool_call_id is missing."
    return None


def _content_problem(message: Row, where: str) -> str | None:
    content = message.get("content")
    if content is None:
        return None if _may_be_empty(message) else f"{where}.content is missing."
    if isinstance(content, list):
        return _parts_problem(content, where)
    if not isinstance(content, str):
        return f"{where}.content must be a string or a list of parts."
    return _special_problem(content, where)


def _may_be_empty(message: Row) -> bool:
    """Whether a call, a refusal, or that a function returned nothing says enough without content."""
    if message["role"] == "assistant":
        return any(message.get(key) for key in ("tool_calls", "function_call", "refusal"))
    return bool(message["role"] == "function" and "content" in message)


def _refusal_problem(message: Row, where: str) -> str | None:
    refusal = message.get("refusal")
    if refusal is None:
        return None
    if not isinstance(refusal, str):
        return f"{where}.refusal must be a string."
    return _special_problem(refusal, where, "refusal")


def _parts_problem(parts: list[Any], where: str) -> str | None:
    for i, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        kind = kind if isinstance(kind, str) else None
        if kind in {"image_url", "input_audio", "file"}:
            return f"{where}.content[{i}]: this server trains on text only, not on {kind} parts."
        if kind not in {"text", "refusal"} or not isinstance(part.get(kind), str):
            return f"{where}.content[{i}] must be a text part."
        if problem := _special_problem(part[kind], where):
            return problem
    return None


def _special_problem(text: str, where: str, key: str = "content") -> str | None:
    found = next((token for token in SPECIAL_TOKENS if token in text), None)
    return f"{where}.{key} holds the text of a special token, {found!r}." if found else None


def _tools_problem(row: Row) -> str | None:
    for key in ("tools", "functions"):
        tools = row.get(key)
        if tools is not None and not (isinstance(tools, list) and all(isinstance(t, dict) for t in tools)):
            return f"'{key}' must be a list of objects."
    return None


def _nothing_to_learn(row: Row) -> str | None:
    if any(m["role"] == "assistant" and m.get("weight") != 0 for m in row["messages"]):
        return None
    return "no assistant message to learn from (there is none, or all have weight 0)."


def _empty(message: Row) -> set[str]:
    return {key for key in EMPTY_KEYS if message.get(key) is None}


def _unknown_keys(body: Row, known: set[str], where: str) -> str | None:
    unknown = sorted(set(body) - known)
    return f"{where} has an unknown key, {unknown[0]!r}." if unknown else None
