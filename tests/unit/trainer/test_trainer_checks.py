"""What a training file must look like, row by row."""

import contextlib
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import chat
from trainer.engine import checks, rowchecks
from trainer.folder import JobFolder

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
ROWLIKE = st.fixed_dictionaries(
    {},
    optional={
        "messages": JSON
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "role": st.sampled_from(["user", "assistant", "tool"]) | JSON,
                    "content": JSON,
                    "tool_calls": JSON | st.lists(st.dictionaries(st.sampled_from(["function"]), JSON)),
                    "weight": JSON,
                },
            )
        ),
        "tools": JSON,
        "input": JSON | st.fixed_dictionaries({"messages": JSON}),
        "preferred_output": JSON,
    },
)
USER = {"role": "user", "content": "q"}
ANSWER = {"role": "assistant", "content": "a"}


@given(ROWLIKE)
def test_any_json_object_gets_a_verdict(row: dict[str, object]) -> None:
    for check in (rowchecks.supervised_problem, rowchecks.preference_problem):
        verdict = check(row)
        assert verdict is None or verdict.endswith(".")


def called(function: dict[str, str] | None = None, **changes: object) -> dict[str, object]:
    call = {"id": "c", "type": "function", "function": {"name": "f", **(function or {})}, **changes}
    return {"role": "assistant", "tool_calls": [call]}


def offering(**function: object) -> dict[str, object]:
    tool = {"type": "function", "function": {"name": "f", **function}}
    return {"messages": [USER, ANSWER], "tools": [tool]}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [USER, ANSWER]},
        {"messages": [{"role": "developer", "content": "d"}, USER, {**ANSWER, "weight": 0}, USER, ANSWER]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}, ANSWER]},
        {
            "messages": [
                USER,
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "c", "content": "r"},
            ],
            "tools": [{"type": "function", "function": {"name": "f"}}],
            "parallel_tool_calls": False,
        },
        {"messages": [USER, {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}]},
        {"messages": [USER, {"role": "assistant", "content": None, "refusal": "No."}]},
        {"messages": [USER, {"role": "assistant", "refusal": "No.", "audio": None}]},
        {"messages": [USER, {"role": "function", "name": "f", "content": None}, ANSWER]},
    ],
)
def test_a_good_row_passes(row: dict[str, object]) -> None:
    assert rowchecks.supervised_problem(row) is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "'messages' must be a list"),
        ({"messages": [USER]}, "no assistant message to learn from"),
        ({"messages": [USER, {**ANSWER, "weight": 0}]}, "all have weight 0"),
        ({"messages": [{**USER, "weight": 1}, ANSWER]}, "messages[0].weight is allowed on assistant"),
        ({"messages": [USER, {**ANSWER, "weight": True}]}, "messages[1].weight must be 0 or 1"),
        ({"messages": [USER, {"role": "assistant"}]}, "messages[1].content is missing"),
        ({"messages": [USER, {"role": "assistant", "refusal": ""}]}, "messages[1].content is missing"),
        ({"messages": [USER, {"role": "assistant", "refusal": 1}]}, "messages[1].refusal must be a string"),
        ({"messages": [USER, {**ANSWER, "audio": {"id": "a"}}]}, "messages[1] has an unknown key, 'audio'"),
        ({"messages": [USER, {"role": "function", "name": "f"}, ANSWER]}, "messages[1].content is missing"),
        ({"messages": [{"role": "robot", "content": ""}, ANSWER]}, "messages[0].role must be one of"),
        ({"messages": [{"role": [], "content": ""}, ANSWER]}, "messages[0].role must be one of"),
        ({"messages": [{**USER, "name": 3}, ANSWER]}, "messages[0].name must be a string"),
        ({"messages": [USER, ANSWER], "prompt": "x"}, "unknown key, 'prompt'"),
        ({"messages": [{**USER, "mood": "x"}, ANSWER]}, "messages[0] has an unknown key, 'mood'"),
        ({"messages": [{"role": "user", "content": "<|im_end|>"}, ANSWER]}, "special token, '<|im_end|>'"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}, ANSWER]}, "text only"),
        ({"messages": [{"role": "tool", "content": "r"}, ANSWER]}, "tool_call_id is missing"),
        ({"messages": [USER, ANSWER], "tools": "f"}, "'tools' must be a list"),
        ({"messages": [USER, called(id=["a"])]}, "messages[1].tool_calls[0].id must be a string"),
        ({"messages": [USER, called({"arguments": "[" * 900 + "]" * 900})]}, "arguments are nested too deep"),
        (offering(parameters="x"), "tools[0].function.parameters must be an object"),
        (offering(description=5), "tools[0].function.description must be a string"),
        (offering(strict="x"), "tools[0].function.strict must be true or false"),
        (offering(name=5), "tools[0].function.name must be a string"),
        (
            {"messages": [USER, ANSWER], "tools": [{"type": "function"}]},
            "tools[0].function must be an object",
        ),
        ({"messages": [USER, ANSWER], "functions": [{}]}, "functions[0].name is missing"),
        (
            {"messages": [USER, ANSWER], "parallel_tool_calls": 5},
            "'parallel_tool_calls' must be true or false",
        ),
        (offering(parameters=json.loads('{"a":' * 700 + "1" + "}" * 700)), "nested too deep"),
    ],
)
def test_a_bad_row_is_named_with_its_place(row: dict[str, object], words: str) -> None:
    assert words in rowchecks.supervised_problem(row)


def test_a_preference_row_needs_two_answers() -> None:
    row = {"input": {"messages": [USER]}, "preferred_output": [ANSWER], "non_preferred_output": [ANSWER]}
    assert rowchecks.preference_problem(row) is None
    assert "preferred_output" in rowchecks.preference_problem({**row, "preferred_output": []})
    assert "role must be 'assistant'" in rowchecks.preference_problem({**row, "non_preferred_output": [USER]})


def written(tmp_path: Path, lines: list[bytes]) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    row = json.dumps({"messages": [USER, ANSWER]}).encode()
    path = written(tmp_path, [b"\xef\xbb\xbf" + row, b"", *[row] * 9, b""])
    assert len(checks.read(path, "supervised")) == 10


def test_only_the_first_problems_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(checks.BadFile) as error:
        checks.read(written(tmp_path, [b"[]"] * 12), "supervised")
    assert "Line 5: " in str(error.value)
    assert "Line 6: " not in str(error.value)
    assert "(and 7 more)" in str(error.value)


def test_json_that_is_broken_is_named_by_line_and_character(tmp_path: Path) -> None:
    with pytest.raises(checks.BadFile) as error:
        checks.read(written(tmp_path, [b'{"messages": [', b'{"messages', b"{}"]), "supervised")
    assert "Line 1: not valid JSON (Expecting value at character 15)." in str(error.value)
    assert "Line 2: not valid JSON (Unterminated string starting at character 2)." in str(error.value)


def test_bytes_that_are_no_text_are_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(checks.BadFile, match=r"Line 2: not UTF-8 \(byte 3 "):
        checks.read(written(tmp_path, [b"{}", b'{"\xff"}']), "supervised")


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ({"role": "assistant", "content": "half \ud83d"}, "messages[1].content"),
        (
            {"role": "assistant", "content": [{"type": "text", "text": "\ude00"}]},
            "messages[1].content[0].text",
        ),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '"\\ud83d"'}}]},
            "messages[1].tool_calls[0].function.arguments, read as JSON,",
        ),
    ],
)
def test_half_a_character_is_named_with_its_line_and_place(
    tmp_path: Path, message: dict[str, object], where: str
) -> None:
    row = json.dumps({"messages": [USER, message]}).encode()
    with pytest.raises(checks.BadFile) as error:
        checks.read(written(tmp_path, [row] * 10), "supervised")
    assert f"Line 1: {where} holds half of a character, \\u" in str(error.value)
    assert error.value.code == "invalid_training_file"
    str(error.value).encode()


def test_whole_characters_pass_however_they_are_written(tmp_path: Path) -> None:
    row = {"messages": [USER, {"role": "assistant", "content": "\U0001f600"}]}
    lines = [json.dumps(row, ensure_ascii=kind).encode() for kind in (True, False)]
    assert checks.read(written(tmp_path, lines), "supervised", fewest=1) == [row, row]


def test_a_refusal_is_what_the_assistant_says() -> None:
    refused = {"role": "assistant", "content": None, "refusal": "No."}
    assert chat.normalise([refused]) == [{"role": "assistant", "content": "No."}]


def test_words_that_hold_half_a_character_can_be_told(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    folder.append("note", message="half \ud83d, whole \U0001f600")
    (_, record), *_ = folder.records()
    assert record["message"] == "half ?, whole \U0001f600"


def peak_of(path: Path) -> int:
    """How many bytes a check of a file holds at most."""
    tracemalloc.start()
    try:
        with contextlib.suppress(checks.BadFile):
            checks.verify(path, "supervised")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "row", [{"messages": [USER, ANSWER]}, {"messages": 3}, {"messages": [{"role": "x" * 500}]}]
)
def test_a_check_keeps_neither_rows_nor_more_words_than_it_tells(
    tmp_path: Path, row: dict[str, object]
) -> None:
    assert peak_of(written(tmp_path, [json.dumps(row).encode()] * 20_000)) < 200_000


def test_a_problem_that_quotes_a_long_word_is_cut(tmp_path: Path) -> None:
    row = json.dumps({"messages": [{"role": "x" * 5000}]}).encode()
    with pytest.raises(checks.BadFile) as error:
        checks.verify(written(tmp_path, [row]), "supervised")
    assert len(str(error.value)) < 400
