"""What a thread is told, held against any order in which a backend may tell it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.fakes.records import NOON, after, make_job
from tuning.progress import NAMELESS, observe
from tuning.records import ENDED, BackendJob, Checkpoint, Event, Job, Status, Update

MODEL = "ft:gpt-4o-mini:acme:news:1"
NUMBERS = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.just(10**400), st.text(max_size=3), st.just([1])
)
METRICS = st.dictionaries(
    st.sampled_from(["step", "total_steps", "train_loss", "valid_loss", "full_valid_loss", "train_accuracy"]),
    NUMBERS,
)
LIVE = ["validating_files", "queued", "running", "paused", "pausing", "on_the_moon"]
ONCE = ("started", "first_metrics", "succeeded", "failed", "cancelled")


def at_backend(**more: Any) -> Job:
    return make_job(status=Status.queued, backend_id="ftjob-1", **more)


def seen(status: str, **more: Any) -> BackendJob:
    return BackendJob("ftjob-1", status, **more)


def metrics(number: int = 1, **data: Any) -> Event:
    return Event(f"e{number}", after(number), "info", "metrics", "Step", data)


def kinds(updates: list[Update]) -> list[str]:
    return [update.payload["kind"] for update in updates]


def test_a_whole_run_is_told_in_order() -> None:
    job, told = observe(at_backend(), seen("running"), [], [], after(1))
    assert kinds(told) == ["started"]
    job, told = observe(
        job, seen("running"), [metrics(2, step=1, total_steps=9, train_loss=2.5)], [], after(2)
    )
    assert kinds(told) == ["first_metrics"]
    assert told[0].payload["train_loss"] == 2.5
    checkpoint = Checkpoint("c1", MODEL + ":ckpt-step-5", 5, after(3))
    job, told = observe(job, seen("running"), [], [checkpoint], after(3))
    assert kinds(told) == ["checkpoint"]
    done = seen("succeeded", model=MODEL, finished_at=after(9), trained_tokens=77)
    job, told = observe(job, done, [metrics(4, step=9, train_loss=0.5)], [], after(10))
    assert kinds(told) == ["succeeded"]
    assert told[0].payload["model"] == MODEL
    assert told[0].payload["trained_tokens"] == 77
    assert told[0].payload["seconds"] == 8
    assert job.progress.step == 9
    assert job.progress.total_steps == 9
    assert job.progress.losses == (2.5, 0.5)
    job, told = observe(job, done, [], [], after(11))
    assert told == []
    assert job.closed


def test_a_job_that_is_seen_only_at_its_end_is_told_whole() -> None:
    events = [metrics(1, step=1, train_loss=2.0), metrics(2, step=2, train_loss=1.0)]
    _, told = observe(at_backend(), seen("succeeded", model=MODEL), events, [], after(5))
    assert kinds(told) == ["started", "first_metrics", "succeeded"]


def test_success_waits_for_the_name_of_its_model_but_not_for_ever() -> None:
    nameless = seen("succeeded", finished_at=NOON)
    job, told = observe(at_backend(), nameless, [], [], NOON)
    assert job.status == Status.running
    assert kinds(told) == ["started"]
    job, told = observe(job, nameless, [], [], NOON + NAMELESS + timedelta(seconds=1))
    assert kinds(told) == ["succeeded"]
    assert "model" not in told[0].payload


def test_a_failure_carries_the_backends_reason_or_its_last_words() -> None:
    failed = seen("failed", error_code="invalid_file_format", error_message="Line 3 is wrong")
    job, told = observe(at_backend(), failed, [], [], NOON)
    assert told[0].payload["code"] == "invalid_file_format"
    assert told[0].payload["message"] == "Line 3 is wrong"
    last = Event("e9", NOON, "error", "message", "The job ran out of memory")
    job, told = observe(at_backend(), seen("failed"), [last], [], NOON)
    assert kinds(told) == ["failed"]
    assert told[0].payload["message"] == "The job ran out of memory"
    assert job.ended


def test_warnings_are_told_and_unknown_events_only_shown_on_the_card() -> None:
    events = [
        Event("e1", NOON, "warn", "message", "Row 7 was skipped"),
        Event("e2", NOON, "info", "moderation_checks", "Moderation passed"),
        Event("e3", NOON, "odd", "brand_new", ""),
    ]
    job, told = observe(at_backend(), seen("queued"), events, [], NOON)
    assert kinds(told) == ["warning"]
    assert told[0].payload["message"] == "Row 7 was skipped"
    assert job.last_message == ""


def test_a_cancelled_job_names_who_asked_and_keeps_its_end_whatever_comes_later() -> None:
    job, told = observe(at_backend(cancel_requested_by="U2"), seen("cancelled"), [], [], NOON)
    assert told[0].payload["by"] == "U2"
    late = [metrics(1, step=1, train_loss=1.0)]
    job, told = observe(job, seen("succeeded", model=MODEL), late, [], NOON)
    assert job.status == Status.cancelled
    assert "succeeded" not in kinds(told)


class Thread(RuleBasedStateMachine):
    """A backend that tells anything in any order; the thread must stay sensible."""

    @initialize()
    def begin(self) -> None:
        self.job = at_backend()
        self.told: list[Update] = []
        self.now, self.number = NOON, 0
        self.end: str | None = None

    def _observe(self, backend: BackendJob, events: list[Event], checkpoints: list[Checkpoint]) -> None:
        self.now += timedelta(seconds=5)
        before = self.job
        self.job, updates = observe(self.job, backend, events, checkpoints, self.now)
        if before.ended:
            assert self.job.status == before.status
            assert not set(kinds(updates)) & {"succeeded", "failed", "cancelled"}
        self.told += updates

    def _event(self, **more: Any) -> Event:
        self.number += 1
        return replace(Event(f"e{self.number}", self.now, "info", "message", "words"), **more)

    @rule(status=st.sampled_from(LIVE))
    def moves(self, status: str) -> None:
        self._observe(seen(status), [], [])

    @rule(status=st.sampled_from(LIVE), data=st.lists(METRICS, min_size=1, max_size=3))
    def tells_numbers(self, status: str, data: list[dict[str, Any]]) -> None:
        self._observe(seen(status), [self._event(type="metrics", data=one) for one in data], [])

    @rule(level=st.sampled_from(["info", "warn", "error", "?"]), kind=st.sampled_from(["message", "x"]))
    def says(self, level: str, kind: str) -> None:
        self._observe(seen("running"), [self._event(level=level, type=kind)], [])

    @rule()
    def saves_a_checkpoint(self) -> None:
        self.number += 1
        name = f"{MODEL}:ckpt-step-{self.number}"
        self._observe(seen("running"), [], [Checkpoint(f"c{self.number}", name, self.number, self.now)])

    @rule(status=st.sampled_from(sorted(ENDED)), model=st.sampled_from([None, MODEL]))
    def ends(self, status: str, model: str | None) -> None:
        self._observe(seen(status, model=model, finished_at=self.now), [], [])

    @rule()
    def waits(self) -> None:
        self.now += timedelta(hours=1)

    @invariant()
    def nothing_is_told_twice(self) -> None:
        ids = [update.id for update in getattr(self, "told", [])]
        assert len(ids) == len(set(ids))

    @invariant()
    def each_milestone_comes_once_and_one_end_at_most(self) -> None:
        told = kinds(getattr(self, "told", []))
        assert all(told.count(kind) <= 1 for kind in ONCE)
        ends = [kind for kind in told if kind in ENDED]
        assert len(ends) <= 1
        if "succeeded" in told and "started" in told:
            assert told.index("started") < told.index("succeeded")

    @invariant()
    def an_ended_job_has_told_its_end_and_numbers_are_finite(self) -> None:
        job = getattr(self, "job", None)
        if job is None:
            return
        assert job.ended == any(kind in ENDED for kind in kinds(self.told))
        for loss in (*job.progress.losses, job.progress.train_loss or 0.0):
            assert abs(loss) < 1e16
        assert len(job.progress.losses) <= 60


Thread.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestThread = Thread.TestCase
