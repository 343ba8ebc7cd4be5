"""Passes over the jobs, with a worker whose journal the test writes."""

import asyncio
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.trainer_process import headlines, until
from trainer import disk, ids
from trainer import settings as trainer_settings
from trainer.folder import JobFolder
from trainer.jobs import journal
from trainer.jobs.executors.local import LocalExecutor
from trainer.jobs.request import job_from
from trainer.jobs.supervisor import Supervisor
from trainer.store import Checkpoint, Event, File, Job, Model, Store

DONE = {"kind": "outcome", "outcome": "succeeded", "trained_tokens": 9}
CHECKED = {"kind": "outcome", "outcome": "checked"}


def metrics(step: int) -> dict[str, Any]:
    data = {"step": step, "total_steps": 9, "train_loss": 1.5, "train_mean_token_accuracy": 0.5}
    return {"kind": "metrics", "data": data, "finish": 1}


class Workshop:
    """A store and a supervisor whose workers do nothing but stay until they are told to end."""

    def __init__(self, home: Path, restarts: int = 1, devices: tuple[str, ...] = ()) -> None:
        self.store = Store(home)
        offered = trainer_settings.load()
        self.settings = replace(
            offered, training=replace(offered.training, restarts=restarts, devices=devices)
        )
        self.supervisor = self.new_supervisor()
        self.started: list[tuple[str, str]] = []
        self.given: list[str | None] = []

    def start(
        self, module: str, task: str, folder: str, device: str | None, **_: Any
    ) -> "subprocess.Popen[bytes]":
        self.started.append((task, Path(folder).name))
        self.given.append(device)
        return subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def new_supervisor(self) -> Supervisor:
        self.executor = LocalExecutor(self.settings.training, self.start)
        return Supervisor(self.store, self.settings, self.executor, self.executor)

    def restart(self) -> None:
        self.supervisor.stop()
        self.supervisor = self.new_supervisor()

    def new_job(self, project: str = "p") -> Job:
        file = File(ids.new("file-"), project, "f", 1, "fine-tune", 1)
        self.store.file_path(file).write_bytes(headlines())
        self.store.add(file)
        body = {"model": "tiny-chat", "training_file": file.id}
        return asyncio.run(self.supervisor.create(job_from(body, self.store, self.settings, project)))

    def writes(self, job: Job, *records: dict[str, Any]) -> None:
        folder = JobFolder(self.store.jobs / job.id)
        for record in records:
            folder.append(**record)

    def ends(self, job: Job, *records: dict[str, Any]) -> Job:
        """The job's worker writes and ends; one pass sees it."""
        self.writes(job, *records)
        process = self.executor.processes[job.id]
        process.stdin.close()
        process.wait()
        self.supervisor.tick()
        return self.job(job)

    def job(self, job: Job) -> Job:
        return self.store.where(Job, id=job.id)[0]

    def running_job(self) -> Job:
        job = self.new_job()
        self.supervisor.tick()
        return self.ends(job, CHECKED)

    def messages(self, job: Job) -> list[str]:
        return [event.message for event in self.store.where(Event, job_id=job.id)]


@pytest.fixture
def workshop(tmp_path: Path):
    shop = Workshop(tmp_path)
    yield shop
    shop.supervisor.stop()
    shop.store.close()


def test_a_job_goes_from_check_to_queue_to_training_to_success(workshop: Workshop) -> None:
    job = workshop.running_job()
    assert job.status == "running"
    (workshop.store.jobs / job.id / "results.csv").write_text("step\n")
    job = workshop.ends(job, metrics(1), {"kind": "checkpoint", "step": 9, "metrics": {"step": 9}}, DONE)
    assert (job.status, job.trained_tokens, job.error) == ("succeeded", 9, None)
    made = [model.id for model in workshop.store.where(Model)]
    assert made == [f"{job.fine_tuned_model}:ckpt-step-9", job.fine_tuned_model]
    assert workshop.messages(job)[3:] == [
        "Fine-tuning job started",
        "Step 1/9: training loss=1.50",
        "Checkpoint created at step 9",
        f"New fine-tuned model created: {job.fine_tuned_model}",
        "The job has successfully completed",
    ]


def test_what_a_worker_said_last_is_written_into_the_room_kept_back_on_a_full_disk(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, job = workshop.store, workshop.running_job()
    reserve = store.home / "reserve"
    assert reserve.stat().st_size == disk.RESERVE_BYTES
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    (pages,) = store.db.execute("PRAGMA page_count").fetchone()
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    last = {"kind": "outcome", "outcome": "failed", "code": "disk_full", "message": "no room"}
    assert workshop.ends(job, *[metrics(step) for step in range(1, 400)], last).status == "running"
    assert not reserve.exists()
    assert workshop.supervisor.find(job.id, "p").status == "running"
    store.db.execute(f"PRAGMA max_page_count = {pages * 100}")
    workshop.supervisor.tick()
    job = workshop.job(job)
    assert (job.status, job.error and job.error["message"]) == ("failed", "no room")
    assert caplog.text.count("The disk is full") == 1
    assert "Traceback" not in caplog.text
    assert not reserve.exists()
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    workshop.supervisor.tick()
    assert reserve.exists()


def test_a_worker_that_ends_without_room_for_a_word_is_not_started_again_and_holds_no_place(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, job, other = workshop.store, workshop.running_job(), workshop.new_job()
    workshop.supervisor.tick()
    assert workshop.ends(other, CHECKED).status == "queued"
    training_state = store.jobs / job.id / "checkpoints" / "checkpoint-3" / "optimizer.pt"
    training_state.parent.mkdir(parents=True)
    training_state.write_text("much")
    (training_state.parent / "complete").touch()
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    store.db.execute("PRAGMA query_only = ON")
    monkeypatch.setattr(disk, "WORDS", (*disk.WORDS, "readonly database"))
    workshop.ends(job)
    for _ in range(5):
        workshop.supervisor.tick()
    assert workshop.started[-1] == ("train", other.id)
    assert [started for started in workshop.started if started == ("train", job.id)] == [("train", job.id)]
    store.db.execute("PRAGMA query_only = OFF")
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    workshop.supervisor.tick()
    assert (workshop.job(job).status, workshop.job(job).error["code"]) == ("failed", "disk_full")
    assert workshop.job(other).status == "running"
    assert not training_state.exists()


def test_a_job_that_finds_no_room_leaves_no_folder_behind(workshop: Workshop) -> None:
    (pages,) = workshop.store.db.execute("PRAGMA page_count").fetchone()
    workshop.store.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        [workshop.new_job() for _ in range(100)]
    known = {job.id for job in workshop.store.where(Job)}
    assert {folder.name for folder in workshop.store.jobs.iterdir()} == known


def test_a_commit_that_is_refused_leaves_no_transaction_open(workshop: Workshop) -> None:
    def tell_of_nobody() -> None:
        with workshop.store.transaction():
            workshop.store.db.execute("PRAGMA defer_foreign_keys = ON")
            workshop.store.add_event("ftjob-nobody", Event("e", 1, "info", "message", "words", None))

    with pytest.raises(sqlite3.IntegrityError):
        tell_of_nobody()
    assert not workshop.store.db.in_transaction
    with workshop.store.transaction():
        assert workshop.store.where(Event) == []


def test_the_queue_is_first_come_first_served(workshop: Workshop) -> None:
    jobs = [workshop.new_job() for _ in range(3)]
    workshop.supervisor.tick()
    for job in jobs[:2]:
        workshop.ends(job, CHECKED)
    workshop.ends(jobs[2], CHECKED)
    assert [workshop.job(job).status for job in jobs] == ["running", "queued", "queued"]
    workshop.ends(jobs[0], {"kind": "outcome", "outcome": "failed", "code": "x", "message": "m"})
    assert [workshop.job(job).status for job in jobs] == ["failed", "running", "queued"]


def test_each_job_has_a_gpu_of_its_own(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, devices=("0", "1"))
    jobs = [shop.new_job() for _ in range(3)]
    shop.supervisor.tick()
    for job in (*jobs[:2], jobs[2]):
        if job.id not in shop.supervisor.workers:
            shop.supervisor.tick()
        shop.ends(job, CHECKED)
    assert [shop.job(job).status for job in jobs] == ["running", "running", "queued"]
    assert sorted(filter(None, shop.given)) == ["0", "1"]
    freed = shop.executor.devices[jobs[1].id]
    shop.ends(jobs[1], {"kind": "outcome", "outcome": "failed", "code": "x", "message": "m"})
    assert shop.executor.devices[jobs[2].id] == freed
    shop.supervisor.stop()
    shop.store.close()


def test_a_worker_that_dies_is_continued_and_then_given_up(workshop: Workshop) -> None:
    job = workshop.ends(workshop.running_job())
    assert (job.status, job.attempts) == ("running", 1)
    assert workshop.started[-1] == ("train", job.id)
    job = workshop.ends(job)
    assert (job.status, job.error["code"]) == ("failed", "worker_died")
    assert "continuing from the start" in workshop.messages(job)[-2]


def test_after_a_restart_running_jobs_run_again_and_that_is_no_failure(workshop: Workshop) -> None:
    job = workshop.running_job()
    workshop.restart()
    workshop.supervisor.tick()
    assert workshop.started[-2:] == [("train", job.id)] * 2
    assert workshop.job(job).attempts == 0


def test_a_job_that_the_server_cannot_take_over_fails_and_the_next_one_runs(workshop: Workshop) -> None:
    broken = workshop.running_job()
    other = workshop.new_job()
    workshop.supervisor.tick()
    workshop.ends(other, CHECKED)
    assert workshop.ends(broken, DONE).error["code"] == "server_error"
    assert workshop.job(other).status == "running"


def test_a_cancelled_job_keeps_what_it_told_and_hears_no_more(workshop: Workshop) -> None:
    job = workshop.running_job()
    workshop.writes(job, metrics(1))
    process = workshop.executor.processes[job.id]
    job = workshop.supervisor.cancel(workshop.job(job))
    assert process.returncode is not None
    workshop.writes(job, metrics(2))
    workshop.supervisor.tick()
    assert workshop.messages(job)[-2:] == ["Step 1/9: training loss=1.50", "The job was cancelled"]
    assert job.status == "cancelled"


def test_a_pause_that_the_worker_cannot_obey_in_time_is_enforced(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.jobs.supervisor.PAUSE_GRACE_SECONDS", 0.2)
    job = workshop.supervisor.pause(workshop.running_job())
    assert job.status == "pausing"

    def paused() -> bool:
        workshop.supervisor.tick()
        return workshop.job(job).status == "paused"

    until(paused, 5, "the pause")
    assert job.id not in workshop.supervisor.workers
    assert workshop.supervisor.resume(workshop.job(job)).status == "queued"
    workshop.supervisor.tick()
    assert workshop.job(job).status == "running"


def test_a_journal_line_that_was_cut_short_is_not_read_and_then_removed(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    folder.append("note", level="info", message="whole")
    with folder.journal.open("ab") as file:
        file.write(b'{"kind": "no')
    assert [record["message"] for _, record in folder.records()] == ["whole"]
    folder.repair()
    folder.append("note", level="info", message="next")
    assert [record["message"] for _, record in folder.records()] == ["whole", "next"]


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=4))
def test_each_record_is_taken_over_once_wherever_reading_was_interrupted(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    shop = Workshop(tmp_path_factory.mktemp("shop"))
    job = shop.new_job()
    folder = journal.folder_of(shop.store, job.id)
    shop.writes(job, metrics(1), {"kind": "checkpoint", "step": 2, "metrics": {}}, metrics(3))
    whole = folder.journal.read_bytes()
    for cut in sorted(cuts):
        folder.journal.write_bytes(whole[:cut])
        journal.ingest(shop.store, shop.job(job))
    folder.journal.write_bytes(whole)
    journal.ingest(shop.store, shop.job(job))
    assert shop.messages(job)[2:] == [
        "Step 1/9: training loss=1.50",
        "Checkpoint created at step 2",
        "Step 3/9: training loss=1.50",
    ]
    assert len(shop.store.where(Checkpoint, job_id=job.id)) == 1
    shop.store.close()
