"""A question as vLLM's request body, and vLLM's stream as what our engines say.

Tools go to the chat template as they are, not through vLLM's own reading and parsing of them: the template
must get what it got in training, and `trainer.api.tools` finds the calls in the text of every engine.
"""

import json
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any, NamedTuple

from trainer import chat
from trainer.errors import ApiError, bad, no_such_model, server_error
from trainer.habits import USUAL
from trainer.serve.port import Question, Said, too_long

FAILED = "The question could not be answered; the server's logs/vllm.log says why."
#: vLLM wants more than 0.
LEAST_TOP_P = 1e-6
INPUT_PARAMS = {"input_tokens", "input_text"}


class Template(NamedTuple):
    """What is known of a model's chat template: its special tokens, and its habits."""

    special: list[str]
    system: bool
    short_ids: bool = False
    calls: Sequence[str] = USUAL


def body_of(question: Question, model: str, template: Template) -> dict[str, Any]:
    """The body of POST /v1/chat/completions; the template gets what `trainer.chat.render` gives it."""
    base, top = question["base"], question["top_logprobs"]
    wanted = question["max_tokens"] or base["answer_tokens"] or None
    messages = chat.defuse(template.special, chat.normalise(question["messages"]))
    if not template.system:
        messages = chat.without_system(messages)
    if template.short_ids:
        messages = chat.numbered(messages)
    marked = question["tools"] and any(token in "".join(template.calls) for token in template.special)
    known = {"enable_thinking": False, **({"tools": question["tools"]} if question["tools"] else {})}
    body = {
        "model": model,
        "messages": [_message(message) for message in messages],
        "chat_template_kwargs": known,
        "skip_special_tokens": False if marked else None,
        "max_completion_tokens": min(wanted, base["context"]) if wanted else None,
        "temperature": question["temperature"],
        "top_p": max(question["top_p"], LEAST_TOP_P),
        "n": question["n"],
        "seed": question["seed"],
        "stop": question["stop"],
        "logprobs": top is not None,
        "top_logprobs": top,
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }
    return {name: value for name, value in body.items() if value is not None}


def _message(message: chat.Message) -> chat.Message:
    """vLLM reads the arguments of calls from JSON, and wants an id with each."""
    if "tool_calls" not in message:
        return message
    calls = [
        {
            "id": call.get("id", f"call_{i}"),
            "type": "function",
            "function": {
                "name": call["function"]["name"],
                "arguments": json.dumps(call["function"]["arguments"], ensure_ascii=False),
            },
        }
        for i, call in enumerate(message["tool_calls"])
    ]
    return {**message, "tool_calls": calls}


def refusal(status: int, body: Any, question: Question) -> ApiError:
    """What vLLM's error means to the client, in the words of the local engine."""
    error = body.get("error") if isinstance(body, dict) else None
    message = str(error.get("message", "")) if isinstance(error, dict) else ""
    if status == 404:
        return no_such_model(question["model"])
    if status != 400:
        return server_error(FAILED)
    if "maximum context length" in message or (error or {}).get("param") in INPUT_PARAMS:
        return too_long(question["base"]["context"], None)
    return bad(f"The model's chat template refuses the messages: {message}", "messages", "invalid_messages")


async def said_of(lines: AsyncIterable[bytes], calls: Sequence[str] | None) -> AsyncIterator[Said]:
    """vLLM's server-sent events as begin and text events."""
    begun = False
    async for line in lines:
        if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
            continue
        chunk = json.loads(line[len(b"data: ") :])
        if "error" in chunk:
            raise server_error(FAILED)
        if not begun:
            begun = True
            prompt = chunk["usage"]["prompt_tokens"]
            yield {"event": "begin", "prompt_tokens": prompt, "calls": calls}
        for choice in chunk["choices"]:
            said = _said(choice, chunk["usage"]["completion_tokens"])
            if said["text"] or said["finish"] or said["logprobs"]:
                yield said


def _said(choice: dict[str, Any], tokens: int) -> Said:
    finish = choice.get("finish_reason")
    if finish not in (None, "stop", "length"):
        raise server_error(FAILED)
    logprobs = (choice.get("logprobs") or {}).get("content") or []
    # A token that ended the answer is no part of it; a stop string that ended it is named as the reason.
    if finish == "stop" and logprobs and not isinstance(choice.get("stop_reason"), str):
        logprobs = logprobs[:-1]
    text = choice["delta"].get("content") or ""
    said = {"event": "text", "index": choice["index"], "text": text, "finish": finish}
    return {**said, "logprobs": logprobs, "tokens": tokens}
