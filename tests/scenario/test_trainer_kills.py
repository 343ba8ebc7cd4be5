"""A job that is paused, whose process and whose server are killed ends exactly like one left in peace."""

import os
from pathlib import Path

import pytest
from openai import NotFoundError, OpenAI
from openai.types.fine_tuning import FineTuningJob

from tests.fakes.trainer_process import (
    TrainerProcess,
    alive,
    has_open,
    headlines,
    running_trainer,
    settings_text,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def worker_of(trainer: TrainerProcess, job_id: str) -> int:
    def found() -> int | None:
        for pid in trainer.children():
            if has_open(pid, trainer.home / "jobs" / job_id / "lock"):
                return pid
        return None

    return until(found, 20, "the worker's start")


def last_step(client: OpenAI, job_id: str) -> int:
    events = client.fine_tuning.jobs.list_events(job_id, limit=100).data
    return max((event.data["step"] for event in events if event.type == "metrics"), default=0)


def status(client: OpenAI, job_id: str) -> str:
    return client.fine_tuning.jobs.retrieve(job_id).status


def test_nothing_is_lost_and_nothing_changes_whatever_is_killed(tmp_path: Path) -> None:
    config = settings_text(training={"concurrent": 2, "checkpoint_seconds": 0.5, "threads": 1})
    with running_trainer(tmp_path / "home", config=config) as trainer:
        client = trainer.client()
        file = client.files.create(file=("train.jsonl", headlines(24)), purpose="fine-tune").id
        disturbed, peaceful = (new_job(client, file) for _ in range(2))

        until(lambda: last_step(client, disturbed) > 8, 60, "the first steps")
        assert client.fine_tuning.jobs.pause(disturbed).status == "pausing"
        until(lambda: status(client, disturbed) == "paused", 5, "the pause")
        step = last_step(client, disturbed)
        assert client.fine_tuning.jobs.resume(disturbed).status == "queued"

        until(lambda: last_step(client, disturbed) > step + 8, 60, "steps after the pause")
        os.kill(worker_of(trainer, disturbed), 9)
        step = last_step(client, disturbed)
        until(lambda: last_step(client, disturbed) > step + 8, 60, "steps after the worker was killed")
        until(lambda: status(client, peaceful) == "succeeded", 60, "the end of the job left in peace")

        children = trainer.children()
        trainer.kill()
        until(lambda: not any(alive(pid) for pid in children), 5, "the end of a dead server's children")
        client = trainer.start().client()
        until(lambda: status(client, disturbed) == "succeeded", 60, "the end of the disturbed job")

        assert results(client, disturbed) == results(client, peaceful)
        steps = [
            e.data["step"] for e in client.fine_tuning.jobs.list_events(disturbed) if e.type == "metrics"
        ]
        assert steps == sorted(set(steps), reverse=True)
        points = [list(client.fine_tuning.jobs.checkpoints.list(job)) for job in (disturbed, peaceful)]
        assert [p.step_number for p in points[0]] == [p.step_number for p in points[1]] == [150, 144, 138]
        assert [p.metrics for p in points[0]] == [p.metrics for p in points[1]]


def new_job(client: OpenAI, file: str) -> str:
    options = {"n_epochs": 25, "batch_size": 4}
    return client.fine_tuning.jobs.create(
        model="tiny-chat", training_file=file, seed=3, hyperparameters=options
    ).id


def results(client: OpenAI, job_id: str) -> bytes:
    job: FineTuningJob = client.fine_tuning.jobs.retrieve(job_id)
    return client.files.content(job.result_files[0]).content


def test_cancelling_works_at_once_while_a_job_loads_and_while_it_trains(tmp_path: Path) -> None:
    with running_trainer(tmp_path / "home") as trainer:
        client = trainer.client()
        file = client.files.create(file=("train.jsonl", headlines(24)), purpose="fine-tune").id
        loading = new_job(client, file)
        worker = until(lambda: status(client, loading) == "running" and worker_of(trainer, loading))
        assert client.fine_tuning.jobs.cancel(loading).status == "cancelled"
        assert not alive(worker)
        training = new_job(client, file)
        until(lambda: last_step(client, training) > 3, 60, "the first steps")
        worker = worker_of(trainer, training)
        assert client.fine_tuning.jobs.cancel(training).status == "cancelled"
        assert not alive(worker)
        told = last_step(client, training)
        assert trainer.stop() == 0
        client = trainer.start().client()
        assert status(client, training) == "cancelled"
        assert last_step(client, training) == told


def test_a_deleted_parent_a_deleted_checkpoint_and_a_damaged_one_end_no_job(tmp_path: Path) -> None:
    config = settings_text(training={"checkpoint_seconds": 0.3, "threads": 1})
    with running_trainer(tmp_path / "home", config=config) as trainer:
        client = trainer.client()
        file = client.files.create(file=("train.jsonl", headlines(24)), purpose="fine-tune").id
        parent = client.fine_tuning.jobs.create(
            model="tiny-chat", training_file=file, hyperparameters={"n_epochs": 1, "batch_size": 24}
        ).id
        until(lambda: status(client, parent) == "succeeded", 60, "the parent's end")
        model = client.fine_tuning.jobs.retrieve(parent).fine_tuned_model
        child = client.fine_tuning.jobs.create(
            model=model, training_file=file, hyperparameters={"n_epochs": 3, "batch_size": 1}
        ).id
        client.models.delete(model)
        point = until(lambda: newest_model(client, child), 60, "the child's first checkpoint that is a model")
        client.models.delete(point)
        os.kill(worker_of(trainer, child), 9)
        until(lambda: status(client, child) == "succeeded", 60, "the child's end")
        with pytest.raises(NotFoundError):
            client.models.retrieve(point)
        kept = {
            path.name for path in (trainer.home / "jobs" / child / "checkpoints").iterdir() if path.is_dir()
        }
        assert kept == {"checkpoint-48", "checkpoint-72"}
        until(lambda: not (trainer.home / "jobs" / child / "start").exists(), 5, "the end of what it needed")


def newest_model(client: OpenAI, job_id: str) -> str | None:
    points = client.fine_tuning.jobs.checkpoints.list(job_id).data
    return points[0].fine_tuned_model_checkpoint if points else None


def test_a_job_whose_newest_checkpoint_was_cut_short_says_so_and_ends_well(tmp_path: Path) -> None:
    config = settings_text(training={"checkpoint_seconds": 0.3, "threads": 1})
    with running_trainer(tmp_path / "home", config=config) as trainer:
        client = trainer.client()
        file = client.files.create(file=("train.jsonl", headlines(24)), purpose="fine-tune").id
        job = new_job(client, file)
        until(lambda: last_step(client, job) > 12, 60, "the first steps")
        client.fine_tuning.jobs.pause(job)
        until(lambda: status(client, job) == "paused", 5, "the pause")
        (checkpoint,) = (trainer.home / "jobs" / job / "checkpoints").glob("checkpoint-*")
        os.truncate(checkpoint / "optimizer.pt", 1000)
        client.fine_tuning.jobs.resume(job)
        until(lambda: status(client, job) == "succeeded", 60, "the end of the job")
        warnings = [e.message for e in client.fine_tuning.jobs.list_events(job) if e.level == "warn"]
        step = checkpoint.name.rpartition("-")[2]
        assert warnings == [f"The checkpoint of step {step} is damaged; going back to the start"]
