# ruff: noqa: E501 -- rows of a table
"""Each rule by an example that breaks it: the code, the severity and the path inside the row."""

from __future__ import annotations

import base64
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dataset_rows import chat, good
from PIL import Image

from tuning.datasets import check_file
from tuning.datasets.private import CODES
from tuning.datasets.report import SCHEMA, Report
from tuning.datasets.rules import RULES, SOURCES
from tuning.pricing import book

TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"


def call(identifier: str = "c1", name: str = "look", arguments: Any = '{"n": 1}') -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(
    *calls: Any, then: tuple[dict[str, Any], ...] = (), tools: Any = (TOOL,), **more: Any
) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "u"},
        {"role": "assistant", "tool_calls": list(calls)},
        *then,
    ]
    return {"messages": messages, "tools": list(tools), **more}


def answer(identifier: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": identifier, "content": "1"}


def said(message: Any, *after: Any) -> dict[str, Any]:
    """A row whose second message is the given one."""
    tail = after or ({"role": "assistant", "content": "a"},)
    return {"messages": [{"role": "system", "content": "Be brief."}, message, *tail]}


def ending(message: Any, **more: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "u"}, message],
        **more,
    }


def image(url: Any = PNG, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def drawn(mode: str, kind: str) -> str:
    """A tiny picture as a data URL."""
    data = io.BytesIO()
    Image.new(mode, (2, 2)).save(data, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"


def numbered(number: int) -> dict[str, Any]:
    return {"type": "function", "function": {"name": f"look{number}"}}


def taking(parameters: Any, **more: Any) -> dict[str, Any]:
    """The tool `look` with these parameters."""
    return {"type": "function", "function": {"name": "look", "parameters": parameters, **more}}


SCOTLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbsct") + "\U000e007f"
CHECKED = date(2026, 11, 25)
OPEN = {"type": "object", "properties": {"n": {"type": "integer"}}}
CLOSED = {**OPEN, "required": ["n"], "additionalProperties": False}
DONE = {"role": "assistant", "content": "done"}
ASSISTANT = {"role": "assistant", "content": "a"}

WRONG: list[tuple[Any, str, str]] = [
    # the JSON of a line
    (b"{", "bad_json", ""),
    (b"{}{}", "bad_json", ""),
    (b"hello", "bad_json", ""),
    (b"{'messages': []}", "bad_json", ""),
    (
        b'{"messages": [{"role": "user", "content": "a\x01"}, {"role": "assistant", "content": "b"}]}',
        "bad_json",
        "",
    ),
    (b"[1]", "data_type", ""),
    (b"null", "data_type", ""),
    (b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep", ""),
    (b'{"messages": ' + b"[" * 200 + b"]" * 200 + b"}", "too_deep", ""),
    (json.dumps(good()).encode()[:-1] + b', "messages": []}', "duplicate_key", "messages"),
    (
        b'{"messages": [{"role": "user", "role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}',
        "duplicate_key",
        "messages[0].role",
    ),
    (
        b'{"messages": [{"role": "user", "content": "a", "content" : "b"}, {"role": "assistant", "content": "b"}]}',
        "duplicate_key",
        "messages[0].content",
    ),
    (
        b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": NaN}]}',
        "not_a_number",
        "messages[1].weight",
    ),
    (
        b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 1e999}]}',
        "not_a_number",
        "messages[1].weight",
    ),
    (
        b'{"messages": [{"role": "user", "content": "\\ud83d"}, {"role": "assistant", "content": "b"}]}',
        "lone_surrogate",
        "messages[0].content",
    ),
    (
        b'{"messages": [{"role": "user", "content": "\xff"}, {"role": "assistant", "content": "b"}]}',
        "invalid_utf8",
        "",
    ),
    (chat(("user", "a\x00"), ("assistant", "b")), "control_character", "messages[0].content"),
    (chat(("user", "a\u202eb"), ("assistant", "b")), "invisible_character", "messages[0].content"),
    (chat(("user", "a\u200bb"), ("assistant", "b")), "invisible_character", "messages[0].content"),
    (chat(("user", "co\u00adop"), ("assistant", "b")), "invisible_character", "messages[0].content"),
    (
        '{"messages": [{"role": "user", "content": "a\u2060b"}, {"role": "assistant", "content": "b"}]}'.encode(),
        "invisible_character",
        "messages[0].content",
    ),
    *(
        (chat(("user", text), ("assistant", "b")), "invisible_character", "messages[0].content")
        for text in (SCOTLAND[:-1], SCOTLAND[1:], SCOTLAND.replace(chr(0xE0062), chr(0xE0062) * 5))
    ),
    (chat(("user", "caf\ufffd"), ("assistant", "b")), "lost_character", "messages[0].content"),
    (
        '{"messages": [{"role": "user", "content": "caf\ufffd"}, {"role": "assistant", "content": "b"}]}'.encode(),
        "lost_character",
        "messages[0].content",
    ),
    (chat(("user", "u"), ("assistant", "\u200b \u2060")), "blank_content", "messages[1].content"),
    (b"", "blank_line", ""),
    # the shape of a row
    ({}, "missing_messages_list", "messages"),
    ({"messages": []}, "missing_messages_list", "messages"),
    ({"messages": "hi"}, "missing_messages_list", "messages"),
    ({"messages": None}, "missing_messages_list", "messages"),
    ({**good(), "id": 7}, "unrecognized_key", "id"),
    ({**good(), "odd key": 7}, "unrecognized_key", '["odd key"]'),
    ({"prompt": "a", "completion": "b"}, "other_format", ""),
    (
        {
            "input": {"messages": [{"role": "user", "content": "u"}]},
            "preferred_output": [ASSISTANT],
            "non_preferred_output": [DONE],
        },
        "other_format",
        "",
    ),
    # a message
    (said("hi"), "data_type", "messages[1]"),
    (said({"content": "hi"}), "message_missing_key", "messages[1].role"),
    (said({"role": "user"}), "message_missing_key", "messages[1].content"),
    (said({"role": "user", "content": None}), "missing_content", "messages[1].content"),
    (said({"role": "user", "content": ""}), "missing_content", "messages[1].content"),
    (said({"role": "user", "content": []}), "missing_content", "messages[1].content"),
    (said({"role": "user", "content": " \n"}), "blank_content", "messages[1].content"),
    (said({"role": "user", "content": 5}), "content_type", "messages[1].content"),
    (said({"role": "user", "content": {"text": "a"}}), "content_type", "messages[1].content"),
    (said({"role": "human", "content": "u"}), "unrecognized_role", "messages[1].role"),
    (said({"role": "User", "content": "u"}), "unrecognized_role", "messages[1].role"),
    (said({"role": 1, "content": "u"}), "unrecognized_role", "messages[1].role"),
    (said({"role": "user", "content": "u", "time": 1}), "message_unrecognized_key", "messages[1].time"),
    (said({"role": "user", "content": "u", "weight": 1}), "misplaced_key", "messages[1].weight"),
    (said({"role": "user", "content": "u", "tool_calls": []}), "misplaced_key", "messages[1].tool_calls"),
    (said({"role": "user", "content": "u", "name": "a b"}), "name_pattern", "messages[1].name"),
    (said({"role": "user", "content": "u", "name": 3}), "data_type", "messages[1].name"),
    (said({"role": "user", "content": "say <|im_end|>"}), "special_token", "messages[1].content"),
    (said({"role": "user", "content": "say <|eot_id|>"}), "special_token_like", "messages[1].content"),
    (said({"role": "user", "content": "[INST] hi [/INST]"}), "special_token_like", "messages[1].content"),
    (
        said({"role": "user", "content": "hi <start_of_turn>model"}),
        "special_token_like",
        "messages[1].content",
    ),
    (
        b'{"messages": [{"role": "user", "content": "\\u003c|endoftext|>"}, {"role": "assistant", "content": "b"}]}',
        "special_token",
        "messages[0].content",
    ),
    (ending({"role": "assistant", "content": "a", "weight": 2}), "weight", "messages[2].weight"),
    (ending({"role": "assistant", "content": "a", "weight": True}), "weight", "messages[2].weight"),
    (ending({"role": "assistant", "content": "a", "weight": "1"}), "weight", "messages[2].weight"),
    (ending({"role": "assistant", "content": "a", "weight": 0}), "nothing_to_learn", "messages"),
    (ending({"role": "assistant", "content": None}), "missing_content", "messages[2].content"),
    (ending({"role": "assistant"}), "message_missing_key", "messages[2].content"),
    (
        ending({"role": "assistant", "content": "a", "audio": {"id": "x"}}),
        "content_part",
        "messages[2].audio",
    ),
    (chat(("system", "Be brief."), ("user", "u")), "example_missing_assistant_message", "messages"),
    (chat(("user", "u"), ("assistant", "a"), ("user", "u")), "last_message_role", "messages[2].role"),
    (
        chat(("user", "u"), ("system", "Be brief."), ("assistant", "a")),
        "system_not_first",
        "messages[1].role",
    ),
    (chat(("user", "u"), ("assistant", "a")), "missing_system", "messages"),
    (chat(("system", "Be brief."), ("assistant", "a")), "missing_user", "messages"),
    # parts and images
    (said({"role": "user", "content": ["a"]}), "content_part", "messages[1].content[0]"),
    (said({"role": "user", "content": [{"text": "a"}]}), "content_part", "messages[1].content[0].type"),
    (said({"role": "user", "content": [{"type": "text"}]}), "content_part", "messages[1].content[0].text"),
    (
        said({"role": "user", "content": [{"type": "input_audio"}]}),
        "content_part",
        "messages[1].content[0].type",
    ),
    (
        said({"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}),
        "message_unrecognized_key",
        "messages[1].content[0]",
    ),
    (ending({"role": "assistant", "content": [image()]}), "image_role", "messages[2].content[0]"),
    (said({"role": "user", "content": [image() for _ in range(11)]}), "too_many_images", "messages"),
    (
        said({"role": "user", "content": [image("ftp://a/b.png")]}),
        "image_url",
        "messages[1].content[0].image_url.url",
    ),
    (said({"role": "user", "content": [image(None)]}), "image_url", "messages[1].content[0].image_url.url"),
    (
        said({"role": "user", "content": [image("https://a.example/b.gif?x=1")]}),
        "image_type",
        "messages[1].content[0].image_url.url",
    ),
    (
        said({"role": "user", "content": [image("data:image/gif;base64,R0lGODlh")]}),
        "image_type",
        "messages[1].content[0].image_url.url",
    ),
    (
        said({"role": "user", "content": [image(PNG.replace("png", "jpeg"))]}),
        "image_type",
        "messages[1].content[0].image_url.url",
    ),
    (
        said({"role": "user", "content": [image("data:image/png;base64,????")]}),
        "image_url",
        "messages[1].content[0].image_url.url",
    ),
    (
        said({"role": "user", "content": [image(PNG + "A" * 14_000_000)]}),
        "image_too_large",
        "messages[1].content[0].image_url.url",
    ),
    *(
        (
            said({"role": "user", "content": [image(drawn(mode, kind))]}),
            "image_mode",
            "messages[1].content[0].image_url.url",
        )
        for mode, kind in (("P", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG"))
    ),
    *(
        (said({"role": "user", "content": [image(url)]}), code, "messages[1].content[0].image_url.url")
        for url, code in (
            (drawn("RGB", "PNG")[:-20] + "!!!!", "image_url"),
            (drawn("RGB", "PNG")[:42], "image_type"),
            ("data:image/png,abc", "image_url"),
            ("https://", "image_url"),
            ("https://a b.example/c.png", "image_url"),
            ("images/a.png", "image_url"),
            ("", "image_url"),
        )
    ),
    (
        said({"role": "user", "content": [image(detail="huge")]}),
        "wrong_value",
        "messages[1].content[0].image_url.detail",
    ),
    (
        said({"role": "user", "content": [{"type": "image_url", "image_url": PNG}]}),
        "image_url",
        "messages[1].content[0].image_url",
    ),
    # tools
    (
        calling(call(arguments="{n: 1}")),
        "tool_arguments_json",
        "messages[2].tool_calls[0].function.arguments",
    ),
    (calling(call(arguments="[1]")), "tool_arguments_json", "messages[2].tool_calls[0].function.arguments"),
    (calling(call(arguments={"n": 1})), "tool_call", "messages[2].tool_calls[0].function.arguments"),
    (
        calling(call(arguments='{"n": "x"}')),
        "tool_arguments_schema",
        "messages[2].tool_calls[0].function.arguments",
    ),
    (calling(call(arguments="{}")), "tool_arguments_schema", "messages[2].tool_calls[0].function.arguments"),
    *(
        (
            calling(call(arguments=arguments)),
            "tool_arguments_json",
            "messages[2].tool_calls[0].function.arguments",
        )
        for arguments in ("", '{"n": 1,}', '{"n": 1, "n": 2}', '{"n": NaN}', '"{}"', '{"n": 1e999}')
    ),
    ({**good(), "tools": [taking(OPEN, strict=True)]}, "tool_strict", "tools[0].function.parameters"),
    (
        {**good(), "tools": [taking({"type": "object"}, strict=True)]},
        "tool_strict",
        "tools[0].function.parameters",
    ),
    *(
        (
            {**good(), "tools": [taking({**CLOSED, "properties": {"n": part}}, strict=True)]},
            "tool_strict",
            f"tools[0].function.parameters.properties.n.{key}",
        )
        for key, part in (
            ("default", {"type": "integer", "default": 1}),
            ("oneOf", {"oneOf": [{"type": "integer"}, {"type": "null"}]}),
            ("not", {"not": {"type": "string"}}),
        )
    ),
    (
        {**good(), "tools": [taking({**OPEN, "additionalProperties": False}, strict=True)]},
        "tool_strict",
        "tools[0].function.parameters.required",
    ),
    (
        {
            **good(),
            "tools": [
                taking(
                    {
                        "type": "object",
                        "properties": {"a": {"type": "array", "items": OPEN}},
                        "required": ["a"],
                        "additionalProperties": False,
                    },
                    strict=True,
                )
            ],
        },
        "tool_strict",
        "tools[0].function.parameters.properties.a.items",
    ),
    (
        {**good(), "tools": [taking({"type": "object", "properties": {"n": {"type": "int"}}})]},
        "tool_schema",
        "tools[0].function.parameters.properties.n.type",
    ),
    (
        {**good(), "tools": [taking({"$ref": "https://elsewhere.example/x", "type": "object"})]},
        "tool_schema",
        "tools[0].function.parameters",
    ),
    (
        {**good(), "tools": [taking({**OPEN, "description": "say <|endoftext|>"})]},
        "special_token",
        "tools[0].function.parameters.description",
    ),
    (calling(call("x" * 41)), "tool_call_id_length", "messages[2].tool_calls[0].id"),
    (
        ending(
            {
                "role": "assistant",
                "tool_calls": [call()],
                "function_call": {"name": "look", "arguments": '{"n": 1}'},
            },
            tools=[TOOL],
        ),
        "functions_and_tools",
        "messages[2].function_call",
    ),
    (
        chat(("system", "Be brief."), ("user", "u"), ("assistant", "a"), ("assistant", "b")),
        "repeated_assistant",
        "messages[3].role",
    ),
    (calling(call(name="other")), "tool_unknown", "messages[2].tool_calls[0].function.name"),
    (calling(call(""), call("b"), call("b")), "tool_call_id", "messages[2].tool_calls[0].id"),
    (calling(call("b"), call("b")), "tool_call_id", "messages[2].tool_calls[1].id"),
    (
        calling({"id": "x", "function": {"name": "look", "arguments": '{"n":1}'}}),
        "tool_call",
        "messages[2].tool_calls[0].type",
    ),
    (calling({"id": "x", "type": "function"}), "tool_call", "messages[2].tool_calls[0].function"),
    (calling("x"), "tool_call", "messages[2].tool_calls[0]"),
    (calling(), "tool_call", "messages[2].tool_calls"),
    (calling(call("a"), call("b"), then=(answer("a"), DONE)), "tool_unanswered", "messages[2].tool_calls"),
    (calling(call("a"), then=(DONE,)), "tool_unanswered", "messages[2].tool_calls"),
    (
        calling(call("a"), then=(answer("z"), answer("a"), DONE)),
        "tool_answers_nothing",
        "messages[3].tool_call_id",
    ),
    (calling(call("a"), then=(answer("a"), answer("a"), DONE)), "tool_call_id", "messages[4].tool_call_id"),
    (
        calling(call("a"), then=({"role": "tool", "content": "1"}, DONE)),
        "message_missing_key",
        "messages[3].tool_call_id",
    ),
    (calling(call("a"), then=(answer("a"),)), "last_message_role", "messages[3].role"),
    (said(answer("a")), "tool_answers_nothing", "messages[1].tool_call_id"),
    (said({"role": "function", "name": "look", "content": "1"}), "tool_answers_nothing", "messages[1].role"),
    (calling(call("a"), call("b"), parallel_tool_calls=False), "parallel_tool_calls", "parallel_tool_calls"),
    ({**good(), "parallel_tool_calls": True}, "parallel_tool_calls", "parallel_tool_calls"),
    ({**good(), "tools": [TOOL], "parallel_tool_calls": 1}, "data_type", "parallel_tool_calls"),
    ({**good(), "functions": []}, "too_many_functions", "functions"),
    ({**good(), "tools": [numbered(n) for n in range(129)]}, "too_many_functions", "tools"),
    ({**good(), "tools": []}, "null_value", "tools"),
    ({**good(), "tools": None}, "null_value", "tools"),
    ({**good(), "tools": {}}, "tool_schema", "tools"),
    ({**good(), "tools": [{"name": "look", "parameters": {}}]}, "tool_schema", "tools[0].function"),
    (
        {**good(), "tools": [{"type": "function", "function": {"name": "no good"}}]},
        "tool_name",
        "tools[0].function.name",
    ),
    ({**good(), "tools": [TOOL, TOOL]}, "tool_name", "tools[1].function.name"),
    (
        {
            **good(),
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "array"}}}],
        },
        "tool_schema",
        "tools[0].function.parameters.type",
    ),
    (
        {
            **good(),
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "f",
                        "parameters": {"type": "object", "properties": {"a": {"type": "text"}}},
                    },
                }
            ],
        },
        "tool_schema",
        "tools[0].function.parameters.properties.a.type",
    ),
    (
        {
            **good(),
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "f",
                        "parameters": {"type": "object", "$ref": "http://example.com/s"},
                    },
                }
            ],
        },
        "tool_schema",
        "tools[0].function.parameters",
    ),
    ({**good(), "functions": [{"name": f"f{n}"} for n in range(129)]}, "too_many_functions", "functions"),
    ({**good(), "functions": [{"name": "f"}], "tools": [TOOL]}, "functions_and_tools", "functions"),
    (
        ending({"role": "assistant", "function_call": {"name": "f"}}, functions=[{"name": "f"}]),
        "tool_call",
        "messages[2].function_call.arguments",
    ),
    ({k: v for k, v in calling(call()).items() if k != "tools"}, "tools_missing", "tools"),
    (
        ending({"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}),
        "tools_missing",
        "tools",
    ),
    (
        calling(call(arguments='{"a": 1}'), tools=[{"type": "function", "function": {"name": "look"}}]),
        "tool_arguments_schema",
        "messages[2].tool_calls[0].function.arguments",
    ),
    ({**good(), "parallel_tool_calls": None}, "null_value", "parallel_tool_calls"),
    *(
        (
            said({"role": "user", "content": [image(url)]}),
            "image_unreachable",
            "messages[1].content[0].image_url.url",
        )
        for url in (
            "http://localhost:8080/a.png",
            "https://files.LOCALHOST/a.png",
            "http://127.0.0.1/a.png",
            "https://10.2.3.4/a.png",
            "http://192.168.1.20:9000/bucket/a.png",
            "http://[::1]/a.png",
            "http://minio:9000/a.png",
            "https://nas.local/a.png",
        )
    ),
    ({**good(), "function_call": "auto"}, "unrecognized_key", "function_call"),
    (
        {
            **ending({"role": "assistant", "function_call": {"name": "look", "arguments": '{"n": 1}'}}),
            "tools": [TOOL],
        },
        "functions_and_tools",
        "messages[2].function_call",
    ),
    (
        {**ending({"role": "assistant", "tool_calls": [call()]}), "functions": [TOOL["function"]]},
        "functions_and_tools",
        "messages[2].tool_calls",
    ),
    (
        {**good(), "tools": [taking({"type": "object", "properties": {"tags": {"type": "array"}}})]},
        "tool_items",
        "tools[0].function.parameters.properties.tags",
    ),
    (
        {
            **good(),
            "tools": [
                taking(
                    {
                        "type": "object",
                        "properties": {"n": {"anyOf": [{"type": "null"}, {"type": ["array", "null"]}]}},
                    }
                )
            ],
        },
        "tool_items",
        "tools[0].function.parameters.properties.n.anyOf[1]",
    ),
    (
        {**good(), "tools": [taking(OPEN, description="x" * 1025)]},
        "tool_description_length",
        "tools[0].function.description",
    ),
    (
        {**good(), "tools": [taking({"type": "object"})]},
        "tool_properties",
        "tools[0].function.parameters",
    ),
    (
        {**good(), "functions": [{"name": "look", "parameters": {"type": "object", "required": []}}]},
        "tool_properties",
        "functions[0].parameters",
    ),
    *(
        (
            {**good(), "tools": [taking({**OPEN, key: value})]},
            "tool_top_level",
            f"tools[0].function.parameters.{key}",
        )
        for key, value in (
            ("anyOf", [{"required": ["n"]}]),
            ("oneOf", [{"required": ["n"]}, {"required": []}]),
            ("allOf", [{"minProperties": 1}]),
            ("not", {"required": ["m"]}),
            ("enum", [{"n": 1}, {"n": 2}]),
        )
    ),
    (
        {**good(), "tools": [taking({**OPEN, "properties": {"unit": {"type": "string", "enum": []}}})]},
        "tool_enum",
        "tools[0].function.parameters.properties.unit.enum",
    ),
    (
        calling(*(call(f"c{n}") for n in range(129))),
        "too_many_calls",
        "messages[2].tool_calls",
    ),
    (
        calling(
            call("a"),
            then=({**answer("a"), "content": [{"type": "text", "text": "21 degrees"}]}, DONE),
        ),
        "tool_content_parts",
        "messages[3].content",
    ),
    (
        chat(("system", "Be brief."), *(("user", "u"), ("assistant", "a")) * 1024),
        "too_many_messages",
        "messages",
    ),
    (
        {**chat(("system", "Be brief."), *(("user", "u"), ("assistant", "a")) * 1024), "tools": [TOOL]},
        "too_many_messages",
        "messages",
    ),
]


@pytest.mark.parametrize(
    ("row", "code", "path"), WRONG, ids=[f"{c}-{n}" for n, (_, c, _) in enumerate(WRONG)]
)
def test_a_row_that_breaks_a_rule_gets_its_finding_at_its_path(check_rows, row: Any, code: str, path: str):
    report = check_rows(row)
    found = [(f.code, f.path) for f in report.findings if f.row == 1]
    assert (code, path) in found
    assert report.ok == (RULES[code].severity == "warning" and report.errors == 0)
    only = {f.code for f in report.findings if f.row == 1}
    alone = code not in {"bad_json", "invalid_utf8"}
    assert len(only) <= 3 or not alone


FINE: list[Any] = [
    good(999),
    chat(("developer", "Be brief."), ("user", "u"), ("assistant", "a"), ("user", "u"), ("assistant", "a")),
    said(
        {
            "role": "user",
            "content": [{"type": "text", "text": "what?"}, image(), image("https://a.example/b.jpg")],
        }
    ),
    said({"role": "user", "content": [image(detail="low")], "name": "ada"}),
    ending({"role": "assistant", "content": [{"type": "text", "text": "a"}]}),
    ending({"role": "assistant", "content": None, "refusal": "I can't."}),
    ending({"role": "assistant", "content": "a", "weight": 1}),
    {
        "messages": [
            *good()["messages"][:2],
            {**ASSISTANT, "weight": 0},
            {"role": "user", "content": "u"},
            ASSISTANT,
        ]
    },
    calling(call()),
    calling(call(), parallel_tool_calls=False),
    calling(
        call(), tools=[taking({**CLOSED, "properties": {"n": {"anyOf": [{"type": "integer"}]}}}, strict=True)]
    ),
    calling(call("a"), call("b"), then=(answer("b"), answer("a"), DONE)),
    {**good(999), "tools": [taking({"type": "object", "properties": {}})]},
    {**good(999), "tools": [taking({**OPEN, "properties": {"more": {"type": "object"}}})]},
    {**good(999), "tools": [taking({**OPEN, "properties": {"n": {"anyOf": [{"type": "integer"}]}}})]},
    calling(
        call("a"), then=(answer("a"), {"role": "assistant", "tool_calls": [call("a")]}, answer("a"), DONE)
    ),
    calling({**call(), "function": {"name": "look", "arguments": '{"n": 1, "more": [null]}'}}),
    ending(
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}, functions=[{"name": "f"}]
    ),
    {
        "functions": [{"name": "f", "parameters": {}}],
        "messages": [
            *good()["messages"][:2],
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
            DONE,
        ],
    },
    chat(("system", "Be brief."), ("user", 'quoted "key": \\"x\\": and <b> | c'), ("assistant", 'a :b " :c')),
    chat(
        ("system", "Be brief."),
        ("user", "ภาษา\u200bไทย and می\u200cخواهم and 👩\u200d🚒"),
        ("assistant", "a"),
    ),
    chat(("system", "Be brief."), ("user", f"{SCOTLAND} plays \U0001f3f4"), ("assistant", SCOTLAND)),
    calling(call(arguments="{}"), tools=[numbered(1), {"type": "function", "function": {"name": "look"}}]),
    {**good(999), "parallel_tool_calls": True, "tools": [TOOL]},
    *(
        said({"role": "user", "content": [{"type": "text", "text": "what?"}, image(url)]})
        for url in ("https://8.8.8.8/a.png", "http://cdn.localhost.example:8080/a.png")
    ),
    chat(("system", "Be brief."), ("user", "tabs\tand\nbreaks — “quotes” … é 🧠"), ("assistant", "a")),
]


@pytest.mark.parametrize("row", FINE, ids=range(len(FINE)))
def test_a_row_that_backends_accept_has_no_finding(check_rows, row: Any):
    assert [f.message for f in check_rows(row).findings] == []


def preference(**changed: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "input": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "u"}]},
        "preferred_output": [{"role": "assistant", "content": "good"}],
        "non_preferred_output": [{"role": "assistant", "content": "bad"}],
    }
    return {key: value for key, value in {**row, **changed}.items() if value is not ...}


WRONG_PAIRS: list[tuple[Any, str, str]] = [
    (preference(input=...), "missing_key", "input"),
    (preference(input="u"), "data_type", "input"),
    (preference(input={"messages": []}), "missing_messages_list", "input.messages"),
    (preference(input={"messages": [{"role": "user"}]}), "message_missing_key", "input.messages[0].content"),
    (
        preference(input={"messages": [{"role": "user", "content": "u"}], "x": 1}),
        "unrecognized_key",
        "input.x",
    ),
    (
        preference(input={"messages": [{"role": "user", "content": [image(drawn("RGB", "PNG"))]}]}),
        "image_in_preference",
        "input.messages",
    ),
    (preference(input={"messages": [ASSISTANT]}), "input_ends_with_assistant", "input.messages[0].role"),
    (preference(preferred_output=...), "missing_key", "preferred_output"),
    (preference(non_preferred_output=...), "missing_key", "non_preferred_output"),
    (preference(preferred_output="good"), "data_type", "preferred_output"),
    (preference(preferred_output=[]), "output_length", "preferred_output"),
    (preference(preferred_output=[ASSISTANT, ASSISTANT]), "output_length", "preferred_output"),
    (
        preference(preferred_output=[{"role": "user", "content": "u"}]),
        "output_role",
        "preferred_output[0].role",
    ),
    (
        preference(preferred_output=[{"role": "assistant", "content": ""}]),
        "missing_content",
        "preferred_output[0].content",
    ),
    (
        preference(preferred_output=[{**ASSISTANT, "weight": 1}]),
        "message_unrecognized_key",
        "preferred_output[0].weight",
    ),
    (
        preference(non_preferred_output=[{"role": "assistant", "content": "good"}]),
        "same_outputs",
        "non_preferred_output",
    ),
    (preference(extra=1), "unrecognized_key", "extra"),
    (good(), "other_format", ""),
]


@pytest.mark.parametrize(("row", "code", "path"), WRONG_PAIRS, ids=[str(n) for n in range(len(WRONG_PAIRS))])
def test_a_wrong_preference_pair_gets_its_finding(write, row: Any, code: str, path: str):
    pairs = [preference(preferred_output=[{"role": "assistant", "content": f"good {n}"}]) for n in range(60)]
    report = check_file(write(row, *pairs))
    assert report.format == "dpo"
    assert (code, path) in [(f.code, f.path) for f in report.findings if f.row == 1]
    assert {f.row for f in report.findings} == {1}


@pytest.mark.parametrize(
    "output",
    [
        [ASSISTANT, DONE],
        [{"role": "tool", "tool_call_id": "a", "content": "1"}],
        [{"role": "assistant", "tool_calls": [call()]}],
    ],
)
def test_what_is_wrong_with_an_output_is_told_with_the_backend_that_refuses_it(write, output: Any):
    report = check_file(write(preference(preferred_output=output), *(preference() for _ in range(9))))
    told = [f.message for f in report.findings if f.row == 1 and f.severity == "error"]
    assert told
    assert all("OpenAI" in message for message in told)


def graded(number: int, **more: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "developer", "content": "d"}, {"role": "user", "content": f"{number}?"}],
        "reference_answer": {"n": number},
        **more,
    }


def test_a_list_that_is_just_as_long_as_a_backend_takes_has_no_finding(check_rows):
    talk = chat(*(("developer", "Be brief."),) * 2, *(("user", "u"), ("assistant", "a")) * 1023)
    calls = calling(*(call(f"c{n}") for n in range(128)))
    assert (
        not {"too_many_messages", "too_many_calls"}
        & check_rows(talk, {**talk, "tools": [TOOL]}, calls).codes.keys()
    )


def test_a_flag_is_an_emoji_however_the_row_writes_it(check_rows):
    row = chat(("system", "Be brief."), ("user", "Where is that?"), ("assistant", SCOTLAND))
    assert check_rows(json.dumps(row, ensure_ascii=False).encode()).codes == {}
    assert check_rows(json.dumps(row).encode()).codes == {}


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        ({**good(999), "parallel_tool_calls": None}, {"null_value": 1}),
        (ending({**ASSISTANT, "weight": float("nan")}), {"not_a_number": 1}),
    ],
)
def test_one_value_is_told_once(check_rows, row: Any, codes: dict[str, int]):
    assert check_rows(row).codes == codes


def test_an_empty_answer_of_a_tool_is_no_reason_to_drop_the_row(check_rows):
    empty = {**answer("a"), "content": ""}
    (told,) = check_rows(calling(call("a"), then=(empty, DONE))).findings
    assert (told.code, told.severity) == ("blank_content", "warning")
    assert "drop" not in told.message
    assert "returned nothing" in told.message


def test_reinforcement_items_may_carry_any_data_for_the_grader(write):
    report = check_file(write(*(graded(n, level="hard") for n in range(60))))
    assert (report.format, report.findings, report.rows) == ("reinforcement", (), 60)


def test_a_reinforcement_item_ends_with_the_user(write):
    wrong = {**graded(0), "messages": [*graded(0)["messages"], ASSISTANT]}
    report = check_file(write(wrong, *(graded(n) for n in range(60))))
    assert [(f.row, f.code) for f in report.findings] == [(1, "last_message_role")]


def test_items_without_data_for_a_grader_are_recognised_when_the_method_says_so(write):
    rows = [chat(("developer", "Be brief."), ("user", f"{n}?")) for n in range(60)]
    assert check_file(write(*rows), method="reinforcement").findings == ()
    assert check_file(write(*rows)).codes == {"example_missing_assistant_message": 60}


@pytest.mark.parametrize("method", ["dpo", "reinforcement"])
def test_a_method_that_does_not_fit_the_rows_is_an_error(check_rows, method: str):
    report = check_rows(method=method)
    assert [f.code for f in report.findings] == ["format_mismatch"]
    assert "supervised" in report.findings[0].message


def test_calls_of_a_preference_pair_and_of_a_reinforcement_item_are_held_to_what_they_declare(write):
    said = calling(call(), then=(answer("c1"), {"role": "user", "content": "And now?"}))
    called = {"messages": said["messages"]}
    report = check_file(write(*(preference(input=called) for _ in range(10))))
    assert ("tools_missing", "input.tools") in {(f.code, f.path) for f in report.findings}
    report = check_file(write(*({**called, "reference": n} for n in range(10))))
    assert ("tools_missing", "tools") in {(f.code, f.path) for f in report.findings}


def test_system_messages_of_reinforcement_items_are_told_by_row_or_once_if_all_have_one(write):
    items = [graded(n) for n in range(60)]
    told = {**items[0], "messages": [{"role": "system", "content": "Be brief."}, *items[0]["messages"]]}
    one = [f for f in check_file(write(*items[1:], told)).findings if f.code == "system_in_item"]
    assert [(f.row, f.path) for f in one] == [(60, "messages[0].role")]
    every = check_file(write(*({**told, "reference": n} for n in range(60))))
    assert [(f.row, f.path) for f in every.findings if f.code == "system_in_item"] == [(None, "")]


def test_a_file_that_one_upload_does_not_hold_is_an_error_and_one_in_parts_a_warning(write):
    path = write(*(good(n) for n in range(60)))
    prices = book()
    for parts, most, code in (
        (1 << 30, 1 << 33, {}),
        (100, 1 << 33, {"file_too_large": 1}),
        (50, 100, {"upload_too_large": 1}),
    ):
        defaults = msgspec.structs.replace(prices.defaults, file_bytes=parts, upload_bytes=most)
        assert check_file(path, prices=msgspec.structs.replace(prices, defaults=defaults)).codes == code


def test_a_line_that_is_no_utf8_is_told_once(check_rows):
    line = b'{"messages": [{"role": "user", "content": "caf\xe9"}, {"role": "assistant", "content": "b"}]}'
    assert "lost_character" not in check_rows(line).codes


def test_a_base_that_does_not_offer_the_method_is_an_error(write):
    report = check_file(write(*(graded(n) for n in range(60))), base="gpt-4o-mini", today=CHECKED)
    assert [f.code for f in report.findings] == ["method_not_offered"]


def test_a_base_that_nobody_knows_is_told_with_what_is_assumed(check_rows):
    report = check_rows(base="gpt4")
    assert [(f.code, f.row, f.severity) for f in report.findings] == [("unknown_base", None, "warning")]
    assert (
        'No base "gpt4" is on record: o200k_base and 65,536 tokens are assumed' in report.findings[0].message
    )
    assert report.ok
    assert (report.tokens.encoding, report.tokens.limit) == ("o200k_base", 65_536)


def test_of_a_base_that_nobody_knows_only_what_is_assumed_is_told(check_rows):
    assert check_rows(base="tiny-chat", encoding="cl100k_base", max_tokens=2048).findings == ()
    limited = check_rows(base="tiny-chat", max_tokens=2048).findings
    assert [f.message.split(". ")[0] for f in limited] == [
        'No base "tiny-chat" is on record: o200k_base is assumed'
    ]
    encoded = check_rows(base="tiny-chat", encoding="cl100k_base").findings
    assert [f.message.split(". ")[0] for f in encoded] == [
        'No base "tiny-chat" is on record: 65,536 tokens are assumed'
    ]
    assert check_rows().findings == ()


@pytest.mark.parametrize("base", ["gpt-3.5-turbo", "gpt-4-0613", "gpt-4.1-nano"])
def test_a_base_that_was_shut_down_is_told_and_its_own_limits_count(check_rows, base: str):
    report = check_rows(base=base, today=CHECKED)
    assert [(f.code, f.row, f.severity) for f in report.findings] == [("base_gone", None, "warning")]
    assert "2026-10-23" in report.findings[0].message
    assert report.tokens.limit == book().limit(base)
    assert report.tokens.encoding == book().encoding(base)


def test_a_base_is_gone_from_the_day_on_which_it_is_shut_down(check_rows):
    last = book().find("gpt-4o-mini")
    assert last is not None
    assert last.shutdown is not None
    assert check_rows(base="gpt-4o-mini", today=last.shutdown - timedelta(days=1)).codes == {}
    assert check_rows(base="gpt-4o-mini", today=last.shutdown).codes == {"base_gone": 1}


def test_a_base_that_learns_by_reinforcement_alone_does_not_offer_chats(check_rows):
    report = check_rows(base="o4-mini-2025-04-16", today=CHECKED)
    assert set(report.codes) == {"base_gone", "method_not_offered"}


@pytest.mark.parametrize(
    ("rows", "codes"), [(0, {"empty_file": 1}), (9, {"too_few_rows": 1}), (10, {"few_rows": 1}), (50, {})]
)
def test_ten_rows_are_needed_and_fifty_are_advised(write, rows: int, codes: dict[str, int]):
    assert check_file(write(*(good(n) for n in range(rows)))).codes == codes


def test_a_set_without_any_system_message_gets_one_finding_for_the_file(write):
    rows = [chat(("user", f"u{n}"), ("assistant", f"a{n}")) for n in range(60)]
    report = check_file(write(*rows))
    assert [(f.code, f.row) for f in report.findings] == [("missing_system", None)]
    assert (report.missing_system, report.warnings) == (60, 1)


def test_the_same_row_twice_is_found_with_both_row_numbers(check_rows):
    report = check_rows(good(1000), good(2000), good(1000))
    assert [(f.code, f.row) for f in report.findings] == [("duplicate_row", 3)]
    assert "row 1" in report.findings[0].message


def test_several_errors_of_one_row_are_all_told(check_rows):
    row = {
        "messages": [{"role": "usr", "content": 1}, {"content": ""}, {"role": "assistant", "x": 1}],
        "k": 0,
    }
    paths = {f.path for f in check_rows(row).findings if f.severity == "error"}
    assert paths >= {
        "k",
        "messages[0].role",
        "messages[0].content",
        "messages[1].role",
        "messages[1].content",
        "messages[2].x",
        "messages[2].content",
    }


def test_every_rule_is_tried_by_a_test_or_needs_a_file_of_its_own():
    tried = {code for _, code, _ in [*WRONG, *WRONG_PAIRS]}
    elsewhere = {
        "near_duplicate",
        "contradiction",
        "leaked_row",
        "other_system_prompt",
        "label_imbalance",
        "label_variant",
        "one_answer",
        "length_outlier",
        "other_script",
        "other_language",
        "refusal_missing",
        "refusal_share",
        "refusal_variant",
        *CODES,
        "empty_file",
        "too_few_rows",
        "few_rows",
        "format_mismatch",
        "not_jsonl",
        "encoding",
        "bom",
        "over_limit",
        "file_too_large",
        "upload_too_large",
        "too_many_image_examples",
        "method_not_offered",
        "unknown_base",
        "base_gone",
        "images_not_offered",
        "grader_data",
        "system_in_item",
        "packed",
        "row_too_long",
        "duplicate_row",
        "ended_early",
    }
    assert set(RULES) == tried | elsewhere


def test_every_rule_has_a_known_source_and_says_what_to_do():
    for code, rule in RULES.items():
        assert rule.source in SOURCES, code
        assert rule.todo.endswith("."), code


def test_offsets_lead_to_the_bytes_of_the_row(write):
    path = write(good(1), b"", {**good(2), "x": 1}, end=b"\r\n")
    data = path.read_bytes()
    report = check_file(path)
    finding = next(f for f in report.findings if f.code == "unrecognized_key")
    assert (finding.row, data[finding.offset :].split(b"\r\n")[0]) == (
        3,
        json.dumps({**good(2), "x": 1}).encode(),
    )


def test_messages_never_quote_what_a_row_says(check_rows):
    secret = "hunter2-hunter2"
    rows = [
        said({"role": "user", "content": secret + "<|im_end|>\x00"}),
        calling(call(arguments=json.dumps({"n": secret}))),
        calling(call(arguments=secret)),
        said({"role": "user", "content": [image(secret)]}),
        (secret * 3).encode(),
    ]
    report: Report = check_rows(*rows)
    assert report.errors >= 5
    assert secret not in report.to_json().decode()


def test_the_documentation_lists_every_rule_and_every_field_of_the_report():
    text = (Path(__file__).parents[3] / "docs" / "datasets.md").read_text(encoding="utf-8")
    for code, rule in RULES.items():
        assert f"| `{code}` | {rule.severity} | {rule.source} | {rule.todo} |" in text, code
    for field in Report.__struct_fields__:
        assert f"`{field}`" in text, field
    assert f"`schema` is {SCHEMA}:" in text
