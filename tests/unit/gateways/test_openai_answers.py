"""Answers: streamed, in one piece, broken off, and from servers that know less than OpenAI's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from gateways.openai_backend import OpenAIBackend
from tests.fakes.backend import FakeBackend
from tests.fakes.backend_faces import sse
from tests.fakes.backend_machine import BASES
from tuning.errors import (
    BackendBusy,
    BackendDown,
    BackendError,
    BackendGarbled,
    BackendKeyRejected,
    BackendLimitReached,
    BackendNotFound,
    BackendRefused,
    BackendUnreachable,
)
from tuning.records import Delta

CHAT = "POST /chat/completions"


async def ask(backend: OpenAIBackend, question: str = "Why?", system: str | None = None) -> list[Delta]:
    return [delta async for delta in backend.answer(BASES[0], question, system=system)]


async def ask_until_it_breaks(backend: OpenAIBackend) -> tuple[str, BackendError]:
    """The text that came, and the error after it."""
    texts: list[str] = []

    async def listen() -> None:
        async for delta in backend.answer(BASES[0], "Why?", system=None):
            texts.append(delta.text)

    with pytest.raises(BackendError) as caught:
        await listen()
    return "".join(texts), caught.value


async def test_an_answer_comes_in_pieces_and_ends_with_the_counts(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.answer = "Because the sky\nis blue."
    deltas = await ask(backend, "Why so?")
    assert [delta.text for delta in deltas if delta.text] == ["Because ", "the ", "sky\n", "is ", "blue."]
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    assert (deltas[-1].prompt_tokens, deltas[-1].completion_tokens) == (2, 5)


@pytest.mark.parametrize("system", [None, "Be brief."])
async def test_the_system_prompt_goes_first(
    fake: FakeBackend, backend: OpenAIBackend, system: str | None
) -> None:
    await ask(backend, "Why?", system)
    sent = [(message["role"], message["content"]) for message in fake.requests[-1].json()["messages"]]
    assert sent == ([("system", system)] if system else []) + [("user", "Why?")]


async def test_a_server_that_can_not_count_is_asked_again_without(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.knows_stream_options = False
    deltas = await ask(backend)
    assert "".join(delta.text for delta in deltas) == fake.answer
    assert deltas[-1].prompt_tokens is None
    assert fake.count(CHAT) == 2


async def test_a_server_that_does_not_stream_answers_in_one_piece(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.streams = False
    assert await ask(backend) == [Delta("Hello from the fake.", 1, 4, "stop")]


async def test_half_a_character_in_a_question_or_an_answer_is_no_error(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.answer = "smile \ud83d now"
    deltas = await ask(backend, "what is \udcff?", "you \ud800 are")
    assert "".join(delta.text for delta in deltas) == "smile ? now"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400, "message": "too long"}, BackendRefused),
        ({"status": 401}, BackendKeyRejected),
        ({"status": 404, "code": "model_not_found"}, BackendNotFound),
        ({"status": 429}, BackendBusy),
        ({"status": 500}, BackendDown),
        ({"drop": "before"}, BackendUnreachable),
        ({"body": "<html>Sign in</html>"}, BackendGarbled),
        ({"body": "{}", "content_type": "application/json"}, BackendGarbled),
        ({"body": '{"choices": 3}', "content_type": "application/json"}, BackendGarbled),
        ({"body": "", "content_type": "text/event-stream"}, BackendUnreachable),
        ({"drop": "middle", "keep": 0}, BackendUnreachable),
        ({"keep": 0, "piece": sse({"error": {"code": "insufficient_quota"}})}, BackendLimitReached),
    ],
)
async def test_an_error_before_any_text_is_raised_at_the_first_step(
    fake: FakeBackend, backend: OpenAIBackend, fault: dict[str, Any], kind: type[BackendError]
) -> None:
    fake.fail_next(CHAT, **fault)
    text, error = await ask_until_it_breaks(backend)
    assert (text, type(error)) == ("", kind)
    assert fake.count(CHAT) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"drop": "middle"}, BackendUnreachable),
        ({}, BackendUnreachable),
        ({"piece": b"data: {oops\n\n"}, BackendGarbled),
        ({"piece": b"data: []\n\n"}, BackendGarbled),
        ({"piece": sse({"choices": "none"})}, BackendGarbled),
        ({"piece": sse({"choices": [{"delta": {"content": 7}}]})}, BackendGarbled),
        ({"piece": sse({"error": {"message": "engine died"}})}, BackendDown),
    ],
)
async def test_what_breaks_off_in_the_middle_keeps_its_text(
    fake: FakeBackend, backend: OpenAIBackend, fault: dict[str, Any], kind: type[BackendError]
) -> None:
    fake.fail_next(CHAT, keep=2, **({"work_first": True} | fault))
    text, error = await ask_until_it_breaks(backend)
    assert (text, type(error)) == ("Hello from ", kind)


async def test_what_a_server_says_in_the_middle_is_passed_on(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.fail_next(CHAT, piece=sse({"error": {"message": f"engine died, {fake.key}"}}))
    _, error = await ask_until_it_breaks(backend)
    assert error.message == "engine died, [key]"


@pytest.mark.parametrize(
    "piece", [b": keep-alive\n\n", b"data:\n\n", b"event: ping\ndata: {}\n\n", b"id: 4\nretry: 10\n\n"]
)
async def test_noise_between_the_pieces_is_ignored(
    fake: FakeBackend, backend: OpenAIBackend, piece: bytes
) -> None:
    end = sse({"choices": [{"delta": {"content": "there"}, "finish_reason": "length"}]})
    fake.fail_next(CHAT, piece=piece + end)
    deltas = await ask(backend)
    assert deltas == [Delta("Hello "), Delta("there", finish_reason="length")]


class Endless(httpx2.AsyncByteStream):
    """A stream that goes on until it is closed."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield sse({"choices": [{"delta": {"content": "on and "}}]})

    async def aclose(self) -> None:
        self.closed = True


async def test_a_listener_that_leaves_closes_the_stream() -> None:
    stream = Endless()
    head = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=head, stream=stream))
    backend = OpenAIBackend("http://x.test/v1", "sk-1", http_client=httpx2.AsyncClient(transport=transport))
    pieces = backend.answer(BASES[0], "Why?", system=None)
    assert (await anext(pieces)).text == "on and "
    assert not stream.closed
    await pieces.aclose()  # type: ignore[attr-defined]
    assert stream.closed
    await backend.aclose()
