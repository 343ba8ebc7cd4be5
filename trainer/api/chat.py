"""/v1/chat/completions, streamed and not."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from trainer import ids
from trainer.api.bodies import json_body
from trainer.api.context import ANSWERER, SETTINGS, STORE, project
from trainer.api.question import KNOWN, flag, question_from, wants_usage
from trainer.api.tools import ToolText, form_of, names_of
from trainer.errors import ApiError

Said = dict[str, Any]


def routes() -> list[web.RouteDef]:
    """The one route."""
    return [web.post("/v1/chat/completions", create)]


async def create(request: web.Request) -> web.StreamResponse:
    """Answer a conversation."""
    body = await json_body(request, KNOWN)
    streamed, usage = flag(body, "stream"), wants_usage(body)
    question = question_from(body, request.app[STORE], request.app[SETTINGS], project(request))
    saying = request.app[ANSWERER].answer(question)
    head = {"id": ids.new("chatcmpl-", 29), "created": ids.now(), "model": body["model"]}
    offered = names_of(question["tools"])
    choices = {index: Choice(ToolText(offered)) for index in range(question["n"])}
    if streamed:
        return await _stream(request, head, saying, choices, wants_usage=usage)
    return web.json_response(await _whole(head, saying, choices))


@dataclass
class Choice:
    """One answer as it comes in."""

    tools: ToolText
    text: str = ""
    finish: str | None = None
    tokens: int = 0
    logprobs: list[Any] = field(default_factory=list)

    def add(self, said: Said) -> str:
        """Take over what was said; returns the text that may be shown."""
        text = self.tools.push(said["text"])
        if said["finish"]:
            text += self.tools.finish()
        self.text += text
        self.finish = "tool_calls" if said["finish"] and self.tools.calls else said["finish"]
        self.tokens = said["tokens"]
        self.logprobs += said["logprobs"]
        return text


def begin(said: Said, choices: dict[int, Choice]) -> int:
    """Learn how the model writes its calls; returns the tokens of the prompt."""
    for choice in choices.values():
        choice.tools.form = form_of(said)
    return int(said["prompt_tokens"])


async def collect(saying: AsyncIterator[Said], choices: dict[int, Choice]) -> int:
    """Take all that is said into the choices; returns the tokens of the prompt."""
    prompt = 0
    async for said in saying:
        if said["event"] == "begin":
            prompt = begin(said, choices)
        elif said["event"] == "text":
            choices[said["index"]].add(said)
    return prompt


async def _whole(head: Said, saying: AsyncIterator[Said], choices: dict[int, Choice]) -> Said:
    prompt = await collect(saying, choices)
    return {
        **head,
        "object": "chat.completion",
        "choices": [_choice(index, choice) for index, choice in choices.items()],
        "usage": _usage(prompt, choices),
        "service_tier": "default",
    }


def _choice(index: int, choice: Choice) -> Said:
    message: Said = {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []}
    if choice.tools.calls:
        message |= {"content": choice.text.strip() or None, "tool_calls": choice.tools.calls}
    return {
        "index": index,
        "message": message,
        "logprobs": _logprobs(choice.logprobs),
        "finish_reason": choice.finish,
    }


def _logprobs(scored: list[Any]) -> Said | None:
    return {"content": scored, "refusal": None} if scored else None


def _usage(prompt: int, choices: dict[int, Choice]) -> Said:
    made = sum(choice.tokens for choice in choices.values())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": made,
        "total_tokens": prompt + made,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


async def _stream(
    request: web.Request,
    head: Said,
    saying: AsyncIterator[Said],
    choices: dict[int, Choice],
    *,
    wants_usage: bool,
) -> web.StreamResponse:
    # The first word comes before the headers, so that a refusal still has its status.
    prompt = begin(await anext(saying), choices)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    stream = _Chunks(response, {**head, "object": "chat.completion.chunk"}, wants_usage, choices)
    try:
        async with aclosing(saying) as rest:  # type: ignore[type-var]
            for index in choices:
                await stream.send(index, {"role": "assistant", "content": "", "refusal": None})
            async for said in rest:
                if said["event"] == "text":
                    await stream.text(said)
    except ApiError as error:
        # The status is long sent: what went wrong is the stream's last word, as OpenAI has it.
        await stream.write(error.body())
        await response.write_eof()
    else:
        await stream.end(prompt)
    return response


class _Chunks:
    """Server-sent events in the shape of OpenAI's chunks."""

    def __init__(
        self, response: web.StreamResponse, head: Said, wants_usage: bool, choices: dict[int, Choice]
    ) -> None:
        self.response = response
        self.head = head
        self.usage = {"usage": None} if wants_usage else {}
        self.choices = choices

    async def text(self, said: Said) -> None:
        """A piece of one answer, and its end."""
        choice = self.choices[said["index"]]
        text, logprobs = choice.add(said), _logprobs(said["logprobs"])
        if text or logprobs:
            await self.send(said["index"], {"content": text}, logprobs)
        if choice.finish:
            if choice.tools.calls:
                calls = [{"index": i, **call} for i, call in enumerate(choice.tools.calls)]
                await self.send(said["index"], {"tool_calls": calls})
            await self.send(said["index"], {}, finish=choice.finish)

    async def send(self, index: int, delta: Said, logprobs: Any = None, finish: str | None = None) -> None:
        """One chunk with one choice."""
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        await self.write({**self.head, "choices": [choice], **self.usage})

    async def end(self, prompt: int) -> None:
        """The usage if it was asked for, and the mark that nothing follows."""
        if self.usage:
            await self.write({**self.head, "choices": [], "usage": _usage(prompt, self.choices)})
        await self.response.write(b"data: [DONE]\n\n")
        await self.response.write_eof()

    async def write(self, chunk: Said) -> None:
        """One event."""
        await self.response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
