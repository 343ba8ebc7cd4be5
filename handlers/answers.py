"""An answer on its way into a thread: streamed, or in messages that are edited where it can't be."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_chat_stream import AsyncChatStream
from slack_sdk.web.async_client import AsyncWebClient

from handlers.posting import last_reply, post_once
from handlers.slack_trouble import FAILURES, word
from tuning.ask import Answer
from tuning.errors import BackendError
from tuning.records import Ask, Person
from views import ask as view
from views.rendered import Rendered
from views.stream import SafeStream
from views.text import chunks

log = logging.getLogger(__name__)

#: Seconds between two signs of growth: a stream's, and an edited message's.
STREAM_EVERY, EDIT_EVERY = 0.5, 1.5
#: Slack takes 12,000 characters in one streamed message.
STREAM_LIMIT = 11_000


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
    #: The timestamps of the messages that are full.
    full: list[str] = field(default_factory=list)

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

    @property
    def messages(self) -> list[str]:
        """The timestamps of all messages so far, as far as they are known."""
        current = self.stream.ts if self.stream else None
        return [*self.full, current] if current else self.full

    async def _flush(self) -> None:
        text, self.waiting = self.waiting, ""
        pieces = [text] if len(text) <= STREAM_LIMIT else chunks(text, STREAM_LIMIT)
        for piece in pieces:
            if self.stream and self.length + len(piece) > STREAM_LIMIT:
                await self._next_message()
            await self._append(piece)

    async def _next_message(self) -> None:
        if self.stream and self.stream.ts:
            await self.stream.stop()
            self.full.append(self.stream.ts)
        self.stream, self.length = None, 0

    async def _append(self, piece: str) -> None:
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
    """Messages that are edited as the answer grows: for workspaces without streams, or when one broke."""

    thread: Thread
    messages: list[str] = field(default_factory=list)
    sent_at: float = 0.0

    async def show(self, ask: Ask) -> None:
        if time.monotonic() - self.sent_at > EDIT_EVERY:
            await self._put(ask, view.answer_so_far(ask.answer)[:1])
            self.sent_at = time.monotonic()

    async def end(self, ask: Ask) -> None:
        await self._put(ask, view.answer_final(ask.answer, ask))

    async def _put(self, ask: Ask, pieces: Sequence[Rendered]) -> None:
        """The messages that are there are edited, the others are posted below them."""
        client, where = self.thread.client, self.thread.channel
        for number, piece in enumerate(pieces):
            if number < len(self.messages):
                ts = self.messages[number]
                await client.chat_update(channel=where, ts=ts, text=piece.text, blocks=piece.blocks)
                continue
            key = f"{ask.id}:{number}"
            _, ts = await post_once(client, piece, key, where, self.thread.ts)
            self.messages.append(ts)


async def tell(answer: Answer, thread: Thread) -> BackendError | None:
    """Write an answer into the thread as it comes; what broke it off is returned, with the rest told.

    Raises one of FAILURES when Slack takes it in no form.
    """
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
        except FAILURES as error:
            edited = await _instead(streamed, error)
    if edited or not answer.ask.answer:
        await (edited or Edited(thread)).end(answer.ask)
    return broken


async def _written(streamed: Streamed, piece: str) -> Edited | None:
    """None while the stream goes on, else what takes its place."""
    try:
        await streamed.write(piece)
    except FAILURES as error:
        return await _instead(streamed, error)
    return None


async def _instead(streamed: Streamed, error: BaseException) -> Edited:
    """Go on by editing: a stream that may still be live is stopped first, or Slack takes no edit."""
    thread, messages = streamed.thread, list(streamed.messages)
    log.warning("no stream in %s, so the answer is edited: %s", thread.channel, word(error))
    cut_off = not isinstance(error, SlackApiError)
    if cut_off and len(messages) == len(streamed.full):
        lost = await last_reply(thread.client, thread.channel, thread.ts)
        messages += [lost] if lost and lost not in messages else []
    if len(messages) > len(streamed.full):
        try:
            await thread.client.chat_stopStream(channel=thread.channel, ts=messages[-1])
        except FAILURES as refused:
            log.info("the stream had ended already: %s", word(refused))
    return Edited(thread, messages)
