"""/v1/responses: the same answers for scripts that ask this way."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.fakes.trainer_contract import problem_with
from trainer.serve.port import too_long


class Answering:
    """Says what it was asked, in one word, and keeps the question."""

    def __init__(self, finish: str = "stop") -> None:
        self.finish = finish

    async def answer(self, question: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        self.question = question
        said = {"event": "text", "index": 0, "text": "Sports", "tokens": 2, "logprobs": []}
        yield {"event": "begin", "prompt_tokens": 5}
        yield {**said, "finish": self.finish}


async def asked(serve: Any, answering: Answering, **options: Any) -> Any:
    client = AsyncOpenAI(base_url=await serve(answering), api_key="sk-key", max_retries=0)
    raw = await client.responses.with_raw_response.create(**{"model": "tiny-chat", **options})
    assert (problem := problem_with("POST", "/v1/responses", 200, raw.content)) is None, problem
    return raw.parse()


async def test_a_text_is_answered_with_the_instructions_before_it(serve: Any) -> None:
    answering = Answering()
    made = await asked(
        serve, answering, input="match", instructions="Classify.", max_output_tokens=9, temperature=0
    )
    assert (made.output_text, made.status, made.usage.total_tokens) == ("Sports", "completed", 7)
    assert answering.question["messages"] == [
        {"role": "system", "content": "Classify."},
        {"role": "user", "content": "match"},
    ]
    assert (answering.question["max_tokens"], answering.question["temperature"]) == (9, 0)


async def test_a_conversation_goes_on_with_what_was_answered(serve: Any) -> None:
    answering = Answering()
    first = await asked(serve, answering, input="match")
    follow_up = {
        "role": "user",
        "content": [{"type": "input_text", "text": "and "}, {"type": "input_text", "text": "now"}],
    }
    await asked(serve, answering, input=[{"role": "user", "content": "match"}, *first.output, follow_up])
    assert answering.question["messages"] == [
        {"role": "user", "content": "match"},
        {"role": "assistant", "content": "Sports"},
        {"role": "user", "content": "and now"},
    ]


async def test_what_was_asked_is_said_back_as_it_was(serve: Any) -> None:
    made = await asked(
        serve,
        Answering(),
        input="match",
        metadata={"plan": "7"},
        parallel_tool_calls=False,
        text={"format": {"type": "text"}, "verbosity": "medium"},
        tool_choice="none",
    )
    assert (made.metadata, made.parallel_tool_calls, made.tool_choice) == ({"plan": "7"}, False, "none")
    assert (await asked(serve, Answering(), input="match")).parallel_tool_calls is True


async def test_an_input_that_is_too_long_is_called_input(serve: Any) -> None:
    class Full(Answering):
        async def answer(self, question: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
            raise too_long(256, 300)
            yield {}

    with pytest.raises(openai.BadRequestError) as error:
        await asked(serve, Full(), input="match " * 300)
    assert (error.value.param, error.value.code) == ("input", "context_length_exceeded")
    assert "reduce the length of the input" in error.value.body["message"]


async def test_an_answer_that_was_cut_is_incomplete(serve: Any) -> None:
    made = await asked(serve, Answering(finish="length"), input="match")
    assert (made.status, made.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": []}, "input"),
        ({"input": 7}, "input"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, "input[0]"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            "input[0].content",
        ),
        ({"instructions": 7}, "instructions"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"stream": True}, "stream"),
        ({"store": True}, "store"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"text": {"format": {"type": "json_object"}}}, "text"),
        ({"text": {"format": {"type": "text"}, "verbosity": "high"}}, "text"),
        ({"text": {"nonsense": 1}}, "text.nonsense"),
        ({"text": ""}, "text"),
        ({"store": 0}, "store"),
        ({"metadata": "zz"}, "metadata"),
        ({"metadata": {"a": 5}}, "metadata"),
        ({"extra_body": {"nonsense": 1}}, "nonsense"),
    ],
)
async def test_what_is_not_done_here_is_refused_by_name(
    serve: Any, change: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        await asked(serve, Answering(), **{"input": "x", **change})
    assert error.value.param == param
    assert param in error.value.body["message"]
