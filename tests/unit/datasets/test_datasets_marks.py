"""Marks of rows: where each stands is found again, however the file was cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dataset_rows import good
from hypothesis import given
from hypothesis import strategies as st

from tuning.datasets import check_file, duplicates, finish, marks
from tuning.datasets.marks import Marks
from tuning.datasets.report import Finding

#: What stands in a file: a row of so many bytes, or so many bytes that aren't marked.
PIECES = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=12)


def marked(pieces: list[tuple[bool, int]]) -> Marks:
    made = Marks()
    for is_row, length in pieces:
        if is_row:
            made.add([length], [length])
        else:
            made.skip(1, length + 1)
    return made


@given(pieces=PIECES, cut=st.integers(0, 12))
def test_every_row_is_found_again_in_its_line_and_at_its_offset(pieces: list[tuple[bool, int]], cut: int):
    whole, joined = marked(pieces), marked(pieces[:cut])
    joined.join(marked(pieces[cut:]))
    assert joined == whole
    offsets = [sum(length + 1 for _, length in pieces[:n]) for n in range(len(pieces))]
    rows = [n for n, (is_row, _) in enumerate(pieces) if is_row]
    places = whole.places(range(len(rows)))
    assert list(places.values()) == [(n + 1, offsets[n]) for n in rows]


def test_rows_after_the_most_that_are_marked_are_checked_and_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(marks, "MOST_MARKS", 100)
    monkeypatch.setattr("tuning.datasets.pool.STRETCH", 20_000)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(good(n % 60)) + "\n" for n in range(600)))
    report = check_file(path)
    assert report.rows == 600
    assert 0 < report.codes["duplicate_row"] < 100


@given(picks=st.lists(st.integers(0, 4), min_size=1, max_size=30), keep=st.integers(0, 3))
def test_rows_that_stand_twice_are_told_some_at_a_time_and_none_is_lost(
    tmp_path_factory: pytest.TempPathFactory, picks: list[int], keep: int
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(good(pick)) + "\n" for pick in picks))
    expected = [(row, picks.index(pick) + 1) for row, pick in enumerate(picks, 1) if pick in picks[: row - 1]]
    told: list[Finding] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(duplicates, "PART", 4)
        patched.setattr(duplicates, "TOLD", 3)
        patched.setattr(finish, "TOLD", 2)
        report = check_file(path, sink=told.extend, keep=keep)
    same = [finding for finding in told if finding.code == "duplicate_row"]
    assert [f.row for f in same] == [row for row, _ in expected]
    assert all(f"the same as row {first}" in f.message for f, (_, first) in zip(same, expected, strict=True))
    assert [f for f in report.findings if f.code == "duplicate_row"] == same[:keep]
    assert report.warnings == sum(f.severity == "warning" for f in told)
