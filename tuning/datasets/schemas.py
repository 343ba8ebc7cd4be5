"""JSON Schemas of tools: whether they are any, and whether they keep to what `strict` allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs

from tuning.datasets.masked import masked
from tuning.datasets.rowcheck import quoted
from tuning.datasets.strict import join

_TYPES = "string, number, integer, boolean, object, array or null"
_LISTS = ("anyOf", "oneOf", "allOf")
_NOT_STRICT = (
    *("oneOf", "allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
    *("patternProperties", "default"),
)
_NOT_ON_TOP = (*_LISTS, "enum", "not")
_MAPS = ("properties", "$defs", "definitions")


class Fault(NamedTuple):
    """What is wrong with a schema, and where: `path` begins with a dot or a bracket, or is empty."""

    path: str
    what: str


class Doubt(NamedTuple):
    """What is doubtful in a schema: the rule's code, and where as in a fault."""

    code: str
    path: str
    what: str


def compact(value: Any) -> str:
    """The shortest JSON text of a value."""
    return json.dumps(value, separators=(",", ":"))


def _no_download(uri: str) -> Any:
    raise ValueError("a schema may only refer to itself")


@lru_cache(maxsize=4096)
def validator(schema: str) -> tuple[Any, Fault | None]:
    """The compiled schema, or why it isn't one. Cached: most rows of a file declare the same tools."""
    try:
        return jsonschema_rs.validator_for(schema, retriever=_no_download, mask="the value"), None
    except jsonschema_rs.ValidationError as error:
        return None, _fault(error)
    except (ValueError, RecursionError) as error:
        return None, Fault("", _said(error))


def _fault(error: Any) -> Fault:
    steps = list(error.instance_path)
    path = ""
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else join(path, step)
    text = _said(error)
    if steps and steps[-1] == "type":
        text = f"a type is one of {_TYPES}, or a list of them"
    return Fault(below(path), text)


def _said(error: Any) -> str:
    text = masked(str(getattr(error, "message", error)))
    if "retriev" in text:
        return "a $ref leads outside of it, which nobody follows"
    return text.splitlines()[0][:120] if text else "it is nested too deeply"


def below(path: str) -> str:
    """A path inside a value, as the end of a longer path."""
    return f".{path}" if path and not path.startswith("[") else path


@lru_cache(maxsize=4096)
def strict_faults(schema: str) -> tuple[Fault, ...]:
    """What a function marked `strict` may not leave open, up to five faults.

    Source: the guide to structured outputs: every object closes with `additionalProperties: false` and
    requires all of its properties; and what OpenAI answers to other keywords: "'oneOf' is not permitted".
    """
    found = (
        fault
        for path, part in _parts(json.loads(schema))
        for fault in (*_open(path, part), *_not_permitted(path, part))
    )
    return tuple(islice(found, 5))


@lru_cache(maxsize=4096)
def doubts(schema: str) -> tuple[Doubt, ...]:
    """What a schema says that some backends refuse, or that fits no value, up to five of the inner ones.

    Source: OpenAI answers 400, invalid_function_parameters: "object schema missing properties", "must have
    type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level", "array schema missing
    items".
    """
    value = json.loads(schema)
    inside = (doubt for path, part in _parts(value) for doubt in _inner_doubts(path, part))
    return (*_top_doubts(value), *islice(inside, 5))


def _top_doubts(schema: dict[str, Any]) -> Iterator[Doubt]:
    if schema.get("type") == "object" and "properties" not in schema:
        yield Doubt("tool_properties", "", "The parameters are an object without properties")
    for key in _NOT_ON_TOP:
        if key in schema:
            yield Doubt("tool_top_level", below(key), f"{quoted(key)} stands at the top of the parameters")


def _inner_doubts(path: str, part: dict[str, Any]) -> Iterator[Doubt]:
    if _is_list(part) and "items" not in part:
        yield Doubt("tool_items", below(path), "A list doesn't say what it holds")
    if part.get("enum") == []:
        yield Doubt("tool_enum", below(join(path, "enum")), "An enum without values fits nothing")


def _is_list(part: dict[str, Any]) -> bool:
    kind = part.get("type")
    return kind == "array" or (isinstance(kind, list) and "array" in kind)


def _parts(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and each one inside, with its path."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key in _MAPS:
        inner = schema.get(key)
        for name, child in inner.items() if isinstance(inner, dict) else ():
            yield from _parts(child, join(join(path, key), name))
    for key in _LISTS:
        inner = schema.get(key)
        for i, child in enumerate(inner if isinstance(inner, list) else ()):
            yield from _parts(child, f"{join(path, key)}[{i}]")
    yield from _parts(schema.get("items"), join(path, "items"))


def _not_permitted(path: str, part: dict[str, Any]) -> Iterator[Fault]:
    for key in _NOT_STRICT:
        if key in part:
            yield Fault(below(join(path, key)), f"A strict tool's schema may not have {quoted(key)}")


def _open(path: str, part: dict[str, Any]) -> Iterator[Fault]:
    if part.get("type") != "object" and "properties" not in part:
        return
    if part.get("additionalProperties") is not False:
        yield Fault(below(path), "A strict tool's object leaves additionalProperties open")
    required = part.get("required")
    missing = [name for name in part.get("properties", ()) if name not in (required or ())]
    if missing:
        names = ", ".join(quoted(name) for name in missing[:5])
        yield Fault(
            below(join(path, "required")),
            f"A strict tool requires every property; these are missing: {names}",
        )
