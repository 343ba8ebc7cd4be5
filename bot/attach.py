"""Sends the files that are owed to a thread, none twice.

A file carries no metadata. One whose fate is unknown (a crash, a dropped connection) is looked up in
its thread by its name, which is unlike any other there, before it is sent again. A file is an extra:
what Slack doesn't take of it is logged, and given up before it keeps other messages waiting for long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_errors import FAILURES, Fate, fate, retry_after, word
from tuning.downloads import ASKED_FILE, What
from tuning.findings import FINDINGS_FILE
from tuning.ports import Clock, DatasetFiles, Store
from tuning.records import Update, UpdateState
from views.downloads import file_comment
from views.findings import findings_comment
from views.histogram import histogram_png, histogram_words

log = logging.getLogger(__name__)

#: The kinds of updates that are files.
FILES = frozenset({FINDINGS_FILE, ASKED_FILE})
GIVE_UP_AFTER = 4
PAGE = 200
#: When the whole workspace refuses us, or Slack is away.
LATER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Attachments:
    store: Store
    client: AsyncWebClient
    files: DatasetFiles
    now: Clock

    async def send(self, update: Update) -> bool:
        """Send one; whether the channel's next message may follow at once."""
        try:
            changes = await self._send(update)
        except FAILURES as error:
            changes = self._failed(update, error)
        await self._settle(update, **changes)
        return changes["state"] in (UpdateState.sent, UpdateState.dead)

    async def _send(self, update: Update) -> dict[str, Any]:
        place = await self._place(update)
        if place is None:
            return _given_up(update, "its card was not posted")
        if update.state is UpdateState.sending and await self._is_there(update, *place):
            log.info("file %s was sent before a stop", update.payload["filename"])
            return {"state": UpdateState.sent, "shown": update.revision}
        what = await self._what(update)
        if what is None:
            return _given_up(update, "its bytes are gone")
        await self._settle(update, state=UpdateState.sending)
        channel, thread = place
        await self.client.files_upload_v2(
            filename=update.payload["filename"],
            title=update.payload["filename"],
            channel=channel,
            thread_ts=thread,
            **what,
        )
        return {"state": UpdateState.sent, "shown": update.revision}

    async def _what(self, update: Update) -> dict[str, Any] | None:
        """What is uploaded, with the words above it; None when it is there no more."""
        if update.payload.get("what") == What.histogram:
            return await self._picture(update)
        path = self.files.path(update.payload["sha256"])
        comment = findings_comment if update.kind == FINDINGS_FILE else file_comment
        return {"file": str(path), "initial_comment": comment(update.payload)} if path.exists() else None

    async def _picture(self, update: Update) -> dict[str, Any] | None:
        async with self.store.begin() as tx:
            version = await tx.datasets.version(update.workspace, update.payload["version_id"])
        if version is None or not version.report.tokens.histogram:
            return None
        tokens = version.report.tokens
        return {
            "content": await asyncio.to_thread(histogram_png, tokens),
            "alt_txt": histogram_words(tokens),
            "initial_comment": file_comment(update.payload),
        }

    async def _place(self, update: Update) -> tuple[str, str] | None:
        """Channel and thread: the card's own, wherever it was posted in the end."""
        async with self.store.begin() as tx:
            card = await tx.updates.get(update.parent or "")
        if card is None or card.ts is None:
            return None
        moved = bool(card.payload.get("instead_of"))
        return card.channel, card.ts if moved else update.thread_ts or card.ts

    async def _is_there(self, update: Update, channel: str, thread: str) -> bool:
        cursor = None
        while True:
            page = await self.client.conversations_replies(
                channel=channel, ts=thread, limit=PAGE, cursor=cursor
            )
            if any(_carries(message, update.payload["filename"]) for message in page.get("messages") or []):
                return True
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return False

    def _failed(self, update: Update, error: BaseException) -> dict[str, Any]:
        meaning, tried = fate(error), update.attempts + 1
        if word(error) == "missing_scope":
            return _given_up(update, "the app lacks the scope files:write; `ft-bot doctor` checks it")
        if meaning is Fate.slower:
            later = self.now() + timedelta(seconds=retry_after(error))
            return {"state": UpdateState.pending, "not_before": later}
        if meaning is Fate.closed:
            return {"state": UpdateState.pending, "not_before": self.now() + LATER}
        if meaning is not Fate.unknown or tried >= GIVE_UP_AFTER:
            return _given_up(update, f"Slack answered {word(error)}")
        log.warning("file %s: Slack answered %s", update.payload["filename"], word(error))
        later = self.now() + timedelta(seconds=2**tried)
        return {"state": UpdateState.sending, "attempts": tried, "not_before": later}

    async def _settle(self, update: Update, **changes: Any) -> None:
        async with self.store.begin() as tx:
            fresh = await tx.updates.get(update.id) or update
            await tx.updates.save(replace(fresh, **changes))


def _given_up(update: Update, why: str) -> dict[str, Any]:
    log.error("file %s is not sent: %s", update.payload["filename"], why)
    return {"state": UpdateState.dead}


def _carries(message: Mapping[str, Any], filename: str) -> bool:
    return any(file.get("name") == filename for file in message.get("files") or ())
