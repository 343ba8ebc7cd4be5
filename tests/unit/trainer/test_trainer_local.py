"""The server's end of the pipe to the answering process."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from trainer.errors import ApiError
from trainer.jobs import child
from trainer.serve import local
from trainer.serve.local import Local
from trainer.settings import Serving

LONG = {"model": "m", "messages": [{"role": "user", "content": "x" * 3_000_000}]}


@pytest.fixture
async def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Local]:
    """An engine whose process reads nothing, as one that was stopped."""

    def start(*_: Any, **__: Any) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    monkeypatch.setattr(child, "start", start)
    engine = Local(tmp_path / "log", Serving())
    yield engine
    await engine.stop()


async def ask(engine: Local) -> None:
    async for _ in engine.answer(LONG):
        pass


async def begun(engine: Local) -> None:
    """Until the question was sent, and the loop has had some more turns."""
    for _ in range(50):
        await asyncio.sleep(0.01)
    assert engine.waiting


async def test_a_process_that_reads_nothing_holds_up_nobody_but_those_who_ask_it(stuck: Local) -> None:
    asking = asyncio.create_task(ask(stuck))
    began = time.monotonic()
    await begun(stuck)
    assert time.monotonic() - began < 5
    assert not asking.done()
    stuck.process.kill()
    with pytest.raises(ApiError) as error:
        await asking
    assert error.value.code == "answerer_ended"


async def test_a_process_that_reads_nothing_is_not_given_more_and_more(
    stuck: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "MOST_UNREAD", 1_000_000)
    asking = asyncio.create_task(ask(stuck))
    await begun(stuck)
    with pytest.raises(ApiError) as error:
        await ask(stuck)
    assert (error.value.status, error.value.code) == (503, "answerer_busy")
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
