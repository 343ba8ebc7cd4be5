"""Answers, piece by piece: a streamed chat completion read off the wire.

Read event by event here, because the SDK's stream doesn't tell an answer that ended from one that
broke off, and gives objects without the fields that a server left out.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
from openai import BadRequestError, UnprocessableEntityError, omit
from openai.types.chat import ChatCompletionMessageParam

from gateways.openai_records import Json, clean, garbled, parsed
from gateways.openai_wire import ANSWER_TIMEOUT, Wire
from tuning.errors import BackendUnreachable
from tuning.records import Delta

BROKEN_OFF = "The answer broke off in the middle."
ASK_AGAIN = "Ask again."


async def answer(wire: Wire, model: str, question: str, system: str | None) -> AsyncIterator[Delta]:
    """Yields text as it comes. An error before any text is raised at the first step."""
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": str(clean(question))}]
    if system:
        messages.insert(0, {"role": "system", "content": str(clean(system))})
    with wire.translator.translating():
        response = await _open(wire, model, messages)
        try:
            async for delta in _deltas(wire, response):
                yield delta
        finally:
            await response.aclose()


async def _open(wire: Wire, model: str, messages: list[ChatCompletionMessageParam]) -> httpx2.Response:
    """Start the stream; a server that doesn't know how to count tokens is asked without."""
    try:
        return await _send(wire, model, messages, usage=True)
    except (BadRequestError, UnprocessableEntityError) as error:
        if not any(word in str(error.body) for word in ("stream_options", "include_usage")):
            raise
    return await _send(wire, model, messages, usage=False)


async def _send(
    wire: Wire, model: str, messages: list[ChatCompletionMessageParam], *, usage: bool
) -> httpx2.Response:
    reply = await wire.client.chat.completions.with_raw_response.create(
        model=model,
        messages=messages,
        stream=True,
        stream_options={"include_usage": True} if usage else omit,
        timeout=ANSWER_TIMEOUT,
    )
    return reply.http_response


async def _deltas(wire: Wire, response: httpx2.Response) -> AsyncIterator[Delta]:
    if "text/event-stream" not in response.headers.get("content-type", ""):
        yield _whole(wire, parsed(await response.aread()))
        return
    started = ended = False
    try:
        async for event in httpx2.EventSource(response):
            if event.data.startswith("[DONE]"):
                ended = True
                break
            if not event.data:
                continue
            delta = _delta(wire, _chunk(event.data))
            started = started or bool(delta.text)
            ended = ended or delta.finish_reason is not None
            if delta != Delta():
                yield delta
    except (httpx2.HTTPError, OSError):
        if not started:
            raise
        raise BackendUnreachable(BROKEN_OFF, remedy=ASK_AGAIN) from None
    if not ended:
        raise BackendUnreachable(BROKEN_OFF, remedy=ASK_AGAIN)


def _chunk(data: str) -> Json:
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        raise garbled("a piece of the answer is no JSON") from None
    if not isinstance(chunk, dict):
        raise garbled("a piece of the answer is no JSON object")
    return chunk


def _delta(wire: Wire, chunk: Json) -> Delta:
    """One chunk of a stream; the one with the counts has no choices."""
    choice = _choice(wire, chunk)
    return _piece(choice.get("delta"), choice, chunk)


def _whole(wire: Wire, body: Json) -> Delta:
    """An answer in one piece, from a server that doesn't stream."""
    choice = _choice(wire, body)
    if not isinstance(choice.get("message"), dict):
        raise garbled("the answer has no message")
    return _piece(choice["message"], choice, body)


def _choice(wire: Wire, body: Json) -> Json:
    if body.get("error"):
        raise wire.translator.told(body["error"])
    choices = body.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise garbled("`choices` is no list")
    return choices[0] if choices else {}


def _piece(message: object, choice: Json, body: Json) -> Delta:
    said: dict[str, Any] = message if isinstance(message, dict) else {}
    text = said.get("content") or said.get("refusal") or ""
    if not isinstance(text, str):
        raise garbled("the answer's text is no text")
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    reason = choice.get("finish_reason")
    return Delta(
        text=str(clean(text)),
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        finish_reason=reason if isinstance(reason, str) else None,
    )


def _count(usage: Any, key: str) -> int | None:
    count = usage.get(key)
    return count if isinstance(count, int) and not isinstance(count, bool) else None
