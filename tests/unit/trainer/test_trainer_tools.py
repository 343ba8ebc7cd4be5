"""Tool calls in a text that comes in pieces."""

import json

from hypothesis import given
from hypothesis import strategies as st

from trainer.api.tools import ToolText

CALL = '<tool_call>\n{"name": "fly", "arguments": {"height": 3}}\n</tool_call>'


def read(text: str, sizes: list[int]) -> tuple[str, list[tuple[str, str]]]:
    tools, plain = ToolText(), ""
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
