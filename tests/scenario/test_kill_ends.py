"""A bot that is killed with -9 while something ends: a refused create, a cancel, a model's deletion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.kill_world import TOLD, Message, Trap, World, open_world
from tests.fakes.killed_bot import Nursery
from tuning.records import Job

pytestmark = pytest.mark.slow

CREATE, UPLOAD = "POST /fine_tuning/jobs", "POST /files"
FILES, DELETE_FILE = "GET /files", "DELETE /files/{id}"
CANCEL, DELETE_MODEL = "POST /fine_tuning/jobs/{id}/cancel", "DELETE /models/{id}"


@pytest.mark.parametrize(
    "chain",
    [
        [Trap("before", CREATE), Trap("before", DELETE_FILE), Trap("after", DELETE_FILE)],
        [Trap("after", UPLOAD), Trap("after", DELETE_FILE), Trap("before", FILES)],
    ],
    ids=["before", "after"],
)
async def test_a_refused_create_leaves_no_file_and_is_told_once(
    chain: list[Trap], tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, *chain, data=dataset) as world:
        refusal = {"status": 403, "code": "training_not_available"}
        world.backend.fail_next(CREATE, times=9, **refusal)
        await world.train()
        await world.end(2)
        assert world.bot.lives == len(chain) + 1
        assert not world.backend.jobs
        assert not world.backend.files
        (job,) = await world.jobs()
        assert job.status == "failed"
        await world.assert_told(job, "failed")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_cancel_is_carried_out_whenever_the_bot_is_killed(
    when: str, tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, Trap(when, CANCEL), data=dataset) as world:
        world.backend.auto = False
        await world.train()
        card = await world.see(lambda: with_id(world), "the card with the backend's id")
        await world.press(card, "cancel_job")
        await world.end(2)
        assert world.bot.lives == 2
        await assert_cancelled(world)
        assert len(world.backend.jobs) == 1


@pytest.mark.parametrize("killed", [False, True], ids=["alive", "killed"])
@pytest.mark.parametrize("route", [UPLOAD, CREATE])
async def test_a_cancel_asked_for_meanwhile_ends_the_job_and_leaves_no_orphan(
    route: str, killed: bool, tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    """While the request is on its way the owner presses Cancel; the bot may then be killed on top of it."""
    traps = [Trap("after", route)] if killed else []
    async with open_world(tmp_path, nursery, *traps, data=dataset) as world:
        world.backend.auto = False
        gate = world.backend_gate(route)
        await world.train()
        await world.see(lambda: world.backend.count(route), "the request")
        card = await world.see(lambda: world.roots() and world.roots()[0], "the card")
        await world.press(card, "cancel_job")
        await world.see(lambda: asked_to_cancel(world), "the wish")
        gate.set()
        await world.end(2)
        await assert_cancelled(world)
        assert len(world.backend.jobs) == (route == CREATE)
        assert len(world.backend.files) == (route == CREATE)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_model_is_deleted_and_told_once_whenever_the_bot_is_killed(
    when: str, tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, Trap(when, DELETE_MODEL), data=dataset) as world:
        await world.train()
        job = await world.see(lambda: succeeded(world), "the model")
        await world.ana.command("#fine-tuning", "/ft", f"delete {job.model}")
        question = await world.see(lambda: last_note(world, "can't be undone"), "the question")
        await world.press(question, "delete_model_yes")
        await world.see(lambda: world.bot.lives == 2 and world.bot.alive, "the kill")
        await world.press(question, "delete_model_yes")
        await world.end(6)
        assert job.model not in world.backend.models
        await world.assert_told(job, *TOLD)
        assert ["deleted the model" in root["text"] for root in world.roots()] == [False, True]
        async with world.store.begin() as tx:
            model = await tx.models.get("T0SANDBOX1", job.model)
        assert model
        assert model.deleted_by == "U0ANA00001"


async def assert_cancelled(world: World) -> None:
    (job,) = await world.jobs()
    assert job.status == "cancelled"
    assert all(made.status == "cancelled" for made in world.backend.jobs.values())
    await world.assert_told(job, "cancelled by <@U0ANA00001>")


def with_id(world: World) -> Message | None:
    """The job's card, once the backend has the job."""
    return world.roots()[0] if world.backend.jobs and world.roots() else None


async def asked_to_cancel(world: World) -> bool:
    return any(job.cancel_requested_by for job in await world.jobs())


async def succeeded(world: World) -> Job | None:
    return next((job for job in await world.jobs() if job.closed and job.model), None)


async def last_note(world: World, containing: str) -> Message | None:
    return next((note for note in await world.ana.notes() if containing in note["text"]), None)
