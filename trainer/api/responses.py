"""/v1/responses for plain text: the same answers as chat completions, for scripts that ask for them this way.

Nothing is stored, streamed or called: each of these is refused by name.
"""

from contextlib import aclosing
from typing import Any

from aiohttp import web

from trainer import fields, ids
from trainer.api.bodies import json_body
from trainer.api.chat import Choice, collect
from trainer.api.context import ANSWERER, SETTINGS, STORE, project
from trainer.api.question import flag, question_from
from trainer.api.tools import ToolText
from trainer.errors import ApiError, bad

#: The same thing's name in a chat completion.
CHAT_NAMES = {
    "model": "model",
    "max_output_tokens": "max_completion_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
}
#: What isn't done, with the values that ask for nothing.
UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "background": (False,),
    "conversation": (),
    "include": ([],),
    "max_tool_calls": (),
    "previous_response_id": (),
    "prompt": (),
    "reasoning": ({},),
    "store": (False,),
    "stream": (False,),
    "stream_options": (),
    "tool_choice": ("auto", "none"),
    "tools": ([],),
    "top_logprobs": (0,),
    "truncation": ("disabled",),
}
KNOWN = {*CHAT_NAMES, *fields.HARMLESS, *UNSUPPORTED, "input", "instructions", "text"}
TEXT = {"format": ({"type": "text"},), "verbosity": ("medium",)}
PARTS = {"input_text", "output_text", "text"}


def routes() -> list[web.RouteDef]:
    """The one route."""
    return [web.post("/v1/responses", create)]


async def create(request: web.Request) -> web.Response:
    """Answer a text or a conversation."""
    body = await json_body(request, KNOWN)
    _refuse_unsupported(body)
    choice = Choice(ToolText(None))
    try:
        question = _question(request, body)
        async with aclosing(request.app[ANSWERER].answer(question)) as saying:
            prompt = await collect(saying, {0: choice})
    except ApiError as error:
        raise _renamed(error) from error
    return web.json_response(_wire(body, question, choice, prompt))


def _refuse_unsupported(body: dict[str, Any]) -> None:
    flag(body, "stream")
    fields.check(
        body, {**fields.HARMLESS, "text": fields.holding(format=fields.thing, verbosity=fields.text)}
    )
    param = fields.beyond(body, UNSUPPORTED)
    if param is None and fields.beyond(body.get("text") or {}, TEXT):
        param = "text"
    if param:
        message = f"'{param}' is not supported here by this server; /v1/chat/completions may have it."
        raise bad(message, param, "unsupported_parameter")


def _question(request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    asked = {name: body[own] for own, name in CHAT_NAMES.items() if body.get(own) is not None}
    asked["messages"] = messages_of(body)
    return question_from(asked, request.app[STORE], request.app[SETTINGS], project(request))


def _renamed(error: ApiError) -> ApiError:
    """The same refusal, with this address's name for what is wrong."""
    names = {name: own for own, name in {**CHAT_NAMES, "input": "messages"}.items()}
    own = names.get(error.param or "")
    if own is None or error.param is None:
        return error
    message = str(error).replace(error.param, own)
    return ApiError(error.status, message, param=own, code=error.code, kind=error.kind, headers=error.headers)


def messages_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The instructions and the input as chat messages; raises ApiError."""
    given, instructions = body.get("input"), body.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise bad("Invalid type for 'instructions': expected text.", "instructions", "invalid_type")
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list) or not given:
        raise bad("Invalid 'input': must be text or a list of messages.", "input", "invalid_type")
    first = [{"role": "system", "content": instructions}] if instructions else []
    return first + [_message(item, f"input[{i}]") for i, item in enumerate(given)]


def _message(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict) or item.get("type", "message") != "message":
        raise bad(f"'{where}' must be a message: nothing else is supported here.", where, "invalid_value")
    if item.get("role") not in ("system", "developer", "user", "assistant"):
        message = f"Invalid '{where}.role': must be one of assistant, developer, system, user."
        raise bad(message, f"{where}.role", "invalid_value")
    return {"role": item["role"], "content": _text(item.get("content"), f"{where}.content")}


def _text(content: Any, where: str) -> str:
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") in PARTS]
    known = [text for text in texts if isinstance(text, str)]
    if len(known) < len(parts):
        raise bad(f"Invalid '{where}': must be text or text parts.", where, "invalid_value")
    return "".join(known)


def _wire(body: dict[str, Any], question: dict[str, Any], choice: Choice, prompt: int) -> dict[str, Any]:
    cut, now = choice.finish == "length", ids.now()
    status = "incomplete" if cut else "completed"
    text = {"type": "output_text", "text": choice.text, "annotations": [], "logprobs": []}
    message = {
        "type": "message",
        "id": ids.new("msg_"),
        "status": status,
        "role": "assistant",
        "content": [text],
    }
    return {
        "id": ids.new("resp_"),
        "object": "response",
        "created_at": now,
        "completed_at": None if cut else now,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": body["model"],
        "output": [message],
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "previous_response_id": None,
        "service_tier": "default",
        "temperature": question["temperature"],
        "text": {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [],
        "top_p": question["top_p"],
        "truncation": "disabled",
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": choice.tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + choice.tokens,
        },
    }
