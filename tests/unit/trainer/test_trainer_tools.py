"""Tool calls in a text that comes in pieces."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.api.tools import ToolText
from trainer.habits import USUAL, Calls

CALL = '<tool_call>\n{"name": "fly", "arguments": {"height": 3}}\n</tool_call>'


LLAMA, MISTRAL = Calls("", ""), Calls("[TOOL_CALLS]", "")
BARE = '{"name": "fly", "parameters": {"height": 3}}'
LISTED = '[TOOL_CALLS] [{"name": "fly", "arguments": {"height": 3}, "id": "call00001"}]'
FLY = ("fly", json.dumps({"height": 3}))


def read(text: str, sizes: list[int], form: Calls = USUAL) -> tuple[str, list[tuple[str, str]]]:
    tools, plain = ToolText({"fly"}), ""
    tools.form = form
    for size in sizes:
        plain += tools.push(text[:size])
        text = text[size:]
    plain += tools.push(text) + tools.finish()
    return plain, [(call["function"]["name"], call["function"]["arguments"]) for call in tools.calls]


@given(
    st.lists(st.text(alphabet="ab<>/_tol"), min_size=2, max_size=4), st.lists(st.integers(1, 20), max_size=30)
)
def test_calls_are_told_from_text_however_it_is_cut(between: list[str], sizes: list[int]) -> None:
    text = CALL.join(between)
    plain, calls = read(text, sizes)
    assert plain == "".join(between)
    assert calls == [("fly", json.dumps({"height": 3}))] * (len(between) - 1)


@given(st.text(), st.lists(st.integers(1, 5)))
def test_text_without_calls_passes_unchanged(text: str, sizes: list[int]) -> None:
    assert read(text, sizes) == (text, [])


def test_what_only_looks_like_a_call_stays_text() -> None:
    for text in (
        "<tool_call>not json</tool_call>",
        "<tool_call>[1]</tool_call>",
        '<tool_call>{"name": "fly"',
    ):
        assert read(text, [3]) == (text, [])


@given(st.lists(st.integers(1, 20), max_size=30))
def test_an_answer_that_is_an_object_with_an_offered_name_is_a_call(sizes: list[int]) -> None:
    assert read(f"\n{BARE}", sizes, LLAMA) == ("", [FLY])
    assert read(f"{BARE}; {BARE}", sizes, LLAMA) == ("", [FLY, FLY])


@given(st.lists(st.integers(1, 20), max_size=30))
def test_what_follows_a_mark_without_an_end_is_calls(sizes: list[int]) -> None:
    assert read(LISTED, sizes, MISTRAL) == ("", [FLY])
    assert read(f"Soon. {LISTED}", sizes, MISTRAL) == ("Soon. ", [FLY])


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (BARE.replace("fly", "land"), LLAMA),
        (f"{BARE} I think", LLAMA),
        (f"I think {BARE}", LLAMA),
        ('{"name": "fly"', LLAMA),
        ('{"height": 3}', LLAMA),
        ("[]", LLAMA),
        ("{ fly }", LLAMA),
        ("[TOOL_CALLS] nothing", MISTRAL),
        ("[TOOL_", MISTRAL),
    ],
)
def test_other_objects_and_marks_stay_text(text: str, form: Calls) -> None:
    for size in (1, 4, 100):
        assert read(text, [size] * 40, form) == (text, [])


def test_an_answer_that_begins_unlike_a_call_is_not_held_back() -> None:
    tools = ToolText({"fly"})
    tools.form = LLAMA
    assert [tools.push(word) for word in ("I", " think", " {")] == ["I", " think", " {"]


def test_without_tools_in_the_question_nothing_is_a_call() -> None:
    tools = ToolText(None)
    assert (tools.push(CALL), tools.finish(), tools.calls) == (CALL, "", [])
