"""One large file at a time and beside it one small one, first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sandbox.client import until
from tuning.lanes import Lanes

SMALL, LARGE = 10, 1000


class Work:
    """Takes turns and notes who is inside; each stays until it is let out."""

    def __init__(self) -> None:
        self.lanes = Lanes(small_bytes=100, patience=0.01)
        self.inside: list[str] = []
        self.done: list[str] = []
        self.told: list[tuple[str, int]] = []
        self.doors: dict[str, asyncio.Event] = {}

    def come(self, name: str, size: int) -> asyncio.Task[None]:
        self.doors[name] = asyncio.Event()
        return asyncio.create_task(self._stay(name, size))

    async def _stay(self, name: str, size: int) -> None:
        async def waits(ahead: int) -> None:
            self.told.append((name, ahead))

        async with self.lanes.turn(size, waits):
            self.inside.append(name)
            await self.doors[name].wait()
            self.inside.remove(name)
        self.done.append(name)


async def seen(look: Callable[[], bool]) -> None:
    async def once() -> bool:
        return look()

    assert await until(once, 10, 0.005)


async def test_a_small_file_goes_beside_a_large_one_and_each_lane_keeps_its_order() -> None:
    work = Work()
    coming = [("big", LARGE), ("bigger", LARGE), ("tiny", SMALL), ("tinier", SMALL)]
    tasks = [work.come(name, size) for name, size in coming]
    await seen(lambda: work.inside == ["big", "tiny"])
    await seen(lambda: set(work.told) == {("bigger", 1), ("tinier", 1)})
    work.doors["tiny"].set()
    await seen(lambda: work.inside == ["big", "tinier"])
    for door in work.doors.values():
        door.set()
    await asyncio.gather(*tasks)
    assert work.done.index("tiny") < work.done.index("tinier")
    assert work.done.index("big") < work.done.index("bigger")


async def test_whoever_waits_is_told_anew_when_the_line_gets_shorter() -> None:
    work = Work()
    tasks = [work.come(name, SMALL) for name in ("one", "two", "three")]
    await seen(lambda: ("three", 2) in work.told)
    work.doors["one"].set()
    await seen(lambda: ("three", 1) in work.told)
    assert [ahead for name, ahead in work.told if name == "three"] == [2, 1]
    for door in work.doors.values():
        door.set()
    await asyncio.gather(*tasks)


async def test_whoever_gives_up_waiting_leaves_the_line() -> None:
    work = Work()
    first, second, third = (work.come(name, SMALL) for name in ("one", "two", "three"))
    await seen(lambda: ("three", 2) in work.told)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await seen(lambda: ("three", 1) in work.told)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await seen(lambda: work.inside[-1:] == ["three"])
    work.doors["three"].set()
    await third
