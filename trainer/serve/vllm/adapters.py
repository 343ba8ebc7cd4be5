"""The adapters that one vLLM process knows; the one not asked for longest makes room for the next.

vLLM's routes for this open any path that they are given; they are given folders of this server's jobs only.
An adapter is called by its folder, so that a name never means other weights than before.
"""

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Any, Protocol

from trainer.errors import ApiError, server_error

LOAD, UNLOAD, LIST = "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/v1/models"


class Call(Protocol):
    """One request to vLLM: its status and its JSON body, None for a body that isn't JSON."""

    async def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Ask."""
        ...


class Gone(Exception):
    """The adapter's folder is not there any more."""


class Adapters:
    """Folders and the number of answers that each of them is making."""

    def __init__(self, made_here: Path, most: int, call: Call) -> None:
        self.made_here = made_here
        self.most = most
        self.call = call
        self.known: OrderedDict[str, int] = OrderedDict()
        self.changing = asyncio.Lock()

    async def take(self, folder: str) -> None:
        """Have an adapter loaded, and keep it until it is released."""
        if folder not in self.known:
            async with self.changing:
                if folder not in self.known:
                    await self._make_room()
                    await self._load(folder)
                    self.known[folder] = 0
        self.known.move_to_end(folder)
        self.known[folder] += 1

    def release(self, folder: str) -> None:
        """An answer ended."""
        if folder in self.known:
            self.known[folder] -= 1

    def lost(self, folder: str) -> None:
        """vLLM does not know it any more."""
        self.known.pop(folder, None)

    async def forget(self, folder: str) -> None:
        """A model was deleted: answers in the making end as they would have."""
        async with self.changing:
            if self.known.pop(folder, None) is not None:
                await self._unload(folder)

    async def _make_room(self) -> None:
        """Only vLLM's list gets longer when all adapters are answering: its memory has a bound of its own."""
        for folder in [folder for folder, answers in self.known.items() if not answers]:
            if len(self.known) >= self.most:
                del self.known[folder]
                await self._unload(folder)

    async def _load(self, folder: str) -> None:
        self._check(Path(folder))
        status, body = await self.call("POST", LOAD, {"lora_name": folder, "lora_path": folder})
        if status != 200 and not await self._has(folder):
            self._check(Path(folder))
            reason = body["error"]["message"] if isinstance(body, dict) and "error" in body else status
            message = f"The model's adapter could not be loaded for answering: {reason}"
            raise ApiError(500, message, code="model_not_loadable", kind="server_error")

    def _check(self, path: Path) -> None:
        if not path.resolve().is_relative_to(self.made_here.resolve()):
            raise server_error("The model's folder is none of this server's.")
        if not path.is_dir():
            raise Gone(path)

    async def _has(self, folder: str) -> bool:
        """Whether vLLM knows it, for instance because a client left while it was being loaded."""
        _, body = await self.call("GET", LIST)
        return isinstance(body, dict) and any(model["id"] == folder for model in body.get("data", []))

    async def _unload(self, folder: str) -> None:
        await self.call("POST", UNLOAD, {"lora_name": folder})
