"""Sends what is owed, in order, one channel at a time, none twice.

A message carries its update's id in its metadata. Before a post the update is marked as being sent;
one that is found so later (a crash, a dropped connection) is looked up in the channel before it is
sent again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.attach import FILES, Attachments
from bot.bucket import Bucket
from bot.refused import EDIT_EVERY, after, after_search, unshowable
from bot.render import Nothing, Renderer
from bot.search import find
from bot.slack_errors import FAILURES, Fate, fate, word
from tuning.errors import FtBotError
from tuning.ports import Clock, Leases, Store
from tuning.records import Update, UpdateState
from views.blocks import context
from views.rendered import Rendered
from views.text import mention_channel

log = logging.getLogger(__name__)

EVENT_TYPE = "ft_bot_update"
#: A workspace that refuses our token is tried again after this long.
CLOSED_FOR = timedelta(seconds=60)
#: What any client and workspace takes.
PLAIN_LIMIT = 3000


@dataclass(slots=True)
class Courier:
    """One pass is `deliver_once`; the schedule calls it again and again."""

    store: Store
    client: AsyncWebClient
    render: Renderer
    leases: Leases
    now: Clock
    attachments: Attachments | None = None
    edit_every: timedelta = EDIT_EVERY
    burst: int = 4
    per_second: float = 1.0
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _closed: dict[str, datetime] = field(default_factory=dict)

    async def deliver_once(self) -> None:
        """Send what is due, as far as Slack's limits let us."""
        now = self.now()
        async with self.store.begin() as tx:
            channels = await tx.updates.open_channels(now)
        open_now = [(w, c) for w, c in channels if self._closed.get(w, now) <= now]
        await asyncio.gather(*(self._channel(workspace, channel) for workspace, channel in open_now))

    async def _channel(self, workspace: str, channel: str) -> None:
        lease = f"channel:{workspace}:{channel}"
        if not await self.leases.acquire(lease):
            return
        try:
            bucket = self._buckets.setdefault(channel, Bucket(self.burst, self.per_second, self.burst))
            while True:
                async with self.store.begin() as tx:
                    update = await tx.updates.next_in(workspace, channel, self.now())
                if update is None or not bucket.take() or not await self._send(update):
                    return
        except Exception:
            log.exception("updates of channel %s could not be sent", channel)
        finally:
            await self.leases.release(lease)

    async def _send(self, update: Update) -> bool:
        """Send or edit one; whether the next one may follow at once."""
        if update.kind in FILES and self.attachments:
            return await self.attachments.send(update)
        try:
            message = await self.render(update)
        except Nothing as gone:
            log.error("update %s can't be shown: %s", update.id, gone)
            await self._settle(update, state=UpdateState.dead, shown=update.revision)
            return True
        except FtBotError:
            # the database or the backend is away: the next pass finds the update as it is
            raise
        except Exception:
            log.exception("update %s can't be rendered", update.id)
            await self._settle(update, **unshowable(update, self.now()))
            return True
        try:
            if update.ts:
                await self._edit(update, message)
                return True
            return await self._post(update, message)
        except FAILURES as error:
            return await self._failed(update, error)

    async def _edit(self, update: Update, message: Rendered) -> None:
        await self.client.chat_update(channel=update.channel, ts=update.ts or "", **_content(update, message))
        # the next edit of this card waits its time; other messages of the channel don't
        await self._settle(update, shown=update.revision, attempts=0, not_before=self.now() + self.edit_every)

    async def _post(self, update: Update, message: Rendered) -> bool:
        channel, thread = await self._place(update)
        if update.state is UpdateState.sending:
            try:
                found = await find(self.client, update, channel, thread)
            except FAILURES as error:
                log.warning("%s can't be searched just now: Slack answered %s", channel, word(error))
                self._close_for_now(update, error)
                await self._settle(update, **after_search(update, error, self.now()))
                return False
            if found:
                log.info("update %s was posted before a stop", update.id)
                # in which state is not known: a card is edited once more
                await self._sent(update, *found, shown=0)
                return True
        await self._settle(update, state=UpdateState.sending)
        if moved := update.payload.get("instead_of"):
            note = context(
                f"Told here because I can't write in {mention_channel(moved)}: `/invite` me there."
            )
            message = Rendered(message.text, [*message.blocks, note])
        posted = await self.client.chat_postMessage(
            channel=channel,
            thread_ts=thread,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"update_id": update.id}},
            unfurl_links=False,
            unfurl_media=False,
            **_content(update, message),
        )
        where = str(posted.get("channel") or channel)
        await self._sent(update, where, str(posted["ts"]), shown=update.revision)
        return True

    async def _sent(self, update: Update, channel: str, ts: str, *, shown: int) -> None:
        await self._settle(
            update,
            state=UpdateState.sent,
            channel=channel,
            ts=ts,
            shown=shown,
            attempts=0,
            not_before=self.now() + self.edit_every,
        )

    async def _place(self, update: Update) -> tuple[str, str | None]:
        """The channel and the thread's root: the parent's message when there is one."""
        if update.parent:
            async with self.store.begin() as tx:
                parent = await tx.updates.get(update.parent)
            if parent and parent.ts and not update.payload.get("instead_of"):
                return parent.channel, parent.ts
        return update.channel, update.thread_ts

    async def _failed(self, update: Update, error: BaseException) -> bool:
        """Settle an update that Slack didn't take; whether to go on in its channel."""
        meaning, now = fate(error), self.now()
        log.warning("update %s for %s: Slack answered %s", update.id, update.channel, word(error))
        if meaning is Fate.elsewhere and not update.ts:
            await self._divert(update)
            return True
        self._close_for_now(update, error)
        changes = after(update, error, now)
        if changes.get("state") is UpdateState.dead:
            log.error("update %s is given up: %s", update.id, word(error))
        await self._settle(update, **changes)
        return meaning not in (Fate.slower, Fate.closed, Fate.unknown)

    def _close_for_now(self, update: Update, error: BaseException) -> None:
        """Leave a workspace that refuses our token alone for a while."""
        if fate(error) is Fate.closed:
            log.error("workspace %s refuses us (%s): see `ft-bot doctor`", update.workspace, word(error))
            self._closed[update.workspace] = self.now() + CLOSED_FOR

    async def _divert(self, update: Update) -> None:
        """Tell the person directly what the channel can't be told."""
        if not update.recipient or update.payload.get("instead_of"):
            log.error("update %s can be told to nobody", update.id)
            await self._settle(update, state=UpdateState.dead)
            return
        try:
            opened = await self.client.conversations_open(users=[update.recipient])
            direct = str(opened["channel"]["id"])
        except FAILURES as error:
            log.warning("no direct channel with %s: %s", update.recipient, word(error))
            direct = update.recipient
        await self._settle(
            update,
            state=UpdateState.pending,
            channel=direct,
            thread_ts=None,
            payload={**update.payload, "instead_of": update.channel},
        )

    async def _settle(self, update: Update, **changes: Any) -> None:
        """Write these fields over what is on record now (a card may have been revised since)."""
        async with self.store.begin() as tx:
            fresh = await tx.updates.get(update.id) or update
            await tx.updates.save(replace(fresh, **changes))


def _content(update: Update, message: Rendered) -> dict[str, Any]:
    """Text and blocks, or the text alone where the blocks were refused once."""
    if update.payload.get("plain"):
        return {"text": message.text[:PLAIN_LIMIT], "blocks": []}
    return {"text": message.text, "blocks": message.blocks}
