"""The supervisor over workers that take their time to begin and to end, and outlive it."""

import errno
from pathlib import Path

import pytest

from tests.unit.trainer.test_trainer_supervisor import CHECKED, Workshop, metrics
from trainer.jobs import journal
from trainer.jobs.executors import ENDED, RUNNING, WAITING, State, Task
from trainer.jobs.supervisor import Supervisor
from trainer.store import Job

PAUSED = {"kind": "outcome", "outcome": "paused", "trained_tokens": 1}


class Elsewhere:
    """An executor whose workers stand where the test puts them."""

    def __init__(self) -> None:
        self.places = None
        self.states: dict[str, State] = {}
        self.known: set[str] = set()
        self.stopped: list[str] = []
        self.starts = 0

    def start(self, task: Task) -> None:
        self.starts += 1
        self.states[task.job] = State(WAITING)

    def adopt(self, task: Task) -> bool:
        if task.job not in self.known:
            return False
        self.states[task.job] = State(RUNNING)
        return True

    def poll(self, job: str) -> State:
        return self.states[job]

    def stop(self, job: str) -> None:
        self.stopped.append(job)

    def forget(self, job: str) -> None:
        del self.states[job]

    def close(self) -> None:
        pass


class Remote(Workshop):
    """Files are checked here, jobs are trained elsewhere."""

    def new_supervisor(self) -> Supervisor:
        supervisor = super().new_supervisor()
        self.elsewhere = Elsewhere()
        supervisor.executors["train"] = self.elsewhere
        return supervisor

    def stands(self, job: Job, phase: str, words: str = "") -> Job:
        self.elsewhere.states[job.id] = State(phase, words)
        self.supervisor.tick()
        return self.job(job)


@pytest.fixture
def shop(tmp_path: Path):
    shop = Remote(tmp_path)
    yield shop
    shop.supervisor.stop()
    shop.store.close()


def queued(shop: Remote) -> Job:
    job = shop.new_job()
    shop.supervisor.tick()
    return shop.ends(job, CHECKED)


def test_a_job_is_queued_with_the_reason_until_its_worker_begins(shop: Remote) -> None:
    job = queued(shop)
    assert shop.stands(job, WAITING, "the cluster has no room yet").status == "queued"
    assert shop.messages(job)[-1] == "Waiting in the queue: the cluster has no room yet"
    shop.writes(job, metrics(1))
    assert shop.supervisor.find(job.id, "p").status == "queued"
    assert shop.stands(job, RUNNING).status == "running"
    assert shop.messages(job)[-2:] == ["Fine-tuning job started", "Step 1/9: training loss=1.50"]


def test_as_many_jobs_are_given_to_a_cluster_as_there_are(shop: Remote) -> None:
    jobs = [queued(shop) for _ in range(4)]
    assert set(shop.elsewhere.states) == {job.id for job in jobs}


def test_a_lost_worker_is_replaced_and_the_reason_told(shop: Remote) -> None:
    job = shop.stands(queued(shop), RUNNING)
    job = shop.stands(job, ENDED, "a node it ran on was lost")
    assert (job.status, job.attempts, shop.elsewhere.starts) == ("running", 1, 2)
    assert "(a node it ran on was lost); continuing from the start" in shop.messages(job)[-1]


def test_a_restarted_server_takes_over_what_runs_and_ends_what_is_unwanted(shop: Remote) -> None:
    going, paused, over = (shop.stands(queued(shop), RUNNING) for _ in range(3))
    shop.store.change(paused.id, status="paused")
    shop.store.change(over.id, status="cancelled")
    shop.restart()
    shop.elsewhere.known = {going.id, paused.id, over.id}
    shop.supervisor.tick()
    assert shop.elsewhere.starts == 0
    assert shop.elsewhere.stopped == [paused.id, over.id]
    assert shop.stands(going, ENDED, "exit status 1").attempts == 1
    assert shop.stands(over, ENDED).status == "cancelled"


def test_a_job_that_waits_for_room_is_paused_at_once_and_resumed_when_its_worker_is_gone(
    shop: Remote,
) -> None:
    job = queued(shop)
    assert shop.supervisor.pause(job).status == "paused"
    assert shop.elsewhere.stopped == [job.id]
    assert shop.supervisor.resume(shop.job(job)).status == "queued"
    assert shop.stands(job, RUNNING).status == "queued"
    assert shop.stands(job, ENDED).status == "queued"
    assert shop.elsewhere.starts == 2


def test_a_job_may_be_resumed_before_the_worker_that_paused_has_left(shop: Remote) -> None:
    job = shop.stands(queued(shop), RUNNING)
    shop.supervisor.pause(job)
    shop.writes(job, PAUSED)
    paused = shop.supervisor.find(job.id, "p")
    assert paused.status == "paused"
    shop.supervisor.resume(paused)
    assert shop.stands(job, RUNNING).status == "queued"
    job = shop.stands(job, ENDED, "exit status 0")
    assert (job.attempts, shop.elsewhere.starts) == (0, 2)


def test_a_cancelled_job_s_worker_is_watched_until_it_is_gone(shop: Remote) -> None:
    job = shop.stands(queued(shop), RUNNING)
    assert shop.supervisor.cancel(job).status == "cancelled"
    shop.writes(job, metrics(1))
    unfinished = journal.folder_of(shop.store, job.id).checkpoints / "checkpoint-1"
    unfinished.mkdir(parents=True)
    shop.stands(job, RUNNING)
    assert unfinished.exists()
    shop.stands(job, ENDED)
    assert not unfinished.exists()
    assert shop.messages(job)[-1] == "The job was cancelled"


def test_a_shared_folder_that_is_away_for_a_moment_fails_no_job(
    shop: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = shop.stands(queued(shop), RUNNING)

    def away(*_: object) -> Job:
        raise OSError(errno.ESTALE, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(journal, "ingest", away)
        assert shop.stands(job, RUNNING).status == "running"
    shop.writes(job, metrics(1))
    shop.supervisor.tick()
    assert shop.messages(job)[-1] == "Step 1/9: training loss=1.50"
