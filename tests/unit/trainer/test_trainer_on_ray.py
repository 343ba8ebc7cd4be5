"""The executor for Ray against a cluster that is full, forgetful, unwilling or away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ray_dashboard import Dashboard, running_dashboard
from tests.fakes.trainer_process import until
from tests.fakes.worker_tasks import phase, task
from trainer.folder import JobFolder
from trainer.jobs.executors import ENDED, RUNNING, WAITING, Task, ray_jobs
from trainer.jobs.executors.cluster import order
from trainer.jobs.executors.ray_jobs import RayExecutor
from trainer.settings import Ray


class Place:
    """A stand-in for a cluster, one executor, and one job."""

    def __init__(self, dashboard: Dashboard, address: str, job: Task) -> None:
        self.dashboard = dashboard
        self.settings = Ray(address, python=sys.executable)
        self.executor = RayExecutor(self.settings)
        self.job = job

    def restart(self) -> None:
        self.executor.close()
        self.executor = RayExecutor(self.settings)

    def waits(self) -> str:
        return until(lambda: self.executor.poll("job").words, 10, "a reason for waiting")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("PATIENCE_SECONDS", "PAUSE_SECONDS", "LOOK_SECONDS", "HURRY_SECONDS"):
        monkeypatch.setattr(ray_jobs, name, 0.05)
    with running_dashboard() as (dashboard, address):
        made = Place(dashboard, address, task(tmp_path, "job", endless=True))
        yield made
        made.executor.close()


def test_a_submission_that_is_refused_is_tried_again(place: Place) -> None:
    place.dashboard.refusals = 2
    place.executor.start(place.job)
    phase(place.executor, "job", RUNNING)
    assert len(place.dashboard.submissions) == 1


def test_a_run_that_finds_no_room_says_what_it_waits_for(place: Place) -> None:
    place.dashboard.room = False
    place.executor.start(place.job)
    assert place.waits() == "the cluster has no room yet for 1 node(s) with 1 CPU(s)"
    place.dashboard.room = True
    place.dashboard.fill()
    phase(place.executor, "job", RUNNING)


def test_a_run_that_the_cluster_gave_up_before_it_began_is_submitted_again(place: Place) -> None:
    place.dashboard.room = False
    place.executor.start(place.job)
    first = until(lambda: place.dashboard.submissions)[0]
    timeout = {"status": "FAILED", "error_type": "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"}
    place.dashboard.end(first, timeout)
    place.dashboard.room = True
    phase(place.executor, "job", RUNNING)
    second = place.dashboard.submissions[1]
    assert first != second
    assert place.job.folder.run() == (second, True)


def test_a_lost_node_is_told_as_such(place: Place) -> None:
    place.executor.start(place.job)
    phase(place.executor, "job", RUNNING)
    died = {"status": "FAILED", "error_type": "JOB_SUPERVISOR_ACTOR_DIED"}
    place.dashboard.end(place.dashboard.submissions[0], died)
    assert phase(place.executor, "job", ENDED).words == "a node it ran on was lost"


def test_a_cluster_that_was_started_anew_has_lost_its_runs(place: Place) -> None:
    place.executor.start(place.job)
    phase(place.executor, "job", RUNNING)
    place.dashboard.forget()
    assert phase(place.executor, "job", ENDED).words == "the cluster was started anew"


def test_a_folder_that_the_node_does_not_see_is_named(place: Place, tmp_path: Path) -> None:
    place.dashboard.room = False
    place.executor.start(place.job)
    until(lambda: place.dashboard.submissions)
    place.job.folder.path.rename(tmp_path / "elsewhere")
    place.dashboard.room = True
    place.dashboard.fill()
    assert f"no folder {tmp_path}, which all nodes must share" in phase(place.executor, "job", ENDED).words


def test_a_server_that_died_between_the_name_and_the_submission_submits_that_name(place: Place) -> None:
    place.job.folder.set_run("job-named")
    assert place.executor.adopt(place.job)
    phase(place.executor, "job", RUNNING)
    assert place.dashboard.submissions == ["job-named"]


def test_a_run_that_was_taken_back_before_a_restart_is_not_begun_again(place: Place) -> None:
    place.job.folder.set_run("job-named", revoked=True)
    assert place.executor.adopt(place.job)
    phase(place.executor, "job", ENDED)
    assert place.dashboard.submissions == []


def test_a_restarted_server_hears_how_a_run_ended_meanwhile(place: Place) -> None:
    place.executor.start(place.job)
    phase(place.executor, "job", RUNNING)
    place.executor.close()
    place.dashboard.end(place.dashboard.submissions[0], {"status": "STOPPED"})
    place.restart()
    assert place.executor.adopt(place.job)
    assert phase(place.executor, "job", ENDED).words == "it was stopped on the cluster"


def test_stopping_a_run_that_waits_for_room_does_not_wait_for_room(place: Place) -> None:
    place.dashboard.room = False
    place.executor.start(place.job)
    until(lambda: place.dashboard.submissions)
    place.executor.stop("job")
    phase(place.executor, "job", ENDED)
    place.executor.forget("job")
    place.dashboard.room = True
    place.dashboard.fill()
    run = place.dashboard.submissions[0]
    until(
        lambda: place.dashboard.standing(run)["status"] == "FAILED", 10, "the end of a run that came too late"
    )
    assert list(place.job.folder.records()) == []


def test_while_the_cluster_is_away_a_run_waits_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_jobs, "PATIENCE_SECONDS", 0.0)
    executor = RayExecutor(Ray("http://127.0.0.1:9", python=sys.executable))
    executor.start(task(tmp_path, "job"))
    words = until(lambda: executor.poll("job").words, 10, "the reason")
    assert (executor.poll("job").phase, words) == (WAITING, "the Ray cluster can't be reached")
    executor.close()


def test_an_order_holds_the_worker_s_own_command_and_nothing_of_the_server_s_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FT_TRAINER_API_KEY", "sk-very-secret")
    folder = task(tmp_path, "job").folder
    made = order(Ray(python="python3.11"), "job-1", folder)
    assert f"exec python3.11 -m trainer.engine train {folder.path} >> " in made["entrypoint"]
    assert "secret" not in json.dumps(made)
    assert set(made["runtime_env"]["env_vars"]) == {
        "FT_TRAINER_RUN",
        "OMP_NUM_THREADS",
        "TOKENIZERS_PARALLELISM",
        "HF_HUB_DISABLE_TELEMETRY",
    }


@pytest.mark.parametrize(
    ("needs", "cpus", "gpus", "module"),
    [
        ({"nodes": 1, "gpus": 0, "cpus": 2}, 2, 0, "trainer.engine train"),
        ({"nodes": 1, "gpus": 1, "cpus": 4}, 4, 1, "trainer.engine train"),
        ({"nodes": 1, "gpus": 2, "cpus": 4}, None, None, "trainer.jobs.executors.several"),
        ({"nodes": 2, "gpus": 0, "cpus": 1}, None, None, "trainer.jobs.executors.several"),
    ],
)
def test_one_process_is_asked_for_by_itself_and_several_by_the_one_that_places_them(
    tmp_path: Path, needs: dict[str, int], cpus: int | None, gpus: int | None, module: str
) -> None:
    folder = JobFolder(tmp_path / "a job's folder")
    folder.write_spec({"base": needs})
    made: dict[str, Any] = order(Ray(), "job-1", folder)
    assert (made["entrypoint_num_cpus"], made["entrypoint_num_gpus"]) == (cpus, gpus)
    assert f"-m {module} " in made["entrypoint"]
    assert subprocess.run(["sh", "-n", "-c", made["entrypoint"]], check=False).returncode == 0
