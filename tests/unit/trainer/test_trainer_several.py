"""Processes that work together, and processes that must not work any more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.trainer_process import ROOT, until
from tests.fakes.worker_tasks import task
from trainer.engine import plan, ranks
from trainer.folder import JobFolder
from trainer.jobs.executors import several

BASE = {"batch_size": 8, "auto_steps": 100, "learning_rate": 1e-3, "dpo_learning_rate": 1e-4}


def python(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code])


def worker(folder: JobFolder, **variables: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "trainer.engine", "train", str(folder.path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **variables},
    )


@pytest.mark.parametrize("word", ["another", "revoked", "nothing"])
def test_a_worker_of_a_cluster_ends_when_its_run_may_not_go_on(tmp_path: Path, word: str) -> None:
    folder = task(tmp_path, "job", endless=True).folder
    folder.set_run("run-1")
    process = worker(folder, FT_TRAINER_RUN="run-1")
    until(lambda: (folder.path / "lock").exists(), 20, "the worker's start")
    assert process.poll() is None
    {
        "another": lambda: folder.set_run("run-2"),
        "revoked": lambda: folder.set_run("run-1", revoked=True),
        "nothing": lambda: folder.set_run(None),
    }[word]()
    assert process.wait(timeout=10) == 3
    assert list(folder.records()) == []


def test_a_process_that_is_not_the_first_says_nothing_in_the_journal(tmp_path: Path) -> None:
    folder = task(tmp_path, "job").folder
    folder.set_run("run-1")
    numbers = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "9"}
    assert worker(folder, FT_TRAINER_RUN="run-1", **numbers).wait(timeout=20) == 1
    assert list(folder.records()) == []
    code, words = ranks.words_of_others(folder)
    assert "Line 1:" in words
    assert code


def test_without_words_another_process_is_simply_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "WORDS_SECONDS", 0.05)
    with pytest.raises(ranks.CompanionLost):
        ranks.words_of_others(JobFolder(tmp_path))


def test_only_an_error_of_the_connection_is_blamed_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1234")
    assert not ranks.is_broken(broken)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert ranks.is_broken(broken)
    assert not ranks.is_broken(RuntimeError("CUDA error: device-side assert triggered"))
    assert not ranks.is_broken(ValueError("no connection"))


def test_the_run_ends_with_the_process_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(several, "GRACE_SECONDS", 0.1)
    processes = [python("import threading; threading.Event().wait()"), python("raise SystemExit(4)")]
    try:
        assert several.end_of(processes) == 4
    finally:
        processes[0].kill()
        processes[0].wait()


def test_a_run_whose_processes_all_went_well_went_well() -> None:
    assert several.end_of([python("") for _ in range(2)]) == 0


@pytest.mark.parametrize(
    ("processes", "requested", "examples", "batch"),
    [(1, "auto", 100, 8), (3, "auto", 100, 9), (2, 1, 100, 2), (4, 64, 10, 12), (1, 64, 10, 10)],
)
def test_a_batch_can_be_shared_among_the_processes(
    processes: int, requested: object, examples: int, batch: int
) -> None:
    hyper = plan.settle({"batch_size": requested}, BASE, examples, "supervised", processes)
    assert hyper.batch_size == batch
