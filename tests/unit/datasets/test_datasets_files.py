"""Whole files: reading in stretches and processes, odd endings, other kinds of files, the command line."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest
from dataset_rows import chat, good

from tuning.datasets import CannotRead, Report, check_file, ranges
from tuning.datasets.__main__ import main
from tuning.datasets.checker import Settings
from tuning.datasets.cli import main_validate
from tuning.datasets.pool import check_all
from tuning.datasets.report import Finding
from tuning.datasets.stretch import check_stretch
from tuning.datasets.tally import Tally


def mixed_lines(count: int, seed: int = 1) -> list[bytes]:
    """Good and bad lines of very different lengths."""
    chance = random.Random(seed)
    lines = []
    for n in range(count):
        row = good(n)
        row["messages"][1]["content"] += " word" * chance.choice([0, 1, 5, 50, 3000])
        line = json.dumps(row).encode()
        lines.append(
            chance.choice(
                [line, line, line, line, line[:-5], b"", b"\r", json.dumps({**row, "x": 1}).encode()]
            )
        )
    return lines


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\n\n"])
@pytest.mark.parametrize("step", [1, 7, 100, 1000, 1 << 20])
def test_stretches_of_any_length_give_each_line_once(tmp_path: Path, ending: bytes, step: int):
    path = tmp_path / "lines"
    path.write_bytes(b"\n".join([b"a", b"", b"bcd", b"e" * 50, b"\r", b"f" * 999, b"g"]) + ending)
    size = path.stat().st_size
    with path.open("rb") as file:
        pieces = [
            block
            for start, end in ranges.ramp(size, step)
            for block in ranges.blocks(file.fileno(), start, end)
        ]
    assert b"".join(block.data for block in pieces) == path.read_bytes()
    assert [block.offset for block in pieces] == [
        sum(len(b.data) for b in pieces[:n]) for n in range(len(pieces))
    ]
    assert all(block.data.endswith(b"\n") for block in pieces[:-1])


def test_any_cut_into_stretches_gives_the_same_tally(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(mixed_lines(300)))
    settings = Settings(format="supervised", encoding="o200k_base", limit=2000)
    whole, _ = check_stretch(path, settings, 0, path.stat().st_size, False)
    for step in (999, 20_000, 1_000_000):
        joined = Tally()
        for start, end in ranges.ramp(path.stat().st_size, step):
            joined.join(check_stretch(path, settings, start, end, False)[0], settings.keep)
        assert joined == whole


@pytest.mark.slow
def test_several_processes_report_what_one_does(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    lines = mixed_lines(6_000)
    path.write_bytes(b"\n".join(lines))
    assert path.stat().st_size > 12 << 20
    sinks: list[list[Finding]] = [[], []]
    one, two = (
        check_file(path, processes=count, sink=sinks[count - 1].extend, max_tokens=2000) for count in (1, 2)
    )
    assert msgspec.structs.replace(one, seconds=0) == msgspec.structs.replace(two, seconds=0)
    assert sinks[0] == sinks[1]
    assert len(sinks[0]) == one.errors + one.warnings
    assert one.rows == sum(bool(line.strip()) for line in lines)


def test_a_row_over_the_longest_is_skipped_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ranges, "LONGEST_ROW", 1 << 20)
    path = tmp_path / "rows.jsonl"
    giant = json.dumps(chat(("user", "x" * (5 << 20)), ("assistant", "a"))).encode()
    rows = [json.dumps(good(n)).encode() for n in range(12)]
    path.write_bytes(b"\n".join([*rows[:3], giant, *rows[3:]]))
    report = check_file(path)
    assert [(f.code, f.row) for f in report.findings if f.severity == "error"] == [("row_too_long", 4)]
    assert (report.rows, report.codes["few_rows"]) == (13, 1)


def test_digest_and_size_are_of_the_bytes_as_they_are(write):
    path = write(good(), end=b"\r\n")
    report = check_file(path)
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.bytes == path.stat().st_size


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \n"])
def test_line_endings_and_a_missing_last_one_change_nothing(write, end: bytes):
    path = write(*(good(n) for n in range(60)), end=end)
    path.write_bytes(path.read_bytes().rstrip())
    report = check_file(path)
    assert (report.rows, report.findings) == (60, ())


def test_a_byte_order_mark_is_a_warning_for_the_file_and_not_an_error_of_row_1(write):
    path = write(*(good(n) for n in range(60)))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    report = check_file(path)
    assert report.ok
    assert [(f.code, f.row) for f in report.findings] == [("bom", None)]


OTHERS = [
    (b"title,label\nOil climbs,Business\nStar found,Science\n", "csv", "not_jsonl"),
    (b"a\tb\n1\t2\n3\t4\n", "csv", "not_jsonl"),
    (json.dumps([good()], indent=1).encode(), "json-array", "not_jsonl"),
    (json.dumps([good(n) for n in range(9)]).encode(), "json-array", "not_jsonl"),
    (json.dumps(good(), indent=1).encode(), "json-document", "not_jsonl"),
    (('{"messages": []}\n' * 3).replace("\n", "\r").encode(), "cr-lines", "not_jsonl"),
    (json.dumps(good(), indent=1).replace("{\n", "{", 1).encode(), "json-document", "not_jsonl"),
    (b"\x1f\x8b\x08\x00" + bytes(50), "gzip", "not_jsonl"),
    (b"PK\x03\x04" + bytes(50), "zip", "not_jsonl"),
    (b"PAR1" + bytes(50), "parquet", "not_jsonl"),
    (b'{"prompt": "a", "completion": "b"}\n' * 3, "prompt-completion", "not_jsonl"),
    (b'{"instruction": "a", "input": "", "output": "b"}\n' * 3, "alpaca", "not_jsonl"),
    (b'{"conversations": [{"from": "human", "value": "a"}]}\n' * 3, "sharegpt", "not_jsonl"),
    (b'{"question": "a", "answer": "b"}\n' * 3, "question-answer", "not_jsonl"),
    (b'{"text": "a", "category": "b"}\n' * 3, "text-category", "not_jsonl"),
    (json.dumps({"version": 1, "data": [good()]}).encode(), "json-document", "not_jsonl"),
]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a picture"),
        (b"SQLite format 3\x00" + bytes(90), "an SQLite database"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer"),
        (bytes(range(1, 9)) + bytes(90), "binary data"),
        (b"\x00\x00\x01\x00" * 60, "binary data"),
    ],
)
def test_a_file_that_holds_no_rows_is_called_what_it_is(tmp_path: Path, data: bytes, words: str):
    path = tmp_path / "file"
    path.write_bytes(data)
    (finding,) = check_file(path).findings
    assert (finding.code, words in finding.message) == ("not_jsonl", True)


def test_a_table_of_two_lines_of_megabytes_is_recognised(tmp_path: Path):
    path = tmp_path / "wide.csv"
    names, cells = (
        b",".join(b"%d" % n for n in range(start, start + 150_000)) for start in (100_000, 400_000)
    )
    path.write_bytes(names + b"\n" + cells + b"\n")
    assert [f.code for f in check_file(path).findings] == ["not_jsonl"]


@pytest.mark.parametrize(("data", "like", "code"), OTHERS, ids=[like for _, like, _ in OTHERS])
def test_files_of_another_kind_are_recognised_and_told_once(
    tmp_path: Path, data: bytes, like: str, code: str
):
    path = tmp_path / "file"
    path.write_bytes(data)
    report = check_file(path)
    assert (report.format, report.looks_like, report.ok) == ("unknown", like, False)
    assert [f.code for f in report.findings if f.severity == "error"] == [code]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\x00" * 100, b"\xff" * 100, b"hello\nworld\n", bytes(range(256))]
)
def test_files_that_are_nothing_get_a_finding_and_never_an_exception(tmp_path: Path, data: bytes):
    path = tmp_path / "file"
    path.write_bytes(data)
    report = check_file(path)
    assert not report.ok
    assert report.findings


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str):
    with pytest.raises(CannotRead, match=r"isn't there|is a folder"):
        check_file(tmp_path / name)


@pytest.mark.parametrize("wrong", [{"encoding": "p50k_base"}, {"method": "ppo"}, {"max_tokens": 0}])
def test_wrong_settings_are_refused_with_the_choices(write, wrong: dict[str, object]):
    with pytest.raises(ValueError, match=r"Choose one of|at least 1"):
        check_file(write(good()), **wrong)  # type: ignore[arg-type]


def test_an_unknown_base_is_checked_without_a_price_of_its_own(check_rows):
    report = check_rows(base="llama-local")
    assert report.ok
    assert report.base == "llama-local"
    assert "llama-local" not in {price.base for price in report.prices}


def test_labels_are_counted_only_when_answers_are_few_and_repeat(check_rows):
    rows = [
        chat(("system", "s"), ("user", f"u{n}"), ("assistant", "yes" if n % 3 else "no")) for n in range(60)
    ]
    assert check_rows(*rows, fill=0).labels == {"yes": 40, "no": 20}
    assert check_rows().labels is None


def test_the_system_prompt_is_told_only_when_every_row_has_it(check_rows):
    assert check_rows().system_prompt == "Be brief."
    assert check_rows(chat(("user", "u"), ("assistant", "a"))).system_prompt is None
    assert check_rows(chat(("system", "Be long."), ("user", "u"), ("assistant", "a"))).system_prompt is None


def test_kept_findings_are_bounded_and_counts_are_true(write):
    report = check_file(write(*({**good(n), "x": 1} for n in range(100))), keep=7)
    assert [f.row for f in report.findings] == list(range(1, 8))
    assert (report.errors, report.codes) == (100, {"unrecognized_key": 100})


def test_a_report_survives_its_json(check_rows):
    report = check_rows({"x": 1})
    assert Report.from_json(report.to_json()) == report
    with pytest.raises(ValueError, match="schema 99"):
        Report.from_json(msgspec.structs.replace(report, schema=99).to_json())
    with pytest.raises(ValueError, match="not a dataset report"):
        Report.from_json(b"[]")


def test_validate_exits_with_0_1_or_2(write, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    fine, wrong = write(*(good(n) for n in range(60))), write(good(), name="wrong.jsonl")
    assert main([str(fine), "--json"]) == 0
    assert Report.from_json(capsys.readouterr().out).ok
    assert main([str(wrong)]) == 1
    assert "[too_few_rows]" in capsys.readouterr().out
    assert main([str(tmp_path / "missing")]) == 2
    assert main([str(fine), "--encoding", "none"]) == 2
    assert "Choose one of o200k_base" in capsys.readouterr().err


def test_the_text_names_row_path_and_remedy(write):
    out = io.StringIO()
    assert main_validate(write(*(good(n) for n in range(60)), {**good(), "id": 1}), out=out) == 1
    assert 'row 61 id: A row has no key "id" in this format. Remove the key' in out.getvalue()
    assert "gpt-4o-mini-2024-07-18   about $" in out.getvalue()


def test_every_finding_goes_to_the_csv_and_no_cell_is_a_formula(write, tmp_path: Path):
    rows = [{**good(n), "=cmd": 1} for n in range(60)]
    target = tmp_path / "found.csv"
    assert main_validate(write(*rows), keep=3, findings_csv=target, out=io.StringIO()) == 1
    with target.open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert [cell["row"] for cell in cells] == [str(n) for n in range(1, 61)]
    assert not any(value.startswith("=") for cell in cells for value in cell.values())
    assert not list(tmp_path.glob("*.part"))


def test_the_check_runs_as_a_process_of_its_own(write):
    path = write(*(good(n) for n in range(60)))
    command = [sys.executable, "-m", "tuning.datasets", str(path), "--json"]
    done = subprocess.run(
        command, capture_output=True, check=False, cwd=Path(__file__).parents[3], timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert Report.from_json(done.stdout).rows == 60


def test_a_file_that_shrinks_under_the_check_is_no_crash(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(mixed_lines(50)))
    size = path.stat().st_size
    os.truncate(path, size // 2)
    tally = check_all(path, size, Settings(format="supervised", encoding="o200k_base", limit=9999), 1)
    assert 0 < tally.rows < 50


def test_a_flood_of_blank_lines_or_bad_rows_is_counted_and_not_kept(tmp_path: Path):
    path = tmp_path / "flood"
    path.write_bytes(b"\n" * 300_000 + b'{"messages": 1}\n' * 5_000)
    report = check_file(path)
    assert report.codes["blank_line"] == 300_000
    assert report.codes["missing_messages_list"] == 5_000
    assert len(report.findings) < 100
    assert report.rows == 5_000


def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    line = json.dumps(good()).encode() + b"\n"
    path.write_bytes(line * (40_000_000 // len(line)))
    script = (
        "import sys, pathlib, tuning.datasets\n"
        "if __name__ == '__main__': tuning.datasets.check_file(pathlib.Path(sys.argv[1]), processes=2)\n"
    )
    program = tmp_path / "program.py"
    program.write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, str(program), str(path)], env=environment) as parent:
        family = psutil.Process(parent.pid)
        deadline = time.monotonic() + 30
        while len(workers := family.children(recursive=True)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(workers) >= 2
        parent.kill()
    assert psutil.wait_procs(workers, timeout=30)[1] == []


def test_a_reader_that_goes_away_early_is_no_error(write):
    path = write(*({**good(n), "x": 1} for n in range(3000)))
    command = [sys.executable, "-m", "tuning.datasets", str(path), "--json"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (1, b"")
