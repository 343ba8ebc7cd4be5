"""Packed files, UTF-16 and long rows: their rows are checked as those of any file."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import good

from tuning.datasets import check_file

ROWS: list[Any] = [*(good(n) for n in range(60)), {**good(99), "x": 1}]
TEXT = "".join(json.dumps(row) + "\n" for row in ROWS)


def zipped(content: bytes, *names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(TEXT.encode()), "packed"),
        (zipped(TEXT.encode(), "rows.jsonl"), "packed"),
        (TEXT.encode("utf-16"), "encoding"),
        (TEXT.encode("utf-16-le"), "encoding"),
        (TEXT.encode("utf-16-be"), "encoding"),
        (TEXT.encode("utf-32"), "encoding"),
        (gzip.compress(TEXT.encode("utf-16")), "packed"),
    ],
    ids=["gzip", "zip", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gzip of utf-16"],
)
def test_the_rows_inside_are_checked(tmp_path: Path, data: bytes, code: str):
    path = tmp_path / "file"
    path.write_bytes(data)
    report = check_file(path)
    assert (report.format, report.rows, report.looks_like) == ("supervised", 61, None)
    assert [(f.code, f.row, f.severity) for f in report.findings] == [
        (code, None, "warning"),
        ("unrecognized_key", 61, "error"),
    ]
    assert (report.errors, report.warnings, report.codes) == (1, 1, {code: 1, "unrecognized_key": 1})
    assert report.bytes == len(data)


def test_every_finding_inside_reaches_whoever_wants_all(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(TEXT.encode()))
    every: list[str] = []
    report = check_file(path, sink=lambda found: every.extend(f.code for f in found))
    assert sorted(every) == sorted(report.codes)


def test_a_packed_file_inside_a_packed_one_is_not_opened(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(gzip.compress(TEXT.encode())))
    report = check_file(path)
    assert [(f.code, f.severity) for f in report.findings] == [("packed", "warning"), ("not_jsonl", "error")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            zipped(TEXT.encode(), "a.jsonl", "b.jsonl"),
            "has 2 files that may be the data: `a.jsonl`, `b.jsonl`",
        ),
        (gzip.compress(TEXT.encode())[:-20], "damaged"),
        (zipped(TEXT.encode(), "a.jsonl").replace(b"PK\x03\x04", b"PK\x03\x04PK", 1), "damaged"),
        (b"PK\x03\x04" + zipped(TEXT.encode(), "a.jsonl")[14:], "damaged"),
        (b"BZh91AY&SY", "gzip or ZIP"),
        (b"%PDF-1.7", "Bring the rows as JSONL"),
        (b"<!DOCTYPE html><html>", "Download the file itself"),
    ],
)
def test_what_can_not_be_opened_says_what_to_do(tmp_path: Path, data: bytes, words: str):
    path = tmp_path / "file"
    path.write_bytes(data)
    report = check_file(path)
    assert [f.code for f in report.findings] == ["not_jsonl"]
    assert words in report.findings[0].message


def test_a_first_row_of_megabytes_is_recognised(tmp_path: Path):
    row = good()
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(2 << 20)).decode()
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png}"}}
    row["messages"][1]["content"] = [{"type": "text", "text": "What is this?"}, picture]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in [row, *(good(n) for n in range(60))]))
    report = check_file(path)
    assert report.format == "supervised"
    assert {f.row for f in report.findings} == {1}


@pytest.mark.parametrize(("base", "codes"), [("gpt-4o-mini", {"images_not_offered": 1}), ("gpt-4o", {})])
def test_images_need_a_base_that_learns_from_them(write, base: str, codes: dict[str, int]):
    part = {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}}
    seen = {"messages": [good()["messages"][0], {"role": "user", "content": [part]}, good()["messages"][2]]}
    report = check_file(write(seen, *(good(n) for n in range(1, 60))), base=base)
    assert report.codes == codes


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"a": 1},', "a comma: rows have none"),
        (b'{"a": 1}{"a": 2}', "another object"),
        (b"// a comment", "JSON has no comments"),
        (b'{"a": "b', r"write its line breaks as \n"),
        (b"\x1a", "U+001A"),
        (b"hello", "begin with a brace"),
        (b'{"a": True}', "true, false and null"),
        (b"{'a': 1}", "double quotes"),
    ],
)
def test_a_broken_row_says_what_is_likely_wrong(check_rows, line: bytes, words: str):
    report = check_rows(line)
    assert [(f.code, f.row) for f in report.findings] == [("bad_json", 1)]
    assert words in report.findings[0].message


def test_in_a_reinforcement_item_only_messages_and_tools_are_reserved(write):
    rows = [
        {
            "messages": [{"role": "developer", "content": "d"}, {"role": "user", "content": f"{n}?"}],
            "functions": "f(x)",
            "parallel_tool_calls": "many",
            "answer": n,
        }
        for n in range(60)
    ]
    assert check_file(write(*rows)).findings == ()


def test_the_guides_own_preference_row_has_no_finding(write):
    rows = [
        {
            "input": {
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": f"{n}?"},
                ],
                "tools": [],
                "parallel_tool_calls": True,
            },
            "preferred_output": [{"role": "assistant", "content": f"Yes, {n}."}],
            "non_preferred_output": [{"role": "assistant", "content": f"No idea about {n}."}],
        }
        for n in range(60)
    ]
    assert check_file(write(*rows)).findings == ()
