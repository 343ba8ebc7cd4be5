"""The engine that the settings ask for, and the one promise that is the same for all of them.

A model that is deleted while a question of it still waits answers 404 at once, whatever the engine does then.
"""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from trainer.errors import no_such_model
from trainer.serve.local import Local
from trainer.serve.port import Engine, Question, Said
from trainer.serve.vllm.pool import Vllm
from trainer.settings import Serving, Settings, SettingsError


class Engines:
    """Chooses by base: the tiny base and what was made of it are always answered locally."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self.local: Engine = Local(home / "logs" / "serve.log", settings.serving)
        self.vllm: Engine | None = Vllm(home, settings.serving) if uses_vllm(settings.serving) else None
        self.waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    async def answer(self, question: Question) -> AsyncGenerator[Said, None]:
        """What the right engine says."""
        deleted = asyncio.Event()
        folder = question["folder"] or ""
        self.waiting[folder].add(deleted)
        async with aclosing(self._of(question["base"]).answer(question)) as saying:
            try:
                first = await _first(saying, deleted, question["model"])
            finally:
                self._no_longer_waits(folder, deleted)
            yield first
            async for said in saying:
                yield said

    def _no_longer_waits(self, folder: str, deleted: asyncio.Event) -> None:
        self.waiting[folder].discard(deleted)
        if not self.waiting[folder]:
            del self.waiting[folder]

    async def get_ready(self, base: dict[str, Any], folder: str | None) -> None:
        """Soon someone will ask this model."""
        await self._of(base).get_ready(base, folder)

    def forget(self, folder: str) -> None:
        """A model was deleted."""
        for deleted in self.waiting.get(folder, ()):
            deleted.set()
        for engine in self._all():
            engine.forget(folder)

    async def stop(self) -> None:
        """End every process."""
        await asyncio.gather(*(engine.stop() for engine in self._all()))

    def _of(self, base: dict[str, Any]) -> Engine:
        return self.local if self.vllm is None or base["source"] == "tiny" else self.vllm

    def _all(self) -> list[Engine]:
        return [self.local] if self.vllm is None else [self.local, self.vllm]


async def _first(saying: AsyncGenerator[Said, None], deleted: asyncio.Event, model: str) -> Said:
    """The first word of an answer, unless its model is deleted before."""
    word, gone = asyncio.ensure_future(anext(saying)), asyncio.ensure_future(deleted.wait())
    try:
        await asyncio.wait({word, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not word.done():
            raise no_such_model(model)
        return word.result()
    finally:
        for task in (word, gone):
            task.cancel()
        # The generator may only be closed once nothing runs in it.
        await asyncio.gather(word, gone, return_exceptions=True)


def uses_vllm(serving: Serving) -> bool:
    """Whether answers come from vLLM; raises SettingsError if they must and it isn't there."""
    found = shutil.which(serving.vllm)
    if serving.engine == "vllm" and found is None:
        raise SettingsError(f"serving.vllm: no program {serving.vllm!r}; install vLLM or name its path")
    return serving.engine == "vllm" or (serving.engine == "auto" and found is not None and _has_gpu())


def _has_gpu() -> bool:
    devices = Path("/dev")
    return any(devices.glob("nvidia[0-9]*")) or (devices / "kfd").exists()
