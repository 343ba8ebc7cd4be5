"""Redacts, converts and splits files in a niced process, as `checker` checks them."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from bot.checker import run_module
from tuning.errors import FileUnreadable
from tuning.lanes import Lanes
from tuning.records import Offer, Remedy

log = logging.getLogger(__name__)

MODULE = "tuning.datasets.rework"
#: The exit code of a file that can't be used: its reason is for people.
CANNOT = 2


@dataclass(frozen=True, slots=True)
class ProcessReworker:
    """Fulfils `tuning.ports.Reworker`; one large file at a time, and beside it a small one or a preview."""

    lanes: Lanes = field(default_factory=Lanes)

    async def redact(self, source: Path, target: Path) -> dict[str, int]:
        found = await self._run("redact", source, str(target))
        return {str(code): int(number) for code, number in found.items()}

    async def plain(self, source: Path, target: Path, most: int) -> tuple[str, str]:
        made = await self._run("plain", source, str(target), str(most))
        return str(made["packing"]), str(made["encoding"])

    async def preview(self, source: Path, remedy: Remedy | None = None) -> Offer:
        return msgspec.convert(await self._run("preview", source, _options(remedy), reads=0), Offer)

    async def convert(self, source: Path, target: Path, remedy: Remedy) -> Remedy:
        made = await self._run("convert", source, str(target), _options(remedy))
        return replace(remedy, rows=made["rows"], skipped=made["skipped"], skips=tuple(made["skips"]))

    async def split(
        self, source: Path, folder: Path, *, validation: float, heldout: float, seed: int
    ) -> list[tuple[str, Path]]:
        options = {"validation": validation, "heldout": heldout, "seed": seed}
        made = await self._run("split", source, str(folder), json.dumps(options))
        return [(name, Path(path)) for name, path in made]

    async def _run(self, what: str, source: Path, *options: str, reads: int | None = None) -> Any:
        """`reads` tells how many bytes are read when it isn't the whole file."""
        size = await asyncio.to_thread(_size, source) if reads is None else reads
        async with self.lanes.turn(size):
            out, err, code = await run_module(MODULE, what, str(source), *options)
        words = err.decode(errors="replace").strip()
        if code == CANNOT:
            raise FileUnreadable(words)
        if code != 0:
            # what went wrong may quote the file: only its kind is written down
            kind = (words.splitlines() or [""])[-1].partition(":")[0][:100]
            log.error("%s %s ended with %s: %s", MODULE, what, code, kind)
            raise FileUnreadable("The file could not be worked on.", remedy="Tell the administrator.")
        return json.loads(out)


def _size(path: Path) -> int:
    """0 for a file that is gone: the process says so in words."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _options(remedy: Remedy | None) -> str:
    """A conversion's texts."""
    if remedy is None:
        return "{}"
    return json.dumps({"user": remedy.user, "assistant": remedy.assistant, "system": remedy.system})
