"""The CSV file of findings: all of them or the first so many, and never a formula."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tuning.datasets import check_file
from tuning.datasets.report import Finding
from tuning.datasets.table import findings_file


def written(path: Path, found: list[Finding], most: int | None = None) -> list[dict[str, str]]:
    with findings_file(path, most) as sink:
        assert sink
        for finding in found:
            sink([finding])
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_like_a_formula(tmp_path: Path, start: str) -> None:
    finding = Finding("code", "error", 1, start + "cmd|' /C calc'!A0", start + "message")
    (line,) = written(tmp_path / "found.csv", [finding])
    assert line["path"] == "'" + finding.path
    assert line["message"] == "'" + finding.message


def test_errors_come_first_and_warnings_never_take_their_room(tmp_path: Path) -> None:
    warnings = [Finding("over_limit", "warning", row, "", "message") for row in range(1, 9)]
    error = Finding("bad_json", "error", 9, "", "message")
    found = written(tmp_path / "found.csv", [*warnings, error], 3)
    assert [(line["code"], line["row"]) for line in found] == [
        ("bad_json", "9"),
        ("over_limit", "1"),
        ("over_limit", "2"),
    ]


def test_the_file_counts_as_the_report_does(tmp_path: Path, write: Callable[..., Path]) -> None:
    row = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}
    path, table = write(*[row] * 30, {"messages": []}), tmp_path / "found.csv"
    with findings_file(table) as sink:
        report = check_file(path, sink=sink)
    with table.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == report.errors + report.warnings
    assert Counter(line["code"] for line in lines) == report.codes
    assert [line["row"] for line in lines if line["code"] == "missing_system"] == [""]


def test_only_the_first_so_many_are_written(tmp_path: Path) -> None:
    found = [Finding("code", "error", row, "", "message") for row in range(1, 9)]
    assert len(written(tmp_path / "all.csv", found)) == 8
    assert [line["row"] for line in written(tmp_path / "some.csv", found, 3)] == ["1", "2", "3"]
