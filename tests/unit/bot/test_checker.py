"""The check in a process of its own: what it tells on the way, and how it is ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.checker import ProcessChecker
from tuning.datasets.progress import Progress

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
