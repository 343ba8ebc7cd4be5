"""Two bot processes on one PostgreSQL database and one data folder follow the same jobs and double nothing.

A trap kills the first of them, whichever of the two sent the request: either way its answer is lost.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.databases import PostgresServer
from tests.fakes.kill_world import TOLD, Trap, open_world
from tests.fakes.killed_bot import BotProcess, Nursery

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

POST, CREATE = "chat.postMessage", "POST /fine_tuning/jobs"
KILLS = {
    "nobody is killed": [],
    "one is killed and comes back": [Trap("after", CREATE), Trap("after", POST, "First numbers")],
}


@pytest.mark.parametrize("traps", KILLS.values(), ids=KILLS)
async def test_two_processes_share_the_work_and_tell_it_once(
    traps: list[Trap], tmp_path: Path, nursery: Nursery, postgres_server: PostgresServer
) -> None:
    async with open_world(tmp_path, nursery, database_url=postgres_server.emptied()) as world:
        other = BotProcess(nursery, world.bot.environment, world.bot.folder)
        other.start()
        try:
            await world.see(lambda: world.connections() == 2, "two connections")
            await world.drop()
            await world.end(1)
            world.traps = list(traps)
            for suffix in ("one", "two"):
                await world.train(f"news suffix={suffix}")
            await world.end(11)
            jobs = await world.jobs()
            assert len(jobs) == len(world.backend.jobs) == 2
            assert len(world.backend.files) == 1
            for job in jobs:
                assert job.status == "succeeded"
                await world.assert_made_once(job)
                await world.assert_told(job, *TOLD)
        finally:
            other.close()
