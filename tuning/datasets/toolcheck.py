"""Checks of tools: their definitions, the calls, and the answers to the calls."""

from __future__ import annotations

from typing import Any

from tuning.datasets.masked import masked
from tuning.datasets.rowcheck import NAME, RowFindings, has_markup, quoted
from tuning.datasets.schemas import below, compact, doubts, strict_faults, validator
from tuning.datasets.strict import join, parse, walk

MOST_TOOLS = 128
LONGEST_DESCRIPTION = 1024
#: What a function without `parameters` declares, by the specification: an empty list of them.
NO_PARAMETERS = '{"type":"object","maxProperties":0}'


class Tools:
    """The tools that a row declares: name to the JSON text of its parameters' schema ('' if unusable)."""

    def __init__(self) -> None:
        self.schemas: dict[str, str] = {}
        self.declared = False


def check_tools(
    out: RowFindings, row: dict[str, Any], prefix: str = "", *, reserved_only: bool = False
) -> Tools:
    """Check `tools` and the older `functions` of a row; returns what they declare.

    With `reserved_only`, only `tools` is looked at: in a reinforcement item every other key is data.
    """
    tools = Tools()
    keys = ("tools",) if reserved_only else ("tools", "functions")
    if all(key in row for key in ("tools", "functions")) and not reserved_only:
        out.add("functions_and_tools", f"{prefix}functions", "The row has both tools and functions")
    for key in keys:
        if key in row:
            _check_list(out, tools, row[key], key, f"{prefix}{key}")
    if "parallel_tool_calls" in row and not reserved_only:
        path = f"{prefix}parallel_tool_calls"
        if row["parallel_tool_calls"] is None:
            out.add("null_value", path, "parallel_tool_calls is null")
        else:
            out.type_is(row["parallel_tool_calls"], bool, path)
    return tools


def _check_list(out: RowFindings, tools: Tools, value: Any, key: str, path: str) -> None:
    if value is None:
        out.add("null_value", path, f"{key} is null")
        return
    if not out.type_is(value, list, path, "tool_schema"):
        return
    if value == [] and key == "tools":
        if path == "tools":  # the guide's own preference rows have an empty list in their input
            out.add("null_value", path, "tools is an empty list", "Leave the key out.")
        return
    tools.declared = True
    own: set[str] = set()
    if not 1 <= len(value) <= MOST_TOOLS:
        out.add("too_many_functions", path, f"The row declares {len(value)} {key}")
    for i, item in enumerate(value):
        at = f"{path}[{i}]"
        definition = _unwrap(out, item, at) if key == "tools" else (item, at)
        if definition is not None:
            _check_function(out, tools, own, *definition)


def _unwrap(out: RowFindings, item: Any, path: str) -> tuple[Any, str] | None:
    if not out.type_is(item, dict, path, "tool_schema"):
        return None
    if "function" not in item:
        hint = 'Write {"type": "function", "function": {"name": ...}}.'
        out.add("tool_schema", f"{path}.function", "The tool has no function", hint)
        return None
    if item.get("type") != "function":
        out.add("tool_schema", f"{path}.type", f"The type is {quoted(item.get('type'))}, not function")
    for key in item.keys() - {"type", "function"}:
        out.add("unrecognized_key", join(path, key), f"A tool has no key {quoted(key)}")
    return item["function"], f"{path}.function"


def _check_function(out: RowFindings, tools: Tools, own: set[str], function: Any, path: str) -> None:
    if not out.type_is(function, dict, path, "tool_schema"):
        return
    name = function.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        out.add("tool_name", f"{path}.name", f"{quoted(name)} can't be the name of a tool")
    elif name in own:
        out.add("tool_name", f"{path}.name", f"The tool {quoted(name)} is declared twice")
    for key in function.keys() - {"name", "description", "parameters", "strict"}:
        out.add("unrecognized_key", join(path, key), f"A function has no key {quoted(key)}")
    if "description" in function and out.type_is(function["description"], str, f"{path}.description"):
        out.text(function["description"], f"{path}.description")
        if len(function["description"]) > LONGEST_DESCRIPTION:
            what = f"The description has {len(function['description']):,} characters"
            out.add("tool_description_length", f"{path}.description", what)
    if function.get("strict") is not None:
        out.type_is(function["strict"], bool, f"{path}.strict")
    schema = _check_parameters(out, function, path) if "parameters" in function else NO_PARAMETERS
    if isinstance(name, str):
        tools.schemas[name] = schema
        own.add(name)


def _check_parameters(out: RowFindings, function: dict[str, Any], path: str) -> str:
    """Check the schema of a function's parameters; its JSON text, or '' if it can't be used."""
    parameters, path = function["parameters"], f"{path}.parameters"
    if not out.type_is(parameters, dict, path, "tool_schema"):
        return ""
    if parameters and parameters.get("type") != "object":
        kind = quoted(parameters.get("type"))
        out.add("tool_schema", f"{path}.type", f"The parameters have the type {kind}, not object")
    text = compact(parameters)
    if has_markup(text):
        for where, value, _ in walk(parameters):
            if isinstance(value, str):
                out.text(value, f"{path}{below(where)}")
    compiled, fault = validator(text)
    if fault:
        out.add("tool_schema", f"{path}{fault.path}", f"The parameters aren't a JSON Schema: {fault.what}")
        return ""
    for doubt in doubts(text):
        out.add(doubt.code, f"{path}{doubt.path}", doubt.what)
    if function.get("strict") is True:
        for fault in strict_faults(text):
            out.add("tool_strict", f"{path}{fault.path}", fault.what)
    return text if compiled else ""


def check_call(out: RowFindings, tools: Tools, function: Any, path: str) -> None:
    """Check `{"name", "arguments"}` of a tool call or of the older function call."""
    if not out.type_is(function, dict, path, "tool_call"):
        return
    for key in function.keys() - {"name", "arguments"}:
        out.add("tool_call", join(path, key), f"A call has no key {quoted(key)}", "Remove the key.")
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or not name:
        out.add("tool_call", f"{path}.name", "The call doesn't name its function")
        name = None
    elif tools.declared and name not in tools.schemas:
        out.add("tool_unknown", f"{path}.name", f"The row declares no tool {quoted(name)}")
    elif not NAME.fullmatch(name):
        out.add("tool_name", f"{path}.name", f"{quoted(name)} can't be the name of a tool")
    _check_arguments(out, tools, name, function, arguments, f"{path}.arguments")


def _check_arguments(
    out: RowFindings, tools: Tools, name: str | None, function: dict[str, Any], arguments: Any, path: str
) -> None:
    if "arguments" not in function:
        out.add("tool_call", path, "The call has no arguments", 'Add "arguments": "{}".')
    elif isinstance(arguments, dict | list):
        todo = "Write the object as text: json.dumps(arguments)."
        out.add("tool_call", path, "The arguments are JSON, not the text of JSON", todo)
    elif out.type_is(arguments, str, path, "tool_call"):
        out.text(arguments, path)
        _check_arguments_text(out, tools.schemas.get(name or "", ""), arguments, path)


def _check_arguments_text(out: RowFindings, schema: str, arguments: str, path: str) -> None:
    value, problem = parse(arguments)
    if problem:
        out.add(
            "tool_arguments_json", path, f"The arguments can't be read: {problem[0].lower()}{problem[1:]}"
        )
    elif not isinstance(value, dict):
        out.add("tool_arguments_json", path, "The arguments are JSON, but not an object")
    elif value and schema is NO_PARAMETERS:
        out.add("tool_arguments_schema", path, "The tool is declared without parameters, the call gives some")
    elif schema:
        _check_against(out, schema, value, path)


def _check_against(out: RowFindings, schema: str, value: Any, path: str) -> None:
    compiled, _ = validator(schema)
    try:
        errors = list(compiled.iter_errors(value))
    except ValueError:  # halves of characters or huge numbers inside: not JSON for the schema's reader
        out.add("tool_arguments_json", path, "The arguments have a value that JSON doesn't allow")
        return
    for error in errors[:5]:
        at = ""
        for step in error.instance_path:
            at = f"{at}[{step}]" if isinstance(step, int) else join(at, step)
        where = f" at {at[:80]}" if at else ""
        what = f"The arguments don't fit the tool's parameters{where}: {masked(str(error.message))[:120]}"
        out.add("tool_arguments_schema", path, what)
