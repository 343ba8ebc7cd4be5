"""The schedule starts and stops without a word, however often it is told to."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.schedule import Schedule
from tests.fakes.stage import Stage


async def test_stopping_twice_at_once_raises_nothing(stage: Stage) -> None:
    schedule: Schedule = stage.bot.schedule
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    schedule.start()
    schedule.stop()
    schedule.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not complaints


async def test_a_pass_at_work_comes_to_its_end_before_the_stop(stage: Stage) -> None:
    schedule: Schedule = stage.bot.schedule
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()
        ended.set()

    schedule._every("slow", 3600.0, slow)
    schedule.start()
    await begun.wait()
    finishing = asyncio.create_task(schedule.finish())
    await asyncio.sleep(0)
    assert not finishing.done()
    go_on.set()
    await finishing
    assert ended.is_set()
