"""A stream that breaks off: on the answerer's side, and on the client's."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI

from tests.fakes.trainer_contract import problem_with_chunk
from trainer.errors import ApiError

QUESTION = {"model": "tiny-chat", "messages": [{"role": "user", "content": "x"}]}
WORD = {"event": "text", "index": 0, "text": "word ", "finish": None, "tokens": 1, "logprobs": []}


class Answering:
    """Answers word by word, until it fails or is left."""

    def __init__(self, words: int) -> None:
        self.words = words
        self.begun, self.left = asyncio.Event(), asyncio.Event()

    async def answer(self, question: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {"event": "begin", "prompt_tokens": 3}
            self.begun.set()
            for _ in range(self.words):
                yield WORD
                await asyncio.sleep(0)
            raise ApiError(503, "The process ended.", code="answerer_ended", kind="server_error")
        finally:
            self.left.set()


async def test_a_failure_in_the_middle_of_a_stream_is_its_last_event(serve) -> None:
    url = await serve(Answering(words=2))
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer sk-key"}) as session,
        session.post(f"{url}/chat/completions", json={**QUESTION, "stream": True}) as answer,
    ):
        assert answer.status == 200
        lines = (await answer.read()).strip().split(b"\n\n")
    assert [problem_with_chunk(line) for line in lines] == [None] * len(lines)
    assert json.loads(lines[-1].removeprefix(b"data: "))["error"]["code"] == "answerer_ended"


async def test_the_sdk_raises_what_a_stream_ended_with(serve) -> None:
    client = AsyncOpenAI(base_url=await serve(Answering(words=2)), api_key="sk-key", max_retries=0)
    stream = await client.chat.completions.create(**QUESTION, stream=True)
    words = [(await anext(stream)).choices[0].delta.content for _ in range(3)]
    assert words == ["", "word ", "word "]
    with pytest.raises(openai.APIError) as error:
        await anext(stream)
    assert error.value.code == "answerer_ended"


async def test_a_failure_before_the_first_word_keeps_its_status(serve) -> None:
    class Refusing(Answering):
        async def answer(self, question: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
            raise ApiError(400, "Too long.", code="context_length_exceeded")
            yield

    client = AsyncOpenAI(base_url=await serve(Refusing(0)), api_key="sk-key", max_retries=0)
    with pytest.raises(openai.BadRequestError) as error:
        await client.chat.completions.create(**QUESTION, stream=True)
    assert error.value.code == "context_length_exceeded"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_ends_its_answer(serve, stream: bool) -> None:
    answering = Answering(words=10**9)
    url = await serve(answering)
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer sk-key"}) as session:
        asking = asyncio.create_task(
            session.post(f"{url}/chat/completions", json={**QUESTION, "stream": stream})
        )
        if stream:
            await (await asking).content.readline()
        else:
            async with asyncio.timeout(10):
                await answering.begun.wait()
            asking.cancel()
    async with asyncio.timeout(10):
        await answering.left.wait()
