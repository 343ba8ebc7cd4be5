"""How long a few rows wait while a large file is checked, and what memory both checks take.

    python -m bench.overtaking [--megabytes 1000]

Starts a sandbox workspace, a backend and `ft-bot` (a process of its own, at its usual pace), drops a
generated file, and once its check has begun another large one and 20 rows: measured is how soon the 20 rows
are answered, how soon the second large file is told to wait, and the most memory of the bot and all that it
started, as the proportional share of each process (PSS).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.acknowledgement import CHANNEL, scene
from bench.first_findings import broken
from sandbox.client import Control, until
from tests.fakes.stage import rows


async def measure(megabytes: float) -> None:
    with tempfile.TemporaryDirectory(prefix="ft-bot-bench-") as name:
        folder = Path(name)
        large = folder / "large.jsonl"
        await asyncio.to_thread(broken, large, megabytes)
        async with scene("socket", folder, 1) as stage, watched() as most:
            first = await dropped(stage.control, large)
            await reply(stage.control, first, "rows checked")
            with large.open("ab") as more:
                more.write(rows(1))
            second = await dropped(stage.control, large)
            began = time.monotonic()
            small = await stage.control.person("ben").drop(CHANNEL, "small.jsonl", rows(20, "World"))
            await reply(stage.control, small, "Kept as")
            print(f"20 rows are answered after {time.monotonic() - began:.1f} s")
            still = (await stage.control.thread(CHANNEL, first["ts"]))[1]
            print(f"the large file is at: {still['text'].splitlines()[0]}")
            waits = await reply(stage.control, second, "waits")
            print(f"the second large file says: {waits['text']}")
            for root in (first, second):
                card = await reply(stage.control, root, "So far")
                await stage.control.person("ana").press(card, "stop_check")
                await reply(stage.control, root, "stopped the check")
            print(f"at most {max(most) / 1e6:,.0f} MB in the bot and its checks")


async def dropped(control: Control, file: Path) -> dict[str, Any]:
    with file.open("rb") as data:
        query = {"as": "ana", "channel": CHANNEL, "name": file.name}
        return dict((await control._call("POST", "drop", params=query, data=data))["message"])


async def reply(control: Control, root: dict[str, Any], words: str) -> dict[str, Any]:
    """The first reply in a file's thread, once it holds these words."""

    async def look() -> dict[str, Any] | None:
        thread = await control.thread(CHANNEL, root["ts"])
        return thread[1] if len(thread) > 1 and words in str(thread[1]) else None

    return dict(await until(look, 600, pause=0.05))


@asynccontextmanager
async def watched() -> AsyncIterator[list[int]]:
    """The memory of all processes that were started from here, in bytes, ten times a second."""
    seen: list[int] = [0]

    async def watch() -> None:
        while True:
            seen.append(await asyncio.to_thread(memory))
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        watching.cancel()


def memory() -> int:
    total = 0
    for one in psutil.Process(os.getpid()).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += one.memory_full_info().pss
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=float, default=1000)
    asyncio.run(measure(parser.parse_args().megabytes))
