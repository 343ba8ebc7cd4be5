"""The channel on a terminal: prints messages as they appear and change."""

from __future__ import annotations

import asyncio
import html
import re
import sys
import textwrap
import time
from typing import Any

from sandbox.client import Control

Entry = dict[str, Any]

WIDTH = 100
#: Slack's asterisks; a terminal does without.
BOLD = re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)")
#: The same card is printed again after this many seconds at the earliest.
CARD_SECONDS = 4.0


class Screen:
    """Follows the sandbox's log and prints it."""

    def __init__(self, control: Control, began: float) -> None:
        self._control = control
        self._names: dict[str, str] = {}
        self._printed: dict[str, tuple[float, str]] = {}
        self._began = began
        self._since = 0

    async def follow(self) -> None:
        """Print until cancelled."""
        while True:
            await self._print(wait=5)

    async def catch_up(self) -> None:
        """Print all that has happened until now."""
        while await self._print():
            pass

    async def _print(self, wait: float = 0) -> bool:
        """Print what is new, and say whether there was any; two may do so at once."""
        entries = await self._control.log(self._since, wait)
        for entry in entries:
            if entry["seq"] > self._since:
                self._since = entry["seq"]
                self._entry(entry)
        return bool(entries)

    async def say(self, text: str) -> None:
        """A line of the demo's own, after all that came before it: what is done now, or what it waits for."""
        await self.catch_up()
        seconds = time.monotonic() - self._began
        print(f"\n[{seconds:5.1f} s] {text}", flush=True)

    async def learn_names(self) -> None:
        """Who is who in the workspace."""
        state = await self._control.state()
        for person in state["people"]:
            self._names[person["id"]] = person["name"]
        for channel in state["channels"]:
            self._names[channel["id"]] = channel["name"]

    def _entry(self, entry: Entry) -> None:
        kind, message = entry["kind"], entry["data"].get("message") or {}
        if kind not in ("message", "message_changed", "ephemeral") or not message.get("ts"):
            return
        text = self._readable(message)
        if kind == "message_changed":
            # a card that was shown whole before: what is new stands in its first line
            text = text.partition("\n")[0]
        last, before = self._printed.get(message["ts"], (0.0, ""))
        if text == before or (kind == "message_changed" and time.monotonic() - last < CARD_SECONDS):
            return
        self._printed[message["ts"]] = (time.monotonic(), text)
        who = self._names.get(message.get("user", ""), "ft-bot")
        mark = "only you see this" if kind == "ephemeral" else ("edited" if before else "")
        indent = "      " if message.get("thread_ts") not in (None, message["ts"]) else "  "
        head = f"{indent}{who}{f' ({mark})' if mark else ''}:"
        if mark == "edited":
            print(f"{head} {text}", flush=True)
            return
        print(head)
        for line in text.splitlines():
            print(textwrap.fill(line, WIDTH, initial_indent=indent + "| ", subsequent_indent=indent + "|   "))
        sys.stdout.flush()

    def _readable(self, message: Entry) -> str:
        """A message's words, its files and its buttons."""
        text = message.get("text") or ""
        files = "".join(f"\n[file {file['name']}]" for file in message.get("files") or [])
        pressable = [
            element["text"]["text"]
            for block in message.get("blocks") or []
            for element in [*block.get("elements", []), block.get("accessory") or {}]
            if element.get("type") == "button"
        ]
        buttons = f"\n[{'] ['.join(pressable)}]" if pressable else ""
        words = BOLD.sub(r"\1", re.sub(r"<([^<>]*)>", self._reference, text))
        return (html.unescape(words) + files + buttons).strip()

    def _reference(self, match: re.Match[str]) -> str:
        """A mention, channel or date as a person sees it."""
        inner = match.group(1)
        if inner.startswith("!date"):
            return inner.rpartition("|")[2]
        if inner[:1] in "@#":
            return inner[0] + self._names.get(inner[1:].partition("|")[0], inner[1:])
        return inner.rpartition("|")[2]


async def running(screen: Screen) -> asyncio.Task[None]:
    """A task that prints until it is cancelled."""
    await screen.learn_names()
    return asyncio.create_task(screen.follow())
