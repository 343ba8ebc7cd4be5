"""What the supervisor counts on, whoever runs the workers: this machine, Ray, or a stand-in for Ray."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.ray_cluster import running_cluster
from tests.fakes.ray_dashboard import running_dashboard
from tests.fakes.trainer_process import alive, until
from tests.fakes.worker_tasks import phase, task, worker
from trainer.jobs.executors import ENDED, RUNNING, Executor
from trainer.jobs.executors.local import LocalExecutor
from trainer.jobs.executors.ray_jobs import RayExecutor
from trainer.settings import Ray, Training

Make = Callable[[], Executor]
EXECUTORS = ["local", "dashboard", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])]


@pytest.fixture(scope="module", params=EXECUTORS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes executors; each one is a server that was started anew."""
    if request.param == "local":
        yield lambda: LocalExecutor(Training(threads=1))
        return
    with running_dashboard() if request.param == "dashboard" else running_cluster(1) as place:
        address = place[1] if isinstance(place, tuple) else place.address
        yield lambda: RayExecutor(Ray(address, python=sys.executable))


@pytest.fixture
def executor(make: Make) -> Iterator[Executor]:
    made = make()
    yield made
    made.close()


def test_a_worker_works_and_its_last_word_is_there_when_it_ended(executor: Executor, tmp_path: Path) -> None:
    job = task(tmp_path, "job-a")
    executor.start(job)
    assert phase(executor, "job-a", ENDED).words == "exit status 0"
    assert [record["outcome"] for _, record in job.folder.records()] == ["failed"]
    executor.forget("job-a")


def test_a_stopped_worker_is_gone_and_the_job_may_have_another(executor: Executor, tmp_path: Path) -> None:
    job = task(tmp_path, "job-b", endless=True)
    executor.start(job)
    phase(executor, "job-b", RUNNING)
    process = worker(job.folder)
    executor.stop("job-b")
    phase(executor, "job-b", ENDED)
    assert not alive(process)
    assert list(job.folder.records()) == []
    executor.forget("job-b")
    executor.start(job)
    phase(executor, "job-b", RUNNING)
    assert worker(job.folder) != process
    executor.stop("job-b")
    phase(executor, "job-b", ENDED)
    executor.forget("job-b")


def test_a_worker_that_is_killed_is_noticed_with_the_reason(executor: Executor, tmp_path: Path) -> None:
    job = task(tmp_path, "job-c", endless=True)
    executor.start(job)
    phase(executor, "job-c", RUNNING)
    os.kill(worker(job.folder), 9)
    assert phase(executor, "job-c", ENDED).words == "signal 9, often a lack of memory"
    executor.forget("job-c")


def test_after_a_restart_a_worker_is_taken_over_or_gone_and_never_doubled(make: Make, tmp_path: Path) -> None:
    job = task(tmp_path, "job-d", endless=True)
    first, second = make(), make()
    first.start(job)
    phase(first, "job-d", RUNNING)
    process = worker(job.folder)
    first.close()
    if second.adopt(job):
        phase(second, "job-d", RUNNING)
        assert worker(job.folder) == process
        second.stop("job-d")
        phase(second, "job-d", ENDED)
        second.forget("job-d")
    until(lambda: not alive(process), 5, "the worker's end")
    assert not second.adopt(job)
    second.close()
