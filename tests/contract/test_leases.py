"""Who works on what: one process at a time, and nobody waits for a dead one; on both databases."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from storage import SqlLeases, SqlStore
from storage.process import Process, parse, this_process
from tests.fakes.records import Clock, make_drop

ELSEWHERE = Process("other-host", 1, "77")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ours(store: SqlStore, clock: Clock) -> SqlLeases:
    return SqlLeases(store, clock)


@pytest.fixture
def theirs(other_store: SqlStore, clock: Clock) -> SqlLeases:
    return SqlLeases(other_store, clock, holder=ELSEWHERE)


@pytest.fixture
def ended() -> Process:
    """A process of this machine that runs no more."""
    child = subprocess.Popen(["sleep", "60"])
    process = replace(this_process(), pid=child.pid, nonce=started(child.pid))
    child.kill()
    child.wait()
    return process


def started(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


async def test_a_lease_is_held_by_one_process_until_it_is_released(
    ours: SqlLeases, theirs: SqlLeases
) -> None:
    assert await ours.acquire("job:1")
    assert not await theirs.acquire("job:1")
    assert await theirs.acquire("job:2")
    await ours.release("job:1")
    assert await theirs.acquire("job:1")
    assert not await ours.acquire("job:1")


async def test_a_lease_that_ran_out_is_free_and_its_old_holder_can_not_take_it_back(
    ours: SqlLeases, theirs: SqlLeases, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    assert await theirs.acquire("job:1")
    clock.move(59)
    assert not await ours.acquire("job:1")
    clock.move(1)
    assert await ours.acquire("job:1")
    with caplog.at_level(logging.WARNING):
        await theirs.renew()
    assert "job:1 was lost" in caplog.text
    await theirs.release("job:1")
    assert not await theirs.acquire("job:1")


async def test_renewing_keeps_what_this_process_holds(
    ours: SqlLeases, theirs: SqlLeases, clock: Clock
) -> None:
    assert await ours.acquire("a")
    assert await ours.acquire("b")
    await ours.release("b")
    clock.move(50)
    await ours.renew()
    clock.move(50)
    assert not await theirs.acquire("a")
    assert await theirs.acquire("b")
    clock.move(10)
    assert await theirs.acquire("a")


async def test_two_tasks_of_one_process_do_not_hold_the_same_lease(ours: SqlLeases) -> None:
    results = await asyncio.gather(*(ours.acquire("upload:x") for _ in range(4)))
    assert sorted(results) == [False, False, False, True]
    await ours.release("upload:x")
    assert await ours.acquire("upload:x")


async def test_of_many_processes_one_gets_the_lease(
    store: SqlStore, other_store: SqlStore, clock: Clock
) -> None:
    each = [
        SqlLeases((store, other_store)[n % 2], clock, holder=Process(f"host{n}", n, "1")) for n in range(8)
    ]
    assert sum(await asyncio.gather(*(leases.acquire("job:1") for leases in each))) == 1


async def test_a_holder_that_died_on_this_machine_holds_nothing(
    ours: SqlLeases, other_store: SqlStore, clock: Clock, ended: Process
) -> None:
    assert await SqlLeases(other_store, clock, holder=ended).acquire("job:1")
    assert await ours.acquire("job:1")


async def test_a_predecessor_with_our_pid_holds_nothing(
    ours: SqlLeases, other_store: SqlStore, clock: Clock
) -> None:
    predecessor = replace(this_process(), nonce="12")
    assert await SqlLeases(other_store, clock, holder=predecessor).acquire("job:1")
    assert await ours.acquire("job:1")


async def test_a_live_process_of_this_machine_keeps_its_lease(
    ours: SqlLeases, other_store: SqlStore, clock: Clock
) -> None:
    parent = replace(this_process(), pid=os.getppid(), nonce=started(os.getppid()))
    assert await SqlLeases(other_store, clock, holder=parent).acquire("job:1")
    assert not await ours.acquire("job:1")


async def test_an_acquire_that_is_cancelled_leaves_the_lease_free(ours: SqlLeases, store: SqlStore) -> None:
    async with store.begin():
        waiting = asyncio.create_task(ours.acquire("job:1"))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
    assert await ours.acquire("job:1")


WORKER = """
import asyncio, sys
from datetime import UTC, datetime
from storage import SqlLeases, open_store
from tests.fakes.records import make_drop

async def main(url):
    store = open_store(url)
    assert await SqlLeases(store, lambda: datetime.now(UTC)).acquire("job:1")
    async with store.begin() as tx:
        assert await tx.drops.add(make_drop())
        print("inside", flush=True)
        await asyncio.sleep(600)

asyncio.run(main(sys.argv[1]))
"""


@contextmanager
def killed_inside(url: str) -> Iterator[None]:
    """Another process, killed while it holds a lease and is in a transaction."""
    root = Path(__file__).parents[2]
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, url], stdout=subprocess.PIPE, text=True, cwd=root
    )
    with worker:
        try:
            assert worker.stdout
            assert worker.stdout.readline() == "inside\n"
        finally:
            worker.kill()
    yield


async def test_a_process_killed_in_a_transaction_leaves_neither_rows_nor_locks_nor_leases(
    database_url: str, store: SqlStore, clock: Clock
) -> None:
    with killed_inside(database_url):
        async with asyncio.timeout(10):
            async with store.begin() as tx:
                assert await tx.drops.get("drop_T1_1") is None
                assert await tx.drops.add(make_drop())
            assert await SqlLeases(store, clock).acquire("job:1")


def test_a_process_is_read_back_from_its_name() -> None:
    for process in (this_process(), ELSEWHERE, Process("a_b-c", 5, "x")):
        assert parse(str(process)) == process
    for text in ("", "x", "a_b", "a_b_c", "_1_2"):
        assert parse(text) is None


def test_a_killed_process_that_nobody_waited_for_counts_as_dead() -> None:
    child = subprocess.Popen(["sleep", "60"])
    process = replace(this_process(), pid=child.pid, nonce=started(child.pid))
    assert not this_process().knows_dead(process)
    child.kill()
    deadline = time.monotonic() + 10
    while not this_process().knows_dead(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert child.returncode is None
    child.wait()


def test_a_pid_that_was_given_to_another_process_counts_as_dead() -> None:
    parent = replace(this_process(), pid=os.getppid(), nonce="1")
    assert this_process().knows_dead(parent)


def test_nothing_is_known_of_processes_elsewhere() -> None:
    assert not this_process().knows_dead(replace(ELSEWHERE, pid=2**22 + 1))
