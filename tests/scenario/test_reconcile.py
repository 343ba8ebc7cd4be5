"""A request whose fate is unknown is looked up before it is made again: dropped, broken off, half served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateways.openai_backend import OpenAIBackend
from sandbox.client import until
from storage import SqlLeases, SqlStore, migrate, open_files, open_store
from storage.errors import DatabaseError
from tests.fakes.backend import FakeBackend
from tests.fakes.backend_faces import Request
from tests.fakes.kill_world import TOLD, Trap, World, open_world
from tests.fakes.killed_bot import Nursery
from tests.fakes.records import Clock, make_version
from tests.fakes.stage import Stage, rows
from tuning.records import UploadState
from tuning.sending import Sender, usual_limits
from tuning.uploads import Uploads

slow = pytest.mark.slow

CREATE, UPLOAD = "POST /fine_tuning/jobs", "POST /files"
JOB = "GET /fine_tuning/jobs/{id}"
ROUTES = (UPLOAD, "GET /files", CREATE, "GET /fine_tuning/jobs", JOB, f"{JOB}/events", f"{JOB}/checkpoints")


@slow
@pytest.mark.parametrize(
    ("backend", "slack"),
    [
        ({"drop": "before"}, {"kind": "drop_before"}),
        ({"drop": "after"}, {"kind": "drop_after"}),
        ({"status": 500, "work_first": True}, {"kind": "not_json"}),
    ],
    ids=["dropped before the work", "dropped after the work", "500 after the work"],
)
async def test_answers_that_never_come_double_and_lose_nothing(
    backend: dict[str, Any], slack: dict[str, Any], tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, data=dataset) as world:
        for route in ROUTES:
            world.backend.fail_next(route, **backend)
        await world.control.fault("chat.postMessage", times=2, **slack)
        await world.control.fault("chat.update", times=2, **slack)
        await world.train()
        await world.end(5)
        await world.assert_succeeded()
        assert world.bot.lives == 1


@slow
@pytest.mark.parametrize("manners", ["ignore", "reject"])
async def test_a_backend_that_cannot_filter_by_metadata_still_has_the_job_found(
    manners: str, tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, Trap("after", CREATE), data=dataset) as world:
        world.backend.metadata_filter = manners
        looked = world.backend_gate("GET /fine_tuning/jobs")
        await world.train()
        await world.see(lambda: world.sprung, "the kill")
        await strangers(world, 25)
        looked.set()
        await world.end(5)
        await world.assert_succeeded()


async def strangers(world: World, count: int) -> None:
    """Jobs that somebody else starts at the same backend, with metadata and without."""
    async with world.backend.client() as client:
        (file_id,) = world.backend.files
        for number in range(count):
            asked: dict[str, Any] = {"model": "gpt-4o-mini-2024-07-18", "training_file": file_id}
            asked |= {"metadata": {"ft_bot_plan": f"ftp_{number}"}} if number % 2 else {}
            head = {"authorization": f"Bearer {world.backend.key}"}
            made = await client.post("http://backend.test/v1/fine_tuning/jobs", json=asked, headers=head)
            assert made.status_code == 200


async def test_a_search_that_slack_slows_down_does_not_lead_to_a_second_card(stage: Stage) -> None:
    await stage.dataset()
    await stage.control.fault("chat.postMessage", "drop_after", times=1)
    await stage.control.fault("conversations.history", "ratelimited", retry_after=1, times=1)
    await stage.ana.command("#fine-tuning", "/ft", "train news")
    await stage.seen(lambda: finished(stage))
    assert len(await stage.roots()) == 1


async def test_a_card_that_is_found_again_shows_the_newest_state(stage: Stage) -> None:
    await stage.dataset()
    await stage.control.fault("chat.postMessage", "drop_after", times=1)
    stage.backend.fail_next(CREATE, status=403, code="training_not_available")
    await stage.ana.command("#fine-tuning", "/ft", "train news")
    await stage.seen(lambda: finished(stage))
    (card,) = await stage.roots()
    assert "failed" in card["text"].lower()
    assert len(await stage.replies(card)) == 1


async def test_a_job_that_moves_while_it_is_looked_at_is_told_in_order(stage: Stage) -> None:
    async def move(request: Request) -> None:
        stage.backend.advance(request.path.split("/")[3])

    await stage.dataset()
    for route in (JOB, f"{JOB}/events", f"{JOB}/checkpoints"):
        stage.backend.after[route] = move
    card = await stage.job()
    told = [reply["text"] for reply in await stage.replies(card, len(TOLD))]
    assert all(word in text for word, text in zip(TOLD, told, strict=True)), told


async def test_a_database_that_is_away_after_a_create_never_fails_the_job(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.dataset()
    to_fail = 0
    connection = SqlStore.connection

    def sometimes(store: SqlStore) -> AbstractAsyncContextManager[Any]:
        nonlocal to_fail
        if to_fail:
            to_fail -= 1
            raise DatabaseError("The database is away.")
        return connection(store)

    async def go_away(request: object) -> None:
        nonlocal to_fail
        to_fail = 1

    monkeypatch.setattr(SqlStore, "connection", sometimes)
    stage.backend.after[CREATE] = go_away
    await stage.ana.command("#fine-tuning", "/ft", "train news")
    await until(stage.ana.notes)  # the person hears that something is wrong
    await stage.settle()
    (made,) = stage.backend.jobs
    async with stage.bot.store.begin() as tx:
        (job,) = await tx.jobs.list("T0SANDBOX1")
    assert (job.backend_id, job.ended) == (made, False)


async def test_a_file_that_another_job_brought_back_is_not_swept_away(tmp_path: Path) -> None:
    """Between listing what is to be deleted and deleting it, a new job may have sent the same file."""
    fake = FakeBackend()
    await migrate(url := f"sqlite:///{tmp_path / 'ft-bot.db'}")
    store, files = open_store(url), open_files(tmp_path)
    leases = SqlLeases(store, Clock())
    backend = OpenAIBackend("http://backend.test/v1", fake.key, http_client=fake.client(), pause=0)
    sender = Sender(store, backend, Clock(), usual_limits())
    uploads = Uploads(store, backend, sender, files, leases, Clock())
    version = make_version("ds_1")
    files.temporary("news").write_bytes(rows())
    await files.keep(files.temporary("news"), version.sha256)
    first = await uploads.ensure("T1", "news", version)
    async with store.begin() as tx:
        upload = await tx.uploads.get("T1", version.sha256)
        assert upload
        await tx.uploads.save(replace(upload, state=UploadState.deleting))
    late = LateLeases(leases, lambda: uploads.ensure("T1", "news", version))
    await replace(uploads, leases=late).sweep()
    assert list(fake.files) == [late.made]
    assert late.made != first
    await backend.aclose()
    await store.close()


@dataclass
class LateLeases:
    """Leases that something happens before: what may happen between a look and an acquire."""

    leases: SqlLeases
    happens: Callable[[], Awaitable[str]]
    made: str = ""

    async def acquire(self, name: str) -> bool:
        self.made = await self.happens()
        return await self.leases.acquire(name)

    async def release(self, name: str) -> None:
        await self.leases.release(name)

    async def renew(self) -> None:
        await self.leases.renew()


async def finished(stage: Stage) -> bool:
    """Whether the job's card stands and nothing is owed."""
    async with stage.bot.store.begin() as tx:
        jobs = await tx.jobs.list("T0SANDBOX1")
        owed = await tx.updates.open_channels(datetime.now(UTC) + timedelta(days=1))
    return bool(jobs) and not owed
