"""A stand-in for the `vllm` program, faithful at the wire: `fake_vllm.py serve SOURCE --uds SOCKET ...`.

Held to the same contract as vLLM itself: tests/contract/test_engine_contract.py, where TEST_VLLM names a real
one. Options, routes, bodies, statuses and words are those of vLLM 0.32, as far as our server uses them;
whatever else it would be sent is refused. It says what the scripted models say, found in `says.json`.
"""

import argparse
import asyncio
import hmac
import json
import math
import os
import random
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web
from tokenizers import Tokenizer

KNOWN = {
    *(
        "model",
        "messages",
        "chat_template_kwargs",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "n",
        "seed",
    ),
    *("stop", "logprobs", "top_logprobs", "stream", "stream_options"),
}
STREAM_OPTIONS = {"include_usage": True, "continuous_usage_stats": True}
#: How often another token than the right one is drawn at a temperature of 2, as with the scripted models.
STRAYING = 0.3


class Refused(Exception):
    """An error response."""

    def __init__(self, status: int, message: str, kind: str = "BadRequestError", param: str | None = None):
        super().__init__(message)
        error = {"message": message, "type": kind, "param": param, "code": status}
        self.response = web.json_response({"error": error}, status=status)


class Served:
    """What one process serves."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        source = Path(options.source)
        self.tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
        self.end = self.tokenizer.token_to_id("<|im_end|>")
        self.template = jinja2.Environment(autoescape=False).from_string(
            (source / "chat_template.jinja").read_text()
        )
        self.says = {options.served_model_name: json.loads((source / "says.json").read_text())}
        self.adapters: dict[str, str] = {}
        self.running = 0
        self.made = 0

    def prompt(self, body: dict[str, Any]) -> int:
        """The number of tokens that the messages become."""
        for message in body["messages"]:
            for call in message.get("tool_calls", ()):
                if not call.get("id"):
                    raise Refused(400, "validation errors: 'type': 'missing', 'loc': id")
                call["function"]["arguments"] = json.loads(call["function"]["arguments"])
        known = body.get("chat_template_kwargs") or {}
        text = self.template.render(messages=body["messages"], add_generation_prompt=True, **known)
        count, most = len(self.tokenizer.encode(text).ids), self.options.max_model_len
        if count > most:
            raise Refused(
                400,
                f"This model's maximum context length is {most} tokens. However, your prompt contains at "
                f"least {most + 1} input tokens, which exceeds this limit even without any output tokens. "
                f"Please reduce the length of the input prompt. (parameter=input_tokens, value={most + 1})",
                param="input_tokens",
            )
        return count

    def answer(self, body: dict[str, Any], index: int, room: int) -> Iterator[dict[str, Any]]:
        """The chunks' choices, a token each; what may begin a stop string is held back."""
        text, limit = self.says[body["model"]], min(body.get("max_completion_tokens") or room, room)
        tokens = self.tokenizer.encode(text).ids
        tokens = tokens * (1 + room // len(tokens)) if text.endswith(" and") else [*tokens, self.end]
        chance = random.Random(None if body.get("seed") is None else body["seed"] + index)
        straying = STRAYING if body["temperature"] > 1.5 and body["top_p"] > 0.5 else 0.0
        said: list[int] = []
        told, before = 0, ""
        held = max((len(stop) for stop in body["stop"]), default=1) - 1
        for token in tokens[:limit]:
            token = chance.randrange(3, 300) if chance.random() < straying else token
            said.append(token)
            whole = self.tokenizer.decode(said, skip_special_tokens=True)
            whole = before if whole.endswith("\ufffd") else whole
            piece, before = whole[len(before) :], whole
            found = [(whole.find(stop), stop) for stop in body["stop"] if stop in whole]
            finish = "stop" if found or token == self.end else "length" if len(said) == limit else None
            until = min(found)[0] if found else len(whole) if finish else max(len(whole) - held, told)
            choice = {"index": index, "delta": {"content": whole[told:until]}, "finish_reason": finish}
            told = max(told, until)
            if body.get("logprobs"):
                choice["logprobs"] = {"content": [self.scored(piece, body["top_logprobs"])]}
            if finish:
                choice["stop_reason"] = min(found)[1] if found else None
            yield {"choice": choice, "tokens": len(said)}
            if finish:
                return

    def scored(self, piece: str, top: int) -> dict[str, Any]:
        """A token's entry among the logprobs."""
        entry = {"token": piece, "logprob": math.log(0.999), "bytes": list(piece.encode())}
        other = {"token": "x", "logprob": -14.0, "bytes": [120]}
        return {**entry, "top_logprobs": [entry, *[other] * (top - 1)][:top]}


async def chat(request: web.Request) -> web.StreamResponse:
    """POST /v1/chat/completions, streamed."""
    served, body = request.app[SERVED], await request.json()
    unknown = set(body) - KNOWN
    assert not unknown, f"our server sent {unknown}"
    assert body["stream"] is True
    assert body["stream_options"] == STREAM_OPTIONS
    if body["model"] not in served.says:
        known = f"Valid aliases: {served.options.served_model_name}."
        message = f"The model `{body['model']}` does not exist. {known}"
        raise Refused(404, message, "NotFoundError", "model")
    if not 0 < body["top_p"] <= 1:
        raise Refused(400, f"top_p must be in (0, 1], got {body['top_p']}.", param="top_p")
    most = served.options.max_model_len
    if (body.get("max_completion_tokens") or 0) > most:
        raise Refused(400, f"max_completion_tokens cannot be greater than max_model_len={most}.")
    prompt = served.prompt(body)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    served.running += 1
    try:
        async for chunk in _chunks(served, body, prompt):
            served.made += len(chunk["choices"])
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
    finally:
        served.running -= 1
    return response


async def _chunks(served: Served, body: dict[str, Any], prompt: int) -> AsyncIterator[dict[str, Any]]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": int(time.time())}
    head["model"] = body["model"]
    for index in range(body["n"]):
        delta = {"role": "assistant", "content": ""}
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
        yield {**head, "choices": [choice], "usage": _usage(prompt, 0)}
    made = dict.fromkeys(range(body["n"]), 0)
    room = served.options.max_model_len - prompt
    making = [served.answer(body, index, room) for index in made]
    while making:
        for answer in list(making):
            step = next(answer, None)
            if step is None:
                making.remove(answer)
                continue
            made[step["choice"]["index"]] = step["tokens"]
            yield {**head, "choices": [step["choice"]], "usage": _usage(prompt, step["tokens"])}
        await asyncio.sleep(0.002)
    yield {**head, "choices": [], "usage": _usage(prompt, sum(made.values()))}


def _usage(prompt: int, made: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "total_tokens": prompt + made, "completion_tokens": made}


async def load(request: web.Request) -> web.Response:
    """POST /v1/load_lora_adapter."""
    served, body = request.app[SERVED], await request.json()
    name, path = body["lora_name"], Path(body["lora_path"])
    if name in served.adapters:
        raise Refused(400, f"The lora adapter '{name}' has already been loaded.", "InvalidUserInput")
    if not (path / "adapter_config.json").exists():
        raise Refused(404, f"Loading lora {name} failed: No adapter found for <path>", "NotFoundError")
    rank, most = json.loads((path / "adapter_config.json").read_text())["r"], served.options.max_lora_rank
    if rank > most:
        raise Refused(500, f"LoRA rank {rank} is greater than max_lora_rank {most}.", "InternalServerError")
    served.adapters[name] = str(path)
    served.says[name] = json.loads((path / "says.json").read_text())
    return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")


async def unload(request: web.Request) -> web.Response:
    """POST /v1/unload_lora_adapter."""
    served, name = request.app[SERVED], (await request.json())["lora_name"]
    if name not in served.adapters:
        raise Refused(404, f"The lora adapter '{name}' cannot be found.", "NotFoundError")
    del served.adapters[name], served.says[name]
    return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")


async def models(request: web.Request) -> web.Response:
    """GET /v1/models."""
    served = request.app[SERVED]
    rows = [{"id": served.options.served_model_name, "root": served.options.source}]
    rows += [{"id": name, "root": path} for name, path in served.adapters.items()]
    return web.json_response({"object": "list", "data": rows})


async def health(request: web.Request) -> web.Response:
    """GET /health: open to everyone, as are all routes outside /v1."""
    return web.Response()


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics, the two that our tests read."""
    served = request.app[SERVED]
    lines = [f'vllm:num_requests_running{{engine="0"}} {served.running}.0']
    lines.append(f'vllm:generation_tokens_total{{engine="0"}} {served.made}.0')
    return web.Response(text="\n".join(lines))


@web.middleware
async def guarded(request: web.Request, handler: Any) -> web.StreamResponse:
    """The key, and errors as JSON."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if request.path.startswith("/v1") and not hmac.compare_digest(given, os.environ["VLLM_API_KEY"]):
        return web.json_response({"error": "Unauthorized"}, status=401)
    try:
        response: web.StreamResponse = await handler(request)
    except Refused as error:
        return error.response
    return response


SERVED = web.AppKey("served", Served)


def options() -> argparse.Namespace:
    """The options that our server gives; vLLM too refuses those that it doesn't know."""
    parser = argparse.ArgumentParser(prog="vllm", allow_abbrev=False)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("source")
    for name in ("--served-model-name", "--uds"):
        parser.add_argument(name, required=True)
    for name in ("--max-model-len", "--max-loras", "--max-cpu-loras", "--max-lora-rank"):
        parser.add_argument(name, type=int, default=8)
    parser.add_argument("--generation-config", choices=["vllm"], required=True)
    parser.add_argument("--chat-template-content-format", choices=["string"], required=True)
    for name in ("--enable-lora", "--disable-uvicorn-access-log", "--trust-remote-code"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--fail", action="store_true", help="not one of vLLM's: a start that fails")
    return parser.parse_args()


def main() -> None:
    """Serve until killed; what would be a gigabyte of weights is a file of a few lines."""
    chosen = options()
    if chosen.fail or re.search(r"\s", chosen.uds):
        sys.exit(1)
    os.umask(0o077)
    app = web.Application(middlewares=[guarded])
    app[SERVED] = Served(chosen)
    routes = [web.get("/health", health), web.get("/metrics", metrics), web.get("/v1/models", models)]
    routes.append(web.post("/v1/chat/completions", chat))
    if chosen.enable_lora and os.environ.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING") == "1":
        routes += [web.post("/v1/load_lora_adapter", load), web.post("/v1/unload_lora_adapter", unload)]
    app.add_routes(routes)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    web.run_app(app, path=chosen.uds, print=None, handle_signals=False, handler_cancellation=True)


if __name__ == "__main__":
    main()
