"""Messages and tools of a question: what is wrong is refused by its place, and never a 500."""

import json
from typing import Any

import pytest

from tests.fakes.raw_http import send
from tests.fakes.trainer_process import TrainerProcess

USER = {"role": "user", "content": "x"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = {"role": "assistant", "tool_calls": [CALL]}
TOLD = {"role": "tool", "tool_call_id": "c", "content": "x"}


def deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"a": made}
    return made


def call(**changes: Any) -> dict[str, Any]:
    changed = {**CALL, **changes}
    return {"role": "assistant", "tool_calls": [{k: v for k, v in changed.items() if v is not None}]}


def tool(**function: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": "f", **function}}]}


@pytest.fixture
def refusal(trainer: TrainerProcess):
    def refusal(**change: Any) -> dict[str, Any]:
        # More answers than there can be, so that what is taken is refused too, but by another name.
        question = {"model": "tiny-chat", "messages": [USER], "n": 999, **change}
        body = json.dumps(question).encode()
        answer = send(trainer.url, "POST", "/v1/chat/completions", body, key=trainer.key)
        assert answer.status == 400, answer
        return answer.error

    return refusal


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([call(id=["a"])], "messages[0].tool_calls[0].id"),
        ([call(id={"a": 1})], "messages[0].tool_calls[0].id"),
        ([call(id="")], "messages[0].tool_calls[0].id"),
        ([call(id=None)], "messages[0].tool_calls[0].id"),
        ([call(type=None)], "messages[0].tool_calls[0].type"),
        ([call(type="custom")], "messages[0].tool_calls[0]"),
        ([call(function={"name": "f"})], "messages[0].tool_calls[0].function.arguments"),
        ([{**USER, "tool_calls": 5}], "messages[0].tool_calls"),
        ([{**USER, "tool_calls": [{}]}], "messages[0].tool_calls"),
        ([{**USER, "function_call": 5}], "messages[0].function_call"),
        ([{**USER, "refusal": "no"}], "messages[0].refusal"),
        ([{"role": "system", "content": "x", "tool_calls": [CALL]}], "messages[0].tool_calls"),
        ([CALLED, {**TOLD, "tool_calls": [{}]}], "messages[1].tool_calls"),
        ([{"role": "user", "content": [{"type": "refusal", "refusal": "no"}]}], "messages[0].content"),
        ([{"role": "function", "content": "x"}], "messages[0].name"),
        ([{"role": "function", "content": "x", "name": 5}], "messages[0].name"),
        ([TOLD], "messages.[0].role"),
        ([USER, CALLED, USER, TOLD], "messages.[3].role"),
        ([CALLED, TOLD, {**TOLD, "tool_call_id": "d"}], "messages.[2].tool_call_id"),
        (
            [call(function={"name": "f", "arguments": '{"a":' * 900 + "1" + "}" * 900})],
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            [call(function={"name": "f", "arguments": "[" * 200_000})],
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_message_that_can_not_be_is_refused_by_its_place(
    refusal, messages: list[dict[str, Any]], param: str
) -> None:
    assert refusal(messages=messages)["param"] == param


def test_a_tool_that_answers_nothing_is_refused_in_openais_words(refusal) -> None:
    message = refusal(messages=[USER, TOLD])["message"]
    assert message == (
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
        "'tool_calls'."
    )


@pytest.mark.parametrize(
    "messages",
    [
        [USER, CALLED, TOLD, USER],
        [
            {"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "d"}]},
            {**TOLD, "tool_call_id": "d"},
            TOLD,
        ],
        [{"role": "assistant", "refusal": "no"}, USER],
        [{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, USER],
        [{"role": "function", "name": "f", "content": None}],
        [{**USER, "tool_calls": None, "function_call": None, "refusal": None}],
    ],
)
def test_a_conversation_with_calls_and_their_answers_is_taken(
    refusal, messages: list[dict[str, Any]]
) -> None:
    assert refusal(messages=messages)["param"] == "n"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        (tool(description=5), "tools[0].function.description"),
        (tool(parameters=[]), "tools[0].function.parameters"),
        (tool(parameters="x"), "tools[0].function.parameters"),
        (tool(strict="x"), "tools[0].function.strict"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": 5}, "tool_choice"),
        ({"tool_choice": []}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
        ({"tool_choice": "none"}, "n"),
        (tool(description="what it does", parameters=deep(50), strict=True), "n"),
    ],
)
def test_the_tools_and_their_choice_are_checked(refusal, change: dict[str, Any], param: str) -> None:
    assert refusal(**change)["param"] == param


@pytest.mark.parametrize("levels", [101, 700, 900])
def test_what_is_nested_too_deep_for_any_template_is_refused_in_words(refusal, levels: int) -> None:
    assert "nested too deep" in refusal(**tool(parameters=deep(levels)))["message"]
