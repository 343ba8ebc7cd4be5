"""The schedule starts and stops without a word, however often it is told to."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.schedule import Schedule


async def test_stopping_twice_at_once_raises_nothing(stage: Any) -> None:
    schedule: Schedule = stage.bot.schedule
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    schedule.start()
    schedule.stop()
    schedule.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not complaints
