"""Whose turn it is, and what a job that waits is told."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.test_trainer_supervisor import CHECKED, Workshop
from trainer.jobs.queue import Turns
from trainer.store import Job

projects = st.lists(st.sampled_from("abc"), max_size=12)


def queue_of(names: list[str]) -> list[Job]:
    """One queued job for each project's name, oldest first."""
    known = {"status": "queued", "created_at": 0, "model": "m", "base": "m", "training_file": "f"}
    rest = {"validation_file": None, "seed": 1, "suffix": None, "metadata": None}
    return [
        Job(id=str(i), project=name, method={}, hyperparameters={}, **known, **rest)
        for i, name in enumerate(names)
    ]


@given(projects, st.dictionaries(st.sampled_from("abc"), st.integers(0, 3)))
def test_every_job_has_its_place_and_a_project_s_own_come_in_order(
    names: list[str], training: dict[str, int]
) -> None:
    queued = queue_of(names)
    ordered = Turns().order(queued, Counter(training))
    assert sorted(job.id for job in ordered) == sorted(job.id for job in queued)
    for project in "abc":
        own = [int(job.id) for job in ordered if job.project == project]
        assert own == sorted(own)


@given(projects, st.integers(1, 3))
def test_nobody_waits_for_two_jobs_of_another_project_in_a_row(names: list[str], places: int) -> None:
    turns, waiting, training = Turns(), queue_of(names), Counter[str]()
    last = None
    while waiting:
        job = turns.order(waiting, training)[0]
        assert not (job.project == last and any(other.project != last for other in waiting))
        waiting.remove(job)
        turns.took(job.project)
        training[job.project] += 1
        if training.total() == places:
            training = Counter()
        last = job.project if places == 1 else None


@pytest.fixture
def workshop(tmp_path: Path):
    shop = Workshop(tmp_path)
    yield shop
    shop.supervisor.stop()
    shop.store.close()


def queue(shop: Workshop, *owners: str) -> list[Job]:
    """Jobs of these projects whose files have been checked."""
    jobs = []
    for owner in owners:
        job = shop.new_job(owner)
        shop.supervisor.tick()
        jobs.append(shop.ends(job, CHECKED))
    return jobs


FAILED = {"kind": "outcome", "outcome": "failed", "code": "x", "message": "m"}


def test_a_project_with_many_jobs_lets_the_others_have_their_turn(workshop: Workshop) -> None:
    jobs = queue(workshop, "many", "many", "many", "few")
    begun = []
    for _ in range(4):
        running = next(job for job in jobs if workshop.job(job).status == "running")
        begun.append(running.project)
        workshop.ends(running, FAILED)
    assert begun == ["many", "few", "many", "many"]


def test_a_project_has_no_more_jobs_in_training_than_its_limit(workshop: Workshop) -> None:
    settings = workshop.settings
    workshop.settings = replace(
        settings,
        training=replace(settings.training, concurrent=3),
        limits=replace(settings.limits, training_jobs_per_project=1),
    )
    workshop.restart()
    jobs = queue(workshop, "p", "p", "q")
    workshop.supervisor.tick()
    assert [workshop.job(job).status for job in jobs] == ["running", "queued", "running"]
    reason = "Waiting in the queue: 1 job(s) of a project may train at a time"
    assert workshop.messages(jobs[1]).count(reason) == 1
    workshop.ends(jobs[0], FAILED)
    assert workshop.job(jobs[1]).status == "running"


def test_a_reason_for_waiting_is_told_once_and_with_the_place_in_the_queue(workshop: Workshop) -> None:
    jobs = queue(workshop, "p", "p", "p")
    for _ in range(3):
        workshop.supervisor.tick()
    reasons = [[m for m in workshop.messages(job) if m.startswith("Waiting")] for job in jobs]
    words = "Waiting in the queue: 1 job(s) may train at a time"
    assert reasons == [[], [f"{words}, 0 wait(s) before this one"], [f"{words}, 1 wait(s) before this one"]]
