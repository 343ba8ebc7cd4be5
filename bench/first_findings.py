"""How soon the thread of a large broken file shows what is wrong, and how soon "Stop checking" ends it.

    python -m bench.first_findings [--megabytes 1000]

Starts a sandbox workspace, a backend and `ft-bot` (a process of its own, at its usual pace), drops a
generated file of which one row in a hundred is broken, and measures from the moment that all its bytes are
on the bot's disk to the first findings in the thread; then the button is pressed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.acknowledgement import CHANNEL, generated, scene
from sandbox.client import Control, until

BLOCK_MEGABYTES = 10


def broken(path: Path, megabytes: float) -> None:
    """A file in which one row in a hundred has no answer; the same block of rows again and again."""
    lines = generated(BLOCK_MEGABYTES).splitlines(keepends=True)
    block = b"".join(
        line.replace(b'"assistant"', b'"user"') if number % 100 == 50 else line
        for number, line in enumerate(lines)
    )
    with path.open("wb") as file:
        while file.tell() < megabytes * 1e6:
            file.write(block)


async def measure(megabytes: float) -> tuple[float, float]:
    """Seconds from the last byte on disk to the first findings, and from the button to the answer."""
    with tempfile.TemporaryDirectory(prefix="ft-bot-bench-") as name:
        folder = Path(name)
        large = folder / "large.jsonl"
        await asyncio.to_thread(broken, large, megabytes)
        async with scene("socket", folder, 1) as stage:
            with large.open("rb") as data:
                query = {"as": "ana", "channel": CHANNEL, "name": large.name}
                dropped = (await stage.control._call("POST", "drop", params=query, data=data))["message"]
            await seen(lambda: on_disk(folder, os.path.getsize(large)))
            arrived = time.monotonic()
            card = await reply(stage.control, dropped, "*row ")
            told = time.monotonic()
            print(card["text"].splitlines()[1])
            await stage.control.person("ana").press(card, "stop_check")
            pressed = time.monotonic()
            await reply(stage.control, dropped, "stopped the check")
            return told - arrived, time.monotonic() - pressed


def on_disk(folder: Path, size: int) -> bool:
    """Whether the bot has all bytes of the file."""
    making = folder.glob("**/files/temporary/*/drop_*")
    return any(path.stat().st_size >= size for path in making)


async def seen(look: Callable[[], bool]) -> None:
    async def once() -> bool:
        return look()

    await until(once, 600, pause=0.01)


async def reply(control: Control, dropped: dict[str, Any], words: str) -> dict[str, Any]:
    """The first reply in the file's thread, once it holds these words."""

    async def look() -> dict[str, Any] | None:
        thread = await control.thread(CHANNEL, dropped["ts"])
        return thread[1] if len(thread) > 1 and words in thread[1]["text"] else None

    return dict(await until(look, 600, pause=0.02))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=1000)
    asked = parser.parse_args()
    print(f"load: {os.getloadavg()[0]:.1f}")
    first, stopped = asyncio.run(measure(asked.megabytes))
    print(f"{asked.megabytes:.0f} MB: first findings {first:.2f} s after the download")
    print(f"stopped {stopped:.2f} s after the button")
    print(f"load: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
