"""Single rows of a file, and copies with some of them replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuning import rows
from tuning.rows import Row, examples, row_at, with_edits


def made(folder: Path, data: bytes) -> Path:
    path = folder / "file.jsonl"
    path.write_bytes(data)
    return path


def test_blank_lines_are_no_examples_and_numbers_are_those_of_the_lines(tmp_path: Path) -> None:
    path = made(tmp_path, b"\xef\xbb\xbfone\r\n\n  \nfour\nfive")
    assert examples(path, 0, 2) == ([Row(1, "one"), Row(4, "four")], True)
    assert examples(path, 2, 2) == ([Row(5, "five")], False)
    assert examples(path, 9, 2) == ([], False)


def test_a_row_is_copied_whole_however_long_it_is(tmp_path: Path) -> None:
    long = b"x" * (2 * rows.READ + 7)
    path, target = made(tmp_path, b"one\n" + long + b"\nthree"), tmp_path / "row"
    for number, row in enumerate((b"one\n", long + b"\n", b"three", b""), 1):
        rows.copy_row(path, target, number)
        assert target.read_bytes() == row


def test_a_row_is_read_where_it_begins(tmp_path: Path) -> None:
    path = made(tmp_path, b"one\ntwo\nthree\n")
    assert row_at(path, 2, 4) == Row(2, "two")


def test_of_a_long_row_only_the_beginning_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "READ", 8)
    path = made(tmp_path, b"x" * 50 + b"\nnext\n")
    assert examples(path, 0, 5) == ([Row(1, "x" * 8, whole=False), Row(2, "next")], False)
    assert row_at(path, 1, 0) == Row(1, "x" * 8, whole=False)
    with_edits(path, tmp_path / "copy", {2: "edited"})
    assert (tmp_path / "copy").read_bytes() == b"x" * 50 + b"\nedited\n"
    with_edits(path, tmp_path / "copy", {1: None})
    assert (tmp_path / "copy").read_bytes() == b"next\n"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=8),
    st.dictionaries(st.integers(1, 8), st.none() | st.text("abc{}é", min_size=1, max_size=6), max_size=4),
)
def test_a_copy_differs_in_the_edited_rows_alone(
    tmp_path: Path, lines: list[bytes], edits: dict[int, str | None]
) -> None:
    path = made(tmp_path, b"".join(line + b"\n" for line in lines))
    with_edits(path, tmp_path / "copy", edits)
    wanted = [
        text.encode() if (text := edits.get(number, "")) else line
        for number, line in enumerate(lines, 1)
        if edits.get(number, "") is not None
    ]
    assert (tmp_path / "copy").read_bytes() == b"".join(line + b"\n" for line in wanted)
