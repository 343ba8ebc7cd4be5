"""What the domain may rely on: jobs, their events and their checkpoints, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage import SqlStore
from tests.fakes.records import NOON, after, make_job, make_plan
from tuning.ports import Transaction
from tuning.records import Checkpoint, Event, Job, Progress, Status


def event(ident: str, seconds: float = 0) -> Event:
    return Event(ident, after(seconds), "info", "message", f"this is {ident}")


async def add(tx: Transaction, *jobs: Job) -> None:
    for job in jobs:
        assert await tx.jobs.add(job)


async def test_a_job_starts_once_for_its_plan(store: SqlStore) -> None:
    async with store.begin() as tx:
        assert await tx.jobs.add(make_job())
        assert not await tx.jobs.add(make_job(owner="U9"))
        assert await tx.jobs.get("ft_T1_1") == make_job()
        assert await tx.jobs.get("ft_gone") is None


async def test_a_saved_job_comes_back_with_all_that_changed(store: SqlStore) -> None:
    changed = make_job(
        status="a word of tomorrow",
        backend_id="ftjob-1",
        progress=Progress(3, 9, 1.5, losses=(2.5, 1.5)),
        trained_tokens=2**40,
        next_poll_at=after(0.000001),
        closed=True,
    )
    async with store.begin() as tx:
        await tx.jobs.add(make_job())
        await tx.jobs.save(changed)
        assert await tx.jobs.get(changed.id) == changed


async def test_jobs_match_by_the_start_of_either_id_whatever_the_case(store: SqlStore) -> None:
    one, two = make_job(1, backend_id="ftjob-AbC1"), make_job(2, backend_id="ftjob-abd2", created_at=after(1))
    async with store.begin() as tx:
        await add(tx, one, two, make_job(3, "T2", backend_id="ftjob-abc1"))
        assert await tx.jobs.matching("T1", "FTJOB-ABC") == [one]
        assert await tx.jobs.matching("T1", "ftjob-ab") == [two, one]
        assert await tx.jobs.matching("T1", "FT_t1_2") == [two]
        assert await tx.jobs.matching("T1", "job-ab") == []
        for wildcard in ("%", "ft_T1__", "ftjob-ab_", "\\", "/", "\0", "\ud800"):
            assert await tx.jobs.matching("T1", wildcard) == []


async def test_jobs_are_listed_newest_first_and_by_owner(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, *(make_job(n, created_at=after(n), owner=f"U{n % 2}") for n in range(1, 6)))
        assert [job.id for job in await tx.jobs.list("T1", limit=3)] == ["ft_T1_5", "ft_T1_4", "ft_T1_3"]
        assert [job.id for job in await tx.jobs.list("T1", owner="U0")] == ["ft_T1_4", "ft_T1_2"]


async def test_launching_jobs_of_all_workspaces_come_oldest_first(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(
            tx,
            make_job(1, created_at=after(5)),
            make_job(2, "T2", created_at=after(1), status=Status.creating),
            make_job(3, status=Status.queued, backend_id="ftjob-3"),
            make_job(4, status=Status.failed),
        )
        assert [job.id for job in await tx.jobs.launching()] == ["ft_T2_2", "ft_T1_1"]


async def test_due_jobs_are_those_whose_time_has_come_longest_waiting_first(store: SqlStore) -> None:
    def running(number: int, workspace: str = "T1", **more: object) -> Job:
        return make_job(number, workspace, status="running", backend_id=f"ftjob-{number}", **more)

    async with store.begin() as tx:
        await add(
            tx,
            running(1, next_poll_at=after(10)),
            running(2, "T2", next_poll_at=after(5)),
            running(3, next_poll_at=after(10.000001)),
            running(4, next_poll_at=None),
            running(5, next_poll_at=after(1), closed=True),
            make_job(6, next_poll_at=after(1)),
            replace(running(7), status=Status.succeeded, next_poll_at=after(7)),
        )
        due = [job.id for job in await tx.jobs.due(after(10))]
        assert due == ["ft_T1_4", "ft_T2_2", "ft_T1_7", "ft_T1_1"]
        assert [job.id for job in await tx.jobs.due(after(10), limit=2)] == due[:2]
        assert [job.id for job in await tx.jobs.due(NOON)] == ["ft_T1_4"]


async def test_jobs_are_found_by_the_version_that_they_train_or_validate_on(store: SqlStore) -> None:
    one = make_job(1, plan=make_plan(1, version_id="ver_a"))
    two = make_job(
        2, plan=make_plan(2, version_id="ver_b", validation_version_id="ver_a"), created_at=after(1)
    )
    async with store.begin() as tx:
        await add(tx, one, two, make_job(3, plan=make_plan(3, version_id="ver_c")))
        assert await tx.jobs.using_version("T1", "ver_a") == [two, one]
        assert await tx.jobs.using_version("T1", "ver_b") == [two]
        moved = replace(one, plan=replace(one.plan, version_id="ver_d"))
        await tx.jobs.save(moved)
        assert await tx.jobs.using_version("T1", "ver_d") == [moved]


async def test_an_event_is_kept_once_and_the_newest_comes_first(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_job(1), make_job(2))
        await tx.jobs.add_events("ft_T1_1", [event("e9"), event("e1"), event("e5", 1)])
        await tx.jobs.add_events("ft_T1_1", [replace(event("e1"), message="again"), event("e2", 1)])
        await tx.jobs.add_events("ft_T1_2", [event("e1")])
        await tx.jobs.add_events("ft_T1_2", [])
        assert await tx.jobs.event_ids("ft_T1_1") == {"e1", "e2", "e5", "e9"}
        assert await tx.jobs.event_ids("ft_T1_2") == {"e1"}
        assert await tx.jobs.events("ft_T1_1") == [event("e2", 1), event("e5", 1), event("e1"), event("e9")]
        assert await tx.jobs.events("ft_T1_1", limit=1) == [event("e2", 1)]


async def test_only_checkpoints_that_are_new_are_stored_and_returned(store: SqlStore) -> None:
    first, second, third = (
        Checkpoint(f"c{n}", f"ft:m:ckpt-{n}", n, after(n), {"train_loss": 1 / n}) for n in (1, 2, 3)
    )
    async with store.begin() as tx:
        await add(tx, make_job(1), make_job(2))
        assert await tx.jobs.add_checkpoints("ft_T1_1", [first, second]) == [first, second]
        assert await tx.jobs.add_checkpoints("ft_T1_1", [second, third]) == [third]
        assert await tx.jobs.add_checkpoints("ft_T1_2", [first]) == [first]
        assert await tx.jobs.checkpoints("ft_T1_1") == [third, second, first]
        assert await tx.jobs.checkpoints("ft_T1_2") == [first]


async def test_a_checkpoint_leads_to_its_job_in_its_workspace_only(store: SqlStore) -> None:
    async with store.begin() as tx:
        await add(tx, make_job(1), make_job(2))
        await tx.jobs.add_checkpoints("ft_T1_2", [Checkpoint("c1", "ft:m:ckpt-1", 1, NOON)])
        assert await tx.jobs.with_checkpoint("T1", "ft:m:ckpt-1") == make_job(2)
        assert await tx.jobs.with_checkpoint("T2", "ft:m:ckpt-1") is None
        assert await tx.jobs.with_checkpoint("T1", "ft:m:ckpt") is None


async def test_events_and_checkpoints_need_a_job_on_record(store: SqlStore) -> None:
    async with store.begin() as tx:
        with pytest.raises(LookupError, match="ft_gone"):
            await tx.jobs.add_events("ft_gone", [event("e1")])
        with pytest.raises(LookupError, match="ft_gone"):
            await tx.jobs.add_checkpoints("ft_gone", [])
