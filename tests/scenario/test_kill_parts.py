"""A bot that is killed with -9 while a file goes to the backend in parts: one file, and no part is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.kill_world import Trap, World, open_world
from tests.fakes.killed_bot import Nursery
from tests.fakes.stage import rows

pytestmark = pytest.mark.slow

BEGIN, PART, FILES = "POST /uploads", "POST /uploads/{id}/parts", "GET /files"
COMPLETE, CANCEL = "POST /uploads/{id}/complete", "POST /uploads/{id}/cancel"
#: The dataset's file goes in four parts.
SIZE = len(rows())
LIMITS = (SIZE // 2, SIZE // 4 + 1)

CHAINS = {
    "parts": [
        Trap("before", PART),
        Trap("after", PART),
        Trap("after", PART, nth=2),
        Trap("before", COMPLETE),
    ],
    "ends": [
        Trap("before", BEGIN),
        Trap("after", BEGIN),
        Trap("after", PART, nth=3),
        Trap("after", COMPLETE),
        Trap("before", FILES),
    ],
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
async def test_kills_while_parts_are_sent_leave_one_file(
    chain: list[Trap], tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    async with open_world(tmp_path, nursery, *chain, data=dataset, limits=LIMITS) as world:
        await world.train()
        await world.end(5)
        await world.assert_succeeded()
        assert world.bot.lives == len(chain) + 1
        ((file_id, _),) = world.backend.files.items()
        assert world.backend.contents[file_id] == rows()
        # a kill costs the part that was on its way, and no other
        lost = sum(trap.where == PART for trap in chain)
        assert world.backend.count(PART) <= 4 + lost


async def test_kills_while_an_upload_is_cancelled_leave_nothing_at_the_backend(
    tmp_path: Path, nursery: Nursery, dataset: Path
) -> None:
    chain = [Trap("before", CANCEL), Trap("after", CANCEL)]
    async with open_world(tmp_path, nursery, *chain, data=dataset, limits=LIMITS) as world:
        gate = world.backend_gate(COMPLETE)
        await world.train()
        await world.see(lambda: world.backend.count(COMPLETE), "the last part")
        # the bot waits for an answer that never comes; killed, it finds the job's end asked for
        (card,) = world.roots()
        await world.press(card, "cancel_job")
        await world.see(lambda: _cancel_asked(world), "the wish")
        world.bot.kill()
        gate.set()
        await world.end(2)
        (upload,) = world.backend.uploads.values()
        assert upload.status in ("cancelled", "completed")
        assert not world.backend.files
        (job,) = await world.jobs()
        assert job.status == "cancelled"
        assert not world.backend.jobs


async def _cancel_asked(world: World) -> bool:
    return any(job.cancel_requested_by for job in await world.jobs())
