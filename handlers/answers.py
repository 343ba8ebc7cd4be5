"""An answer on its way into a thread: streamed, or in a message that is edited where it can't be."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_chat_stream import AsyncChatStream
from slack_sdk.web.async_client import AsyncWebClient

from tuning.ask import Answer
from tuning.errors import BackendError
from tuning.records import Ask, Person
from views import ask as view
from views.rendered import Rendered
from views.stream import SafeStream

log = logging.getLogger(__name__)

#: Seconds between two signs of growth: a stream's, and an edited message's.
STREAM_EVERY, EDIT_EVERY = 0.5, 1.5
#: Slack takes 12,000 characters in one streamed message.
STREAM_LIMIT = 11_000

SlackRefused = (SlackApiError, SlackRequestError)


@dataclass(frozen=True, slots=True)
class Thread:
    """Where an answer goes, and to whom."""

    client: AsyncWebClient
    channel: str
    ts: str
    person: Person


@dataclass(slots=True)
class Streamed:
    """Slack's own streams; a full message is followed by another one."""

    thread: Thread
    safe: SafeStream = field(default_factory=SafeStream)
    stream: AsyncChatStream | None = None
    waiting: str = ""
    length: int = 0
    sent_at: float = 0.0

    async def write(self, piece: str) -> None:
        self.waiting += self.safe.feed(piece)
        if self.waiting and time.monotonic() - self.sent_at > STREAM_EVERY:
            await self._flush()

    async def end(self, ask: Ask) -> None:
        self.waiting += self.safe.finish()
        if self.waiting:
            await self._flush()
        if self.stream:
            await self.stream.stop(blocks=view.footer(ask))

    async def _flush(self) -> None:
        while self.waiting:
            piece, self.waiting = self.waiting[:STREAM_LIMIT], self.waiting[STREAM_LIMIT:]
            if self.stream and self.length + len(piece) > STREAM_LIMIT:
                await self.stream.stop()
                self.stream, self.length = None, 0
            if self.stream is None:
                self.stream = await self.thread.client.chat_stream(
                    channel=self.thread.channel,
                    thread_ts=self.thread.ts,
                    recipient_user_id=self.thread.person.user,
                    recipient_team_id=self.thread.person.workspace,
                    buffer_size=1,
                )
            await self.stream.append(markdown_text=piece)
            self.length += len(piece)
            self.sent_at = time.monotonic()


@dataclass(slots=True)
class Edited:
    """A message that is edited as the answer grows: for workspaces without streams."""

    thread: Thread
    ts: str | None = None
    sent_at: float = 0.0

    async def show(self, ask: Ask) -> None:
        if time.monotonic() - self.sent_at > EDIT_EVERY:
            await self._put(view.answer_final(ask.answer, ask)[:1])
            self.sent_at = time.monotonic()

    async def end(self, ask: Ask) -> None:
        await self._put(view.answer_final(ask.answer, ask))

    async def _put(self, messages: Sequence[Rendered]) -> None:
        """The first message is posted or edited, the others are posted below it."""
        client, where = self.thread.client, self.thread.channel
        for number, message in enumerate(messages):
            if number == 0 and self.ts:
                await client.chat_update(channel=where, ts=self.ts, text=message.text, blocks=message.blocks)
                continue
            posted = await client.chat_postMessage(
                channel=where, thread_ts=self.thread.ts, text=message.text, blocks=message.blocks
            )
            if number == 0:
                self.ts = posted["ts"]


async def tell(answer: Answer, thread: Thread) -> BackendError | None:
    """Write an answer into the thread as it comes; what broke it off is returned, with the rest told."""
    streamed = Streamed(thread)
    edited: Edited | None = None
    broken: BackendError | None = None
    try:
        async for piece in answer.texts():
            if edited is None:
                edited = await _written(streamed, piece)
            if edited:
                await edited.show(answer.ask)
    except BackendError as error:
        log.warning("ask %s broke off: %s", answer.ask.id, error)
        broken = error
    if edited is None:
        try:
            await streamed.end(answer.ask)
        except SlackRefused as error:
            edited = _instead(streamed, error)
    if edited or not answer.ask.answer:
        await (edited or Edited(thread)).end(answer.ask)
    return broken


async def _written(streamed: Streamed, piece: str) -> Edited | None:
    """None while the stream goes on, else what takes its place."""
    try:
        await streamed.write(piece)
    except SlackRefused as error:
        return _instead(streamed, error)
    return None


def _instead(streamed: Streamed, error: Exception) -> Edited:
    log.warning("no stream in %s, so the answer is edited: %s", streamed.thread.channel, error)
    return Edited(streamed.thread, ts=streamed.stream.ts if streamed.stream else None)
