"""JSON as people bring it: a broken line is told, and many records in one value are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import chat

from tests.fakes.workbook import parquet
from tuning.datasets import documents
from tuning.datasets.convert import Conversion, convert_file
from tuning.datasets.shapes import Template
from tuning.datasets.unpack import CannotConvert

WHO, WHY = chat(("user", "Who?"), ("assistant", "Me")), chat(("user", "Why?"), ("assistant", "So"))
ROWS = [{"question": "Who?", "answer": "Me"}, {"question": "Why?", "answer": "So"}]
GOOD = "".join(json.dumps(row) + "\n" for row in ROWS)


def converted(folder: Path, data: str | bytes, **options: Any) -> Conversion:
    source = folder / "source"
    source.write_bytes(data if isinstance(data, bytes) else data.encode())
    return convert_file(source, folder / "target.jsonl", preview=99, **options)


def converted_rows(folder: Path, *rows: Any, **options: Any) -> Conversion:
    return converted(folder, "".join(json.dumps(row) + "\n" for row in rows), **options)


BROKEN = [
    '{"question": "How?", "answer": "So"',
    '{"question": "How?", "answer": "a\x01b"}',
    f'{{"question": "How?", "answer": {"7" * 5000}}}',
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_first_line_that_is_broken_is_left_out(tmp_path: Path, line: str) -> None:
    made = converted(tmp_path, f"{line}\n{GOOD}")
    assert (made.preview, made.skips) == ([WHO, WHY], [(1, "it isn't JSON")])


UNSAYABLE = [
    ('{"question": "a\\ud800", "answer": "b"}', "its text is damaged"),
    ('{"question": "a", "answer": NaN}', "the answer is empty"),
    ('{"question": "a", "answer": "b", "answer": "c"}', "the key answer stands twice in it"),
]


@pytest.mark.parametrize(("line", "why"), UNSAYABLE)
def test_a_record_that_says_no_one_thing_is_left_out(tmp_path: Path, line: str, why: str) -> None:
    made = converted(tmp_path, f"{GOOD}{line}\n")
    assert (made.preview, made.skips[0][0]) == ([WHO, WHY], 3)
    assert why in made.skips[0][1]


def test_a_line_that_is_too_long_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LONGEST_FIELD", 1 << 10)
    made = converted(tmp_path, GOOD + json.dumps({"question": "x" * 5000}) + "\n" + GOOD[: GOOD.index("\n")])
    assert (made.preview, [number for number, _ in made.skips]) == ([WHO, WHY, WHO], [3])


MANY = [
    ("pandas by index", {"question": {"0": "Who?", "1": "Why?"}, "answer": {"0": "Me", "1": "So"}}),
    ("pandas by list", {"question": ["Who?", "Why?"], "answer": ["Me", "So"]}),
    ("pandas split", {"columns": ["question", "answer"], "data": [["Who?", "Me"], ["Why?", "So"]]}),
]


@pytest.mark.parametrize("value", [value for _, value in MANY], ids=[name for name, _ in MANY])
def test_columns_of_one_object_are_rows(tmp_path: Path, value: Any) -> None:
    assert converted(tmp_path, json.dumps(value)).preview == [WHO, WHY]


def test_squad_is_its_questions_with_their_paragraphs(tmp_path: Path) -> None:
    asked = {"question": "Who?", "answers": [{"text": "Me", "answer_start": 0}, {"text": "I"}]}
    nested = {
        "data": [{"paragraphs": [{"context": "Said.", "qas": [asked, {"question": "x", "answers": []}]}]}]
    }
    expected = chat(("user", "Said.\n\nWho?"), ("assistant", "Me"))
    made = converted(tmp_path, json.dumps(nested))
    assert (made.preview, made.skips) == ([expected], [(2, "the answer is empty")])
    flat = {"context": "Said.", "question": "Who?", "answers": {"text": ["Me", "I"], "answer_start": [0, 1]}}
    assert converted_rows(tmp_path, flat, flat).preview == [expected] * 2


def test_a_second_list_beside_the_rows_is_named(tmp_path: Path) -> None:
    made = converted(tmp_path, json.dumps({"data": ROWS, "test": ROWS, "version": 2}))
    assert (made.rows, made.notes) == (2, ["Only the rows in data were read, not those in test."])


def test_a_list_of_a_million_empty_objects_is_read_one_by_one(tmp_path: Path) -> None:
    made = converted(tmp_path, "[" + json.dumps(ROWS[0]) + ",{}" * 1_000_000 + "]")
    assert (made.rows, made.skipped) == (1, 1_000_000)


SENT = [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Me"}]
BRIEF = ("system", "Be brief.")
BESIDE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "Dolly's context",
        {"instruction": "Who?", "context": "Ana wrote it.", "response": "Me", "category": "qa"},
        chat(("user", "Who?\n\nAna wrote it."), ("assistant", "Me")),
    ),
    (
        "OpenOrca's system prompt",
        {"system_prompt": "Be brief.", "question": "Who?", "response": "Me"},
        chat(BRIEF, ("user", "Who?"), ("assistant", "Me")),
    ),
    (
        "ShareGPT's system prompt",
        {"system_prompt": "Be brief.", "conversations": SENT},
        chat(BRIEF, ("user", "Who?"), ("assistant", "Me")),
    ),
    (
        "MMLU's choices",
        {"question": "Who?", "choices": ["You", "Me"], "answer": 1},
        chat(("user", "Who?\n\nA. You\nB. Me"), ("assistant", "B. Me")),
    ),
    (
        "ARC's choices",
        {"question": "Who?", "choices": {"text": ["You", "Me"], "label": ["1", "2"]}, "answerKey": "2"},
        chat(("user", "Who?\n\n1. You\n2. Me"), ("assistant", "2. Me")),
    ),
    ("messages and a text", {"prompt": [{"role": "user", "content": "Who?"}], "completion": " Me"}, WHO),
]


@pytest.mark.parametrize(("record", "row"), [case[1:] for case in BESIDE], ids=[case[0] for case in BESIDE])
def test_columns_whose_meaning_is_known_are_used(
    tmp_path: Path, record: dict[str, Any], row: dict[str, Any]
) -> None:
    assert converted_rows(tmp_path, record, record).preview == [row, row]


def test_weights_stay_and_what_comes_after_the_last_answer_is_counted(tmp_path: Path) -> None:
    turns = [*SENT, {"from": "gpt", "value": "I", "weight": 0}, {"from": "human", "value": "Bye"}]
    made = converted_rows(tmp_path, {"conversations": turns}, {"conversations": SENT})
    assert made.preview[0]["messages"][2] == {"role": "assistant", "content": "I", "weight": 0}
    assert made.notes == ["In 1 row what comes after the last answer was left out."]


def test_a_second_system_prompt_is_never_added(tmp_path: Path) -> None:
    told = {"messages": [{"role": "developer", "content": "Be kind."}, *WHO["messages"]]}
    made = converted_rows(tmp_path, told, WHO, {"messages": ["x"]}, {"messages": []}, system="Be brief.")
    assert made.preview == [
        told,
        {"messages": [{"role": "system", "content": "Be brief."}, *WHO["messages"]]},
    ]
    assert [why for _, why in made.skips] == ["a message isn't an object", "it has no messages"]


def test_what_parquet_pads_its_objects_with_is_left_out(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    text = {"type": "text", "text": "Hi", "image_url": None}
    picture = {"type": "image_url", "text": None, "image_url": {"url": "https://a.org/b.png"}}
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked = [{"role": "user", "content": [text, picture]}, {"role": "assistant", "content": [text]}]
    called = [{"role": "assistant", "content": None, "tool_calls": [call]}]
    made = converted(tmp_path, parquet({"messages": [asked]}))
    assert made.preview[0]["messages"][0]["content"] == [
        {"type": "text", "text": "Hi"},
        {"type": "image_url", "image_url": {"url": "https://a.org/b.png"}},
    ]
    assert converted(tmp_path, parquet({"messages": [called]})).preview == [{"messages": called}]


def test_doubled_braces_are_braces_in_a_template(tmp_path: Path) -> None:
    template = Template('{{"q": "{question}"}}', "{answer}")
    made = converted(tmp_path, GOOD, template=template)
    assert made.preview[0] == chat(("user", '{"q": "Who?"}'), ("assistant", "Me"))
    with pytest.raises(CannotConvert, match="For braces in the text write"):
        converted(tmp_path, GOOD, template=Template('{"q": "{question}"}', "{answer}"))
