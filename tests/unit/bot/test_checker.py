"""The check in a process of its own: what it tells on the way, and how it is ended."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from bot.checker import ProcessChecker
from tests.fakes.near_checker import NearChecker
from tests.fakes.stage import rows
from tuning.datasets.progress import Progress
from tuning.errors import FileUnreadable

BAD = json.dumps({"messages": [{"role": "user", "content": "Hi"}]}).encode() + b"\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """20 MB of rows without an answer: several stretches."""
    path = tmp_path / "bad.jsonl"
    path.write_bytes(BAD * (20_000_000 // len(BAD)))
    return path


async def test_a_listener_hears_of_the_first_findings_early_and_may_end_the_check(
    bad: Path, tmp_path: Path
) -> None:
    told: list[Progress] = []

    async def listener(progress: Progress) -> bool:
        told.append(progress)
        return True

    found = tmp_path / "findings.csv"
    report = await ProcessChecker().check(bad, findings=found, progress=listener)
    assert "example_missing_assistant_message" in {finding.code for finding in told[0].findings}
    assert told[0].bytes < report.bytes / 10
    assert report.partial
    assert told[0].rows <= report.rows < report.bytes // len(BAD)
    assert report.codes["ended_early"] == 1
    assert found.read_text().count("\n") > report.rows


async def test_what_a_listener_raises_ends_the_process_and_is_raised(bad: Path) -> None:
    async def listener(progress: Progress) -> bool:
        raise LookupError("the thread is gone")

    with pytest.raises(LookupError, match="the thread is gone"):
        await ProcessChecker().check(bad, progress=listener)


async def test_a_check_without_end_is_ended_and_said_in_words(
    bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.checker.LIMIT_SECONDS", 0)
    with pytest.raises(FileUnreadable, match="was ended"):
        await ProcessChecker().check(bad)


async def test_a_line_that_is_too_long_is_said_in_words(bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.checker.LONGEST_LINE", 10)

    async def listener(progress: Progress) -> bool:
        return False

    with pytest.raises(FileUnreadable, match="could not be worked on"):
        await ProcessChecker().check(bad, progress=listener)


@pytest.mark.parametrize("base", [None, "gpt-4o-mini-2024-07-18"])
@pytest.mark.parametrize("data", [rows(30), BAD * 30 + b"no JSON\n", b"", b"\xff\xfe\x00", b"a,b\n1,2\n"])
async def test_the_checker_of_the_other_tests_answers_as_the_real_one(
    data: bytes, base: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(data)
    answers = []
    for checker in (ProcessChecker(), NearChecker()):
        found = tmp_path / "findings.csv"
        report = await checker.check(path, base=base, findings=found)
        answers.append((msgspec.structs.replace(report, seconds=0), found.read_bytes()))
    assert answers[0] == answers[1]


async def test_both_checkers_say_the_same_of_a_file_that_is_gone(tmp_path: Path) -> None:
    for checker in (ProcessChecker(), NearChecker()):
        with pytest.raises(FileUnreadable, match="could not be checked"):
            await checker.check(tmp_path / "gone.jsonl")
