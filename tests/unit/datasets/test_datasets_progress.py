"""What is told while a file is checked, and ending the check early."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path

import msgspec
import pytest
from dataset_rows import good

from tuning.datasets import Report, check_file, pool
from tuning.datasets.cli import main_validate
from tuning.datasets.progress import Progress, Teller
from tuning.datasets.report import Finding
from tuning.datasets.tally import Tally


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """400 rows, each second one with a key too many, checked in stretches of some 25 rows."""
    monkeypatch.setattr(pool, "STRETCH", 64_000)
    monkeypatch.setattr("tuning.datasets.progress.EVERY_SECONDS", 0.0)
    path = tmp_path / "broken.jsonl"
    rows = [{**good(n), **({"extra": 1} if n % 2 else {})} for n in range(400)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_progress_tells_bytes_rows_counts_and_the_first_findings(broken: Path):
    told: list[Progress] = []
    report = check_file(broken, progress=told.append)
    assert len(told) > 3
    assert [one.bytes for one in told] == sorted({one.bytes for one in told})
    assert all(0 < one.bytes < one.total == report.bytes for one in told)
    first = told[0]
    assert 0 < first.rows < told[-1].rows < report.rows == 400
    assert (first.errors, first.warnings) == (first.rows // 2, 0)
    assert first.codes == {"unrecognized_key": first.errors}
    assert [finding.row for finding in first.findings] == [2, 4, 6]
    assert first.findings == report.findings[:3]
    assert (report.partial, report.checked_bytes) == (False, None)


def test_what_is_so_in_every_row_counts_once_from_the_beginning_on(broken: Path):
    rows = [json.loads(line) for line in broken.read_text().splitlines()]
    for row in rows:
        row["messages"] = [message for message in row["messages"] if message["role"] != "system"]
    broken.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told: list[Progress] = []
    report = check_file(broken, progress=told.append)
    assert report.codes["missing_system"] == 1
    assert {one.codes["missing_system"] for one in told} == {1}
    assert {one.warnings for one in told} == {1}


def test_a_listener_changes_nothing_in_the_report(broken: Path):
    alone, heard = check_file(broken), check_file(broken, progress=lambda _: False)
    assert msgspec.structs.replace(alone, seconds=0) == msgspec.structs.replace(heard, seconds=0)


def test_a_listener_is_told_at_once_and_then_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("tuning.datasets.progress.time.perf_counter", lambda: now[0])
    told: list[Progress] = []
    teller = Teller(told.append, 1000)
    for byte, moment in ((1, 100.1), (2, 100.2), (3, 101.0), (4, 101.2), (5, 102.1), (1000, 104.0)):
        now[0] = moment
        assert not teller.tell(Tally(), byte)
    assert [one.bytes for one in told] == [1, 4]


def test_a_check_that_was_ended_says_so_and_keeps_what_it_found(broken: Path):
    sink: list[Finding] = []
    report = check_file(broken, progress=lambda told: told.rows > 100, sink=sink.extend)
    assert report.partial
    assert report.checked_bytes is not None
    assert 0 < report.checked_bytes < report.bytes
    assert 100 < report.rows < 400
    assert not report.ok
    assert report.codes == {"ended_early": 1, "unrecognized_key": report.rows // 2}
    assert report.findings[0].message.startswith("The check was ended after ")
    assert len(sink) == report.errors + report.warnings
    assert Report.from_json(report.to_json()) == report


def test_a_check_by_several_processes_can_be_ended_too(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    line = json.dumps({**good(), "extra": "word " * 1_000}).encode() + b"\n"
    path.write_bytes(line * (20_000_000 // len(line)))
    report = check_file(path, processes=2, progress=lambda told: True)
    assert report.partial
    assert 0 < report.rows < 3_900


def test_an_interrupt_ends_a_check_that_tells_its_progress(broken: Path):
    class Terminal(io.StringIO):
        def flush(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    out, err = io.StringIO(), Terminal()
    assert main_validate(broken, as_json=True, progress=True, out=out, err=err) == 1
    report = Report.from_json(out.getvalue())
    told = [Progress.from_json(line) for line in err.getvalue().encode().splitlines()]
    assert report.partial
    assert told[0].rows <= report.rows < 400
    assert signal.getsignal(signal.SIGINT) is before


def test_other_lines_are_no_progress():
    with pytest.raises(ValueError, match="this is no progress of a check"):
        Progress.from_json(b'{"rows": 1}')
