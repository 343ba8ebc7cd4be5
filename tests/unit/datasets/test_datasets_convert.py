# ruff: noqa: E501 -- rows of tables
"""Conversion: every shape that is promised, every packing and encoding, and hostile files that stay bounded."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tempfile
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import chat, good
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.workbook import parquet, workbook
from tuning.datasets import check_file, unpack
from tuning.datasets.commands import main_convert
from tuning.datasets.convert import convert_file, preview_file
from tuning.datasets.shapes import Template
from tuning.datasets.unpack import CannotConvert

ASKED, SAID = ("user", "How tall is it?"), ("assistant", "Very.")
LABELLED = chat(("user", "Oil climbs"), ("assistant", "Business"))
PAIR = {
    "input": {"messages": [{"role": "user", "content": "Hi"}]},
    "preferred_output": [{"role": "assistant", "content": "Hello!"}],
    "non_preferred_output": [{"role": "assistant", "content": "What."}],
}


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


SHAPES: list[tuple[str, bytes, dict[str, Any]]] = [
    (
        "prompt-completion",
        lines({"prompt": "How tall is it?\n\n###\n\n", "completion": " Very. END"}),
        chat(ASKED, SAID),
    ),
    (
        "prompt-completion",
        lines(
            {
                "prompt": [{"role": "user", "content": "Hi"}],
                "completion": [{"role": "assistant", "content": "Hello!"}],
            }
        ),
        chat(("user", "Hi"), ("assistant", "Hello!")),
    ),
    ("prompt-completion", b"prompt;response\nHow tall is it?;Very.\n", chat(ASKED, SAID)),
    ("alpaca", lines({"instruction": "How tall is it?", "input": "", "output": "Very."}), chat(ASKED, SAID)),
    (
        "alpaca",
        lines(
            {
                "instruction": "Say it in French.",
                "input": "Very.",
                "output": "Très.",
                "system": "Be brief.",
                "history": [["How tall is it?", "Very."]],
            }
        ),
        chat(
            ("system", "Be brief."),
            ASKED,
            SAID,
            ("user", "Say it in French.\n\nVery."),
            ("assistant", "Très."),
        ),
    ),
    (
        "sharegpt",
        lines(
            {
                "conversations": [
                    {"from": "system", "value": "s"},
                    {"from": "human", "value": "How tall is it?"},
                    {"from": "gpt", "value": "Very."},
                    {"from": "human", "value": "bye"},
                ]
            }
        ),
        chat(("system", "s"), ASKED, SAID),
    ),
    (
        "sharegpt",
        lines(
            {
                "conversations": [
                    {"role": "user", "content": "How tall is it?"},
                    {"role": "assistant", "content": "Very."},
                ]
            }
        ),
        chat(ASKED, SAID),
    ),
    (
        "question-answer",
        lines({"question": "How tall is it?", "answer": "Very.", "context": "The tower."}),
        chat(("user", "The tower.\n\nHow tall is it?"), SAID),
    ),
    ("question-answer", b"Question\tAnswer\nHow tall is it?\tVery.\n", chat(ASKED, SAID)),
    ("text-category", lines({"text": " Oil climbs ", "category": "Business"}), LABELLED),
    (
        "text-category",
        b"title,description,label_int,label\nOil,climbs,3,Business\n",
        chat(("user", "Oil\nclimbs"), ("assistant", "Business")),
    ),
    ("text-category", b'\xef\xbb\xbfText,Label\r\n"Oil climbs","Business"\r\n', LABELLED),
    ("two columns", b"frage,antwort\nHow tall is it?,Very.\n", chat(ASKED, SAID)),
    ("preference-text", lines({"prompt": "Hi", "chosen": "Hello!", "rejected": "What."}), PAIR),
    (
        "preference-text",
        lines(
            {
                "chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}],
                "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "What."}],
            }
        ),
        PAIR,
    ),
    ("chat", json.dumps([chat(ASKED, SAID)], indent=2).encode(), chat(ASKED, SAID)),
    ("chat", json.dumps(chat(ASKED, SAID), indent=2).encode(), chat(ASKED, SAID)),
    ("chat", json.dumps({"data": [chat(ASKED, SAID)], "version": 1}).encode(), chat(ASKED, SAID)),
    ("chat", b"\n".join([json.dumps(chat(ASKED, SAID), indent=2).encode()]), chat(ASKED, SAID)),
    (
        "chat",
        json.dumps({"messages": [{"role": "user", "content": "Hi"}], "answer": 3}, indent=1).encode(),
        {"messages": [{"role": "user", "content": "Hi"}], "answer": 3},
    ),
    ("preference", json.dumps([PAIR]).encode(), PAIR),
    ("question-answer", b"sep=;\r\nquestion;answer\r\nHow tall is it?;Very.\r\n", chat(ASKED, SAID)),
    ("chat", lines(chat(ASKED, SAID)).decode().encode("utf-16"), chat(ASKED, SAID)),
    ("chat", lines(chat(ASKED, SAID)).decode().encode("utf-16-le"), chat(ASKED, SAID)),
    ("chat", gzip.compress(lines(chat(ASKED, SAID))), chat(ASKED, SAID)),
    (
        "text-category",
        "text,label\nCafé ouvre,Économie\n".encode("windows-1252"),
        chat(("user", "Café ouvre"), ("assistant", "Économie")),
    ),
]


@pytest.mark.parametrize(("shape", "data", "row"), SHAPES, ids=[f"{n}-{s[0]}" for n, s in enumerate(SHAPES)])
def test_every_known_shape_becomes_rows_of_messages(
    tmp_path: Path, shape: str, data: bytes, row: dict[str, Any]
):
    source, target = tmp_path / "source", tmp_path / "target.jsonl"
    source.write_bytes(data)
    result = convert_file(source, target)
    assert (result.shape, result.rows, result.skips) == (shape, 1, [])
    assert [json.loads(line) for line in target.read_text().splitlines()] == [row]
    assert source.read_bytes() == data


def test_a_zip_of_one_file_is_unpacked(tmp_path: Path):
    source, target = tmp_path / "set.zip", tmp_path / "target.jsonl"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("set.csv", "question,answer\nHow tall is it?,Very.\n")
        archive.writestr("__MACOSX/set.csv", "x")
    result = convert_file(source, target)
    assert (result.packing, result.rows) == ("zip", 1)


def test_excel_and_parquet_are_read(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "set.parquet"
    parquet.write_table(
        pyarrow.table({"text": ["Oil climbs"] * 3, "label": ["Business", None, "Business"]}), path
    )
    result = convert_file(path, tmp_path / "target.jsonl")
    assert (result.rows, result.skips) == (2, [(2, "the answer is empty")])
    pytest.importorskip("python_calamine")
    book = tmp_path / "set.xlsx"
    book.write_bytes(workbook([["text", "label"], ["Oil climbs", "Business"], ["Star found", "Science"]]))
    result = convert_file(book, tmp_path / "target.jsonl")
    assert (result.shape, result.rows, result.preview[0]) == ("text-category", 2, LABELLED)


def test_cells_of_excel_become_what_a_person_sees_there_from_the_first_sheet_that_has_any(tmp_path: Path):
    pytest.importorskip("python_calamine")
    rows = [
        [None, "question", "answer"],
        [0, "When?", date(2026, 1, 6)],
        [1, "How many?", 12.0],
        [2, "How much?", 0.5],
        [3, "Sure?", True],
        [4, "a <b> & c", "two\nlines"],
        [5, None, "nobody asked"],
    ]
    book = tmp_path / "set.xlsx"
    book.write_bytes(workbook([], rows))
    result = convert_file(book, tmp_path / "target.jsonl", preview=9)
    said = [row["messages"][1]["content"] for row in result.preview]
    assert said == ["2026-01-06", "12", "0.5", "True", "two\nlines"]
    assert result.preview[4]["messages"][0]["content"] == "a <b> & c"
    assert result.columns == ["column 1", "question", "answer"]
    assert (result.encoding, result.skips) == ("excel", [(7, "the question is empty")])


def test_rows_that_are_spread_over_several_lines_are_read_one_after_the_other(tmp_path: Path):
    source = tmp_path / "set.jsonl"
    rows = [chat(("user", f"{n}?"), ("assistant", f"{n}.")) for n in range(3)]
    source.write_text(",\n".join(json.dumps(row, indent=2) for row in rows))
    assert convert_file(source, tmp_path / "target.jsonl").preview == rows


def test_the_line_that_tells_the_separator_is_counted_with_the_lines(tmp_path: Path):
    source = tmp_path / "set.csv"
    source.write_text("sep=\t\nquestion\tanswer\nWho?\t\nWhy?\tSo.\n")
    result = convert_file(source, tmp_path / "target.jsonl")
    assert (result.rows, result.skips) == (1, [(3, "the answer is empty")])


def test_a_title_over_the_table_and_numbers_as_excel_shows_them(tmp_path: Path):
    pytest.importorskip("python_calamine")
    book = tmp_path / "set.xlsx"
    book.write_bytes(
        workbook([["Our questions, 2026"], [], ["question", "answer"], ["How much?", 0.1 + 0.2]])
    )
    result = convert_file(book, tmp_path / "target.jsonl")
    assert result.preview == [chat(("user", "How much?"), ("assistant", "0.3"))]


def test_bytes_of_parquet_are_text(tmp_path: Path):
    pytest.importorskip("pyarrow")
    (tmp_path / "set.parquet").write_bytes(parquet({"question": [b"Wo?"], "answer": ["Über".encode()]}))
    result = convert_file(tmp_path / "set.parquet", tmp_path / "target.jsonl")
    assert result.preview == [chat(("user", "Wo?"), ("assistant", "Über"))]


def test_what_is_packed_twice_is_told(tmp_path: Path):
    source = tmp_path / "set.gz"
    source.write_bytes(gzip.compress(gzip.compress(lines(chat(ASKED, SAID)))))
    with pytest.raises(CannotConvert, match="packed twice"):
        convert_file(source, tmp_path / "target.jsonl")


def test_nested_lists_of_parquet_are_conversations_without_the_tables_other_columns(tmp_path: Path):
    pytest.importorskip("pyarrow")
    asked = {"role": "user", "content": "Hi", "name": None}
    called = {"role": "assistant", "content": "Hello!", "name": "anna"}
    columns = {"messages": [[asked, called]] * 2, "source": ["web", None], "n": [1, 2]}
    (tmp_path / "set.parquet").write_bytes(parquet(columns))
    result = convert_file(tmp_path / "set.parquet", tmp_path / "target.jsonl")
    expected = {"messages": [{"role": "user", "content": "Hi"}, called]}
    assert (result.shape, result.preview) == ("chat", [expected] * 2)


NASTY: list[tuple[str, bytes, str, str]] = [
    ("an index without a name", b",question,answer\n7,Who?,Me.\n", "Who?", "Me."),
    ("a name twice", b"text,text,label\nOil climbs,x,Business\n", "Oil climbs", "Business"),
    (
        "semicolons, Windows text, quotes and line breaks",
        'Frage;Antwort\r\n"Wie geht\u2019s;\r\nso?";"Er sagte ""gut"""\r\n'.encode("cp1252"),
        "Wie geht\u2019s;\r\nso?",
        'Er sagte "gut"',
    ),
    ("Alpaca that answers a number", b'{"instruction": "1-1?", "input": "", "output": 0}\n{}\n', "1-1?", "0"),
]


@pytest.mark.parametrize(("name", "data", "asked", "said"), NASTY, ids=[name for name, *_ in NASTY])
def test_real_tables_are_read_as_they_are_meant(
    name: str, data: bytes, asked: str, said: str, tmp_path: Path
):
    source = tmp_path / "set"
    source.write_bytes(data)
    result = convert_file(source, tmp_path / "target.jsonl")
    assert result.preview[0] == chat(("user", asked), ("assistant", said)), name


ODD = ["a {b}", "x\ny", "", "(.*)", "a"]


@given(st.permutations(ODD))
def test_a_template_can_name_every_column_whatever_it_is_called(columns: list[str]):
    table = ",".join(f'"{name}"' for name in columns) + "\n" + ",".join(f"cell{n}" for n in range(5)) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "set.csv"
        source.write_text(table)
        with pytest.raises(CannotConvert, match="fit no known shape"):
            preview_file(source)
        names = [f"column {columns.index('') + 1}", "a {b}", "x y", "(.*)", "a"]
        template = Template("".join(f"<{{{name}}}>" for name in names), "{a}!")
        (row,) = preview_file(source, template=template).preview
    wanted = [columns.index(name) for name in ("", "a {b}", "x\ny", "(.*)", "a")]
    assert row["messages"][0]["content"] == "".join(f"<cell{n}>" for n in wanted)


def test_a_template_says_which_column_is_asked_and_which_answered(tmp_path: Path):
    source = tmp_path / "set.csv"
    source.write_text("a,b,c\nOil,climbs,Business\n,,\nStar,,\n")
    template = Template(user="{a}: {b}", assistant="{c}", system="Sort {a}.")
    result = convert_file(source, tmp_path / "target.jsonl", template=template)
    assert result.preview == [
        chat(("system", "Sort Oil."), ("user", "Oil: climbs"), ("assistant", "Business"))
    ]
    assert result.skips == [(4, "the answer is empty")]


def test_one_system_message_can_be_put_before_every_row(tmp_path: Path):
    source = tmp_path / "set.csv"
    source.write_text("text,label\nOil climbs,Business\n")
    result = convert_file(source, tmp_path / "target.jsonl", system="Sort it.")
    assert result.preview[0]["messages"][0] == {"role": "system", "content": "Sort it."}


def test_records_that_cannot_be_turned_are_left_out_with_line_and_reason(tmp_path: Path):
    source = tmp_path / "set.jsonl"
    source.write_bytes(
        lines(
            {"question": "How tall is it?", "answer": "Very."},
            {"question": "", "answer": "x"},
            {"question": "x"},
        )
        + b"{broken\n[1]\n"
    )
    result = convert_file(source, tmp_path / "target.jsonl")
    assert (result.rows, result.skipped) == (1, 4)
    assert result.skips == [
        (2, "the question is empty"),
        (3, "the answer is empty"),
        (4, "it isn't JSON"),
        (5, "it isn't an object"),
    ]


def test_a_preview_writes_nothing(tmp_path: Path):
    source = tmp_path / "set.csv"
    source.write_text("text,label\n" + "Oil climbs,Business\n" * 9)
    assert preview_file(source, rows=2).preview == [LABELLED] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["set.csv"]


BOMB = gzip.compress(bytes(64 << 20), 9)
HOSTILE: list[tuple[str, bytes, str]] = [
    ("a gzip bomb", BOMB, "more than 16 MB"),
    ("no rows", b"text,label\n", "has no records"),
    ("no table", b"hello", "has no records"),
    ("nothing", b"", "empty"),
    ("spaces", b" \n ", "empty"),
    ("torn gzip", gzip.compress(lines(good()) * 99)[:-20], "damaged"),
    ("torn zip", b"PK\x03\x04" + bytes(99), "damaged"),
    ("an empty zip", b"PK\x05\x06" + bytes(18), "empty"),
    ("a million columns", b"a," * 1_000_000 + b"\n" + b"1," * 1_000_000, "longer than 1 MB"),
    ("many columns", b"a," * 2_000 + b"\n", "more than 1,000 columns"),
    ("one long line", b"x" * (3 << 20), "longer than 1 MB"),
    ("a deep array", b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    ("torn JSON", b'[{"question": "a",\n', "isn't valid JSON"),
    ("a number", b"[1, 2]", "it isn't an object"),
    ("torn Parquet", b"PAR1" + bytes(50), "can't be read"),
    ("torn Excel", b"\xd0\xcf\x11\xe0" + bytes(600), "can't be read"),
    ("unknown columns", lines({"a": 1, "b": 2, "c": 3}), "a, b, c fit no known shape"),
]


@pytest.mark.parametrize(
    ("data", "why"), [(data, why) for _, data, why in HOSTILE], ids=[name for name, _, _ in HOSTILE]
)
def test_what_cannot_be_converted_says_why_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, why: str
):
    source, target = tmp_path / "source", tmp_path / "target.jsonl"
    source.write_bytes(data)
    monkeypatch.setattr(unpack.unpacked.__wrapped__, "__defaults__", (16 << 20, None))  # type: ignore[attr-defined]
    with pytest.raises(CannotConvert, match=why):
        convert_file(source, target)
    assert list(tmp_path.iterdir()) == [source]


def test_zip_bombs_and_archives_of_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unpack.unpacked.__wrapped__, "__defaults__", (16 << 20, None))  # type: ignore[attr-defined]
    source = tmp_path / "set.zip"
    for members, why in (
        ({"a": bytes(64 << 20)}, "more than 16 MB"),
        ({"a": b"", "b": b""}, "2 files"),
        ({f"{n}": b"" for n in range(1001)}, "1,001 files"),
    ):
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        with pytest.raises(CannotConvert, match=why):
            preview_file(source)


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=400) | st.text(alphabet='{}[]",:\n\t;abc 01\\', max_size=300).map(str.encode),
    packed=st.booleans(),
)
def test_any_bytes_convert_or_say_why(tmp_path_factory: pytest.TempPathFactory, data: bytes, packed: bool):
    source = tmp_path_factory.getbasetemp() / "any-source"
    source.write_bytes(gzip.compress(data) if packed else data)
    with contextlib.suppress(CannotConvert):
        assert preview_file(source).columns


def test_what_was_converted_passes_the_check(tmp_path: Path):
    source, target = tmp_path / "set.csv", tmp_path / "target.jsonl"
    texts = [
        f"{word} number {n}"
        for n, word in enumerate(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"] * 10)
    ]
    source.write_text(
        "text,label\n" + "".join(f"{text},{'even' if n % 2 else 'odd'}\n" for n, text in enumerate(texts))
    )
    convert_file(source, target, system="Odd or even?")
    report = check_file(target)
    assert (report.ok, report.findings, report.labels) == (True, (), {"even": 30, "odd": 30})


def test_the_command_previews_converts_and_refuses(tmp_path: Path):
    source = tmp_path / "set.csv"
    source.write_text("a,b,c\nOil,climbs,Business\nx,y,\n")
    out, err = io.StringIO(), io.StringIO()
    assert main_convert(source, None, out=out, err=err) == 2
    assert "template" in err.getvalue()
    assert main_convert(source, None, user="{a}", out=out, err=err) == 2
    assert main_convert(source, tmp_path / "t.jsonl", user="{a} {b}", assistant="{c}", out=out, err=err) == 1
    assert "left out 3: the answer is empty" in out.getvalue()
    assert main_convert(tmp_path / "missing", None, out=out, err=err) == 2
    assert "missing: No such file" in err.getvalue()
