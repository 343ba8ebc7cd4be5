"""A bot that is killed with -9 at a named point of a job and started again: one job, one thread, told once.

A point is a request of the bot: "before" it did anything, or "after" it did its work and before the
answer left.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.kill_world import Trap, open_world
from tests.fakes.killed_bot import Nursery

pytestmark = pytest.mark.slow

POST_FILE, FILES = "POST /files", "GET /files"
CREATE, JOBS = "POST /fine_tuning/jobs", "GET /fine_tuning/jobs"
RETRIEVE = "GET /fine_tuning/jobs/{id}"
EVENTS, CHECKPOINTS = f"{RETRIEVE}/events", f"{RETRIEVE}/checkpoints"
POST, EDIT, SEARCH = "chat.postMessage", "chat.update", "conversations.history"

#: The most dangerous ones; all others stand in the chains.
POINTS = [
    Trap("after", POST, "Uploading"),
    Trap("after", POST_FILE),
    Trap("before", CREATE),
    Trap("after", CREATE),
    Trap("after", POST, "succeeded"),
    Trap("after", EDIT, nth=3),
]

#: Several kills in a row; what the second one meets is the recovery from the first.
CHAINS = {
    "upload": [
        Trap("before", POST_FILE),
        Trap("before", FILES),
        Trap("after", POST_FILE),
        Trap("after", FILES),
        Trap("before", CREATE),
    ],
    "create": [
        Trap("after", CREATE),
        Trap("before", JOBS),
        Trap("after", JOBS),
        Trap("before", RETRIEVE),
        Trap("before", EVENTS),
        Trap("after", CHECKPOINTS),
    ],
    "poll": [
        Trap("after", RETRIEVE, nth=3),
        Trap("before", CHECKPOINTS, nth=2),
        Trap("after", EVENTS, nth=2),
        Trap("before", EDIT),
        Trap("after", EDIT),
    ],
    "card": [
        Trap("before", POST, "Uploading"),
        Trap("before", SEARCH),
        Trap("after", POST),
        Trap("after", SEARCH),
        Trap("after", EDIT),
    ],
    "thread": [
        Trap("before", POST, "started"),
        Trap("after", POST, "started"),
        Trap("before", "conversations.replies"),
        Trap("after", POST, "Checkpoint"),
        Trap("before", POST, "succeeded"),
        Trap("after", POST, "succeeded"),
    ],
}


@pytest.mark.parametrize("trap", POINTS, ids=str)
async def test_a_kill_at_a_point_of_a_job_doubles_and_loses_nothing(
    trap: Trap, tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, trap, data=dataset) as world:
        await world.train()
        await world.end(5)
        await world.assert_succeeded()
        assert world.bot.lives == 2


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
async def test_kills_in_a_row_double_and_lose_nothing(
    chain: list[Trap], tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, *chain, data=dataset) as world:
        await world.train()
        await world.end(5)
        await world.assert_succeeded()
        assert world.bot.lives == len(chain) + 1


async def test_the_real_command_is_killed_and_goes_on(
    tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    traps = [Trap("after", POST_FILE), Trap("after", POST, "started")]
    async with open_world(tmp_path, nursery, *traps, data=dataset, command=True) as world:
        await world.train()
        await world.end(5)
        await world.assert_succeeded()
        assert world.bot.lives == 3


async def test_a_job_that_ended_while_the_bot_was_dead_is_told_to_its_end(
    tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, Trap("after", CREATE), data=dataset, alive=False) as world:
        world.bot.start()
        await world.train()
        await world.see(lambda: not world.bot.alive, "the kill")
        (job_id,) = world.backend.jobs
        model = world.backend.finish(job_id)
        world.bot.start()
        await world.end(5)
        await world.assert_succeeded()
        async with world.store.begin() as tx:
            assert await tx.models.get("T0SANDBOX1", model)
