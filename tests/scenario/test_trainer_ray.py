"""Jobs on a Ray cluster of two nodes: what a person does to them, and what the machines do."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from openai import OpenAI
from ray.job_submission import JobSubmissionClient

from tests.fakes.ray_cluster import RayCluster, running_cluster
from tests.fakes.trainer_process import TrainerProcess, headlines, running_trainer, settings_text, until

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(240)]
BASES = """
[bases.tiny-pair]
source = "tiny"
tuning = "full"
learning_rate = 5e-4
nodes = 2

[bases.too-much]
source = "tiny"
nodes = 3
"""
ENDED = {"STOPPED", "FAILED", "SUCCEEDED"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with running_cluster(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def trainer(cluster: RayCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    place = tmp_path_factory.mktemp("ray")
    shared = place / "shared"
    shared.mkdir()
    ray = {"address": cluster.address, "folder": str(shared), "python": sys.executable}
    config = settings_text(training={"executor": "ray", "checkpoint_seconds": 0.5}, ray=ray)
    with running_trainer(place / "home", config=config + BASES) as trainer:
        yield trainer


def new_job(client: OpenAI, base: str, epochs: int) -> str:
    file = client.files.create(file=("train.jsonl", headlines(24)), purpose="fine-tune").id
    options = {"n_epochs": epochs, "batch_size": 4}
    created = client.fine_tuning.jobs.create(model=base, training_file=file, seed=3, hyperparameters=options)
    return created.id


def status(client: OpenAI, job: str) -> str:
    return client.fine_tuning.jobs.retrieve(job).status


def steps(client: OpenAI, job: str) -> list[int]:
    events = client.fine_tuning.jobs.list_events(job, limit=100)
    return [event.data["step"] for event in events if event.type == "metrics"]


def last_step(client: OpenAI, job: str) -> int:
    return max(steps(client, job), default=0)


def messages(client: OpenAI, job: str) -> str:
    return "\n".join(event.message for event in client.fine_tuning.jobs.list_events(job, limit=100))


def runs(cluster: RayCluster, job: str) -> list[tuple[str, str, str]]:
    """The job's submissions, oldest first: name, status, node."""
    found = [run for run in JobSubmissionClient(cluster.address).list_jobs() if run.metadata["job"] == job]
    found.sort(key=lambda run: run.start_time)
    return [(run.submission_id, str(run.status), run.driver_node_id) for run in found]


def test_two_nodes_train_a_job_together_and_the_server_may_die_meanwhile(
    trainer: TrainerProcess, cluster: RayCluster
) -> None:
    client = trainer.client()
    job = new_job(client, "tiny-pair", 4)
    until(lambda: status(client, job) == "running", 30, "the start")
    trainer.kill()
    client = trainer.start().client()
    until(lambda: status(client, job) != "running", 90, "the job's end")
    assert status(client, job) == "succeeded", messages(client, job)
    assert len(runs(cluster, job)) == 1
    assert steps(client, job) == list(range(24, 0, -1))
    name = client.fine_tuning.jobs.retrieve(job).fine_tuned_model
    question = [{"role": "user", "content": "goal number 2"}]
    answer = client.chat.completions.create(model=name, messages=question, temperature=0)
    assert answer.choices[0].message.content


def test_a_job_that_several_nodes_have_no_room_for_says_so(
    trainer: TrainerProcess, cluster: RayCluster
) -> None:
    client = trainer.client()
    job = new_job(client, "too-much", 4)
    words = "Waiting until the cluster has room for 3 node(s) with 1 CPU(s)"
    until(lambda: words in messages(client, job), 40, "the reason")
    assert client.fine_tuning.jobs.cancel(job).status == "cancelled"
    until(lambda: runs(cluster, job)[-1][1] in ENDED, 5, "the end of what was cancelled")


def test_a_job_moves_from_a_lost_node_and_is_paused_resumed_and_cancelled(
    trainer: TrainerProcess, cluster: RayCluster
) -> None:
    client = trainer.client()
    job = new_job(client, "tiny-chat", 50)
    until(lambda: last_step(client, job) > 8, 60, "the first steps")
    lost = runs(cluster, job)[-1][2]
    cluster.kill(lost)
    step = last_step(client, job)
    until(lambda: "a node it ran on was lost" in messages(client, job), 30, "the loss is noticed")
    until(lambda: last_step(client, job) > step + 8, 60, "steps on the other node")
    assert runs(cluster, job)[-1][2] != lost
    told = steps(client, job)
    assert told == sorted(set(told), reverse=True)

    assert client.fine_tuning.jobs.pause(job).status == "pausing"
    until(lambda: status(client, job) == "paused", 5, "the pause")
    assert client.fine_tuning.jobs.resume(job).status == "queued"
    until(lambda: status(client, job) == "running", 30, "the job goes on")
    assert "Fine-tuning job resumed from step" in messages(client, job)
    assert client.fine_tuning.jobs.cancel(job).status == "cancelled"
    until(lambda: runs(cluster, job)[-1][1] in ENDED, 5, "the end of what was cancelled")
