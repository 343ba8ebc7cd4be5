"""The CSV file of findings: all of them or the first so many, and never a formula."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tuning.datasets.cli import findings_file
from tuning.datasets.report import Finding


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


def test_only_the_first_so_many_are_written(tmp_path: Path) -> None:
    found = [Finding("code", "error", row, "", "message") for row in range(1, 9)]
    assert len(written(tmp_path / "all.csv", found)) == 8
    assert [line["row"] for line in written(tmp_path / "some.csv", found, 3)] == ["1", "2", "3"]
