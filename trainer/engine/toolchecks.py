"""What is wrong with the calls and tools of a training row, where a chat template would stumble."""

from typing import Any

from trainer.nesting import MOST, text_too_deep, too_deep

Row = dict[str, Any]
#: What a function of a tool may say, and the words for its type.
FUNCTION: dict[str, tuple[type, str]] = {
    "name": (str, "a string"),
    "description": (str, "a string"),
    "parameters": (dict, "an object"),
    "strict": (bool, "true or false"),
}


def depth_problem(row: Row) -> str | None:
    """A row that is nested too deep for any template."""
    return f"nested too deep, at most {MOST} levels." if too_deep(row) else None


def call_problem(message: Row, where: str) -> str | None:
    """Calls, known to be objects with a function, whose ids or arguments can't be written."""
    calls = message.get("tool_calls") or []
    for i, call in enumerate(calls):
        if not isinstance(call.get("id") or "", str):
            return f"{where}.tool_calls[{i}].id must be a string."
    functions = [call["function"] for call in calls]
    functions += [message["function_call"]] if message.get("function_call") else []
    if any(text_too_deep(function.get("arguments", "")) for function in functions):
        return f"{where}: a tool call's arguments are nested too deep, at most {MOST} levels."
    return None


def offer_problem(row: Row) -> str | None:
    """Tools, known to be lists of objects, whose functions aren't what they must be."""
    for i, tool in enumerate(row.get("tools") or []):
        place = f"tools[{i}].function"
        if not isinstance(tool.get("function"), dict):
            return f"{place} must be an object."
        if problem := _function_problem(tool["function"], place):
            return problem
    named = ((function, f"functions[{i}]") for i, function in enumerate(row.get("functions") or []))
    problems = (_function_problem(function, place) for function, place in named)
    return next((problem for problem in problems if problem), None) or _parallel_problem(row)


def _function_problem(function: Row, where: str) -> str | None:
    if function.get("name") is None:
        return f"{where}.name is missing."
    for key, (kind, words) in FUNCTION.items():
        if function.get(key) is not None and not isinstance(function[key], kind):
            return f"{where}.{key} must be {words}."
    return None


def _parallel_problem(row: Row) -> str | None:
    parallel = row.get("parallel_tool_calls")
    return (
        None
        if parallel is None or isinstance(parallel, bool)
        else "'parallel_tool_calls' must be true or false."
    )
