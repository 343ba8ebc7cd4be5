"""A chat completion request, checked, as the question that the answering process gets."""

from typing import Any

from trainer import fields
from trainer.api.calls import check_offer
from trainer.api.messages import messages_of
from trainer.api.tools import tools_of
from trainer.errors import bad, no_such_model
from trainer.jobs.request import base_of
from trainer.settings import Settings
from trainer.store import Store

#: What decides the answer here.
HEEDED = {
    "model",
    "messages",
    "tools",
    "tool_choice",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "n",
    "seed",
    "stop",
    "logprobs",
    "top_logprobs",
    "stream",
    "stream_options",
    "response_format",
}
#: What would change an answer or promise something, and isn't done; with the values that ask for nothing.
UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "audio": (),
    "frequency_penalty": (0,),
    "function_call": (),
    "functions": (),
    "logit_bias": ({},),
    "modalities": (["text"],),
    "moderation": (),
    "prediction": (),
    "presence_penalty": (0,),
    "reasoning_effort": ("none",),
    "store": (False,),
    "verbosity": ("medium",),
    "web_search_options": (),
}
KNOWN = HEEDED | set(fields.HARMLESS) | set(UNSUPPORTED)
MOST_ANSWERS = 128
MOST_LOGPROBS = 20


def question_from(body: dict[str, Any], store: Store, settings: Settings, project: str) -> dict[str, Any]:
    """What is asked of which model and how; raises ApiError naming the parameter that is wrong."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise bad("you must provide a model parameter", "model", "missing_required_parameter")
    found = base_of(name, store, settings, project)
    if found is None:
        raise no_such_model(name)
    base, made = found
    _refuse_unsupported(body)
    fields.check(body, fields.HARMLESS)
    check_offer(body)
    return {
        "model": name,
        "base": base.as_dict(),
        "folder": str(store.home / made.folder) if made else None,
        "messages": messages_of(body),
        "tools": tools_of(body),
        "max_tokens": _number(body, _limit_name(body), None, 1, 10**9, whole=True),
        "temperature": _number(body, "temperature", 1.0, 0, 2),
        "top_p": _number(body, "top_p", 1.0, 0, 1),
        "n": _number(body, "n", 1, 1, MOST_ANSWERS, whole=True),
        "seed": _number(body, "seed", None, -(2**63), 2**63 - 1, whole=True),
        "stop": _stop(body),
        "top_logprobs": _logprobs(body),
    }


def _refuse_unsupported(body: dict[str, Any]) -> None:
    if param := fields.beyond(body, UNSUPPORTED):
        raise bad(f"'{param}' is not supported by this server.", param, "unsupported_parameter")
    wanted = body.get("response_format")
    if wanted is None:
        return
    fields.thing(wanted, "response_format")
    if wanted.get("type") is None:
        raise fields.missing("response_format.type")
    if wanted != {"type": "text"}:
        raise bad("Only plain text answers are supported.", "response_format", "unsupported_parameter")


def flag(body: dict[str, Any], name: str, where: str = "") -> bool:
    """A parameter that is true or false, and false when it isn't there; raises ApiError."""
    fields.check(body, {name: fields.truth}, where)
    return bool(body.get(name))


def wants_usage(body: dict[str, Any]) -> bool:
    """Whether a stream shall end with the tokens used; raises ApiError."""
    options = body.get("stream_options")
    if options is None:
        return False
    fields.thing(options, "stream_options")
    if not flag(body, "stream"):
        message = "'stream_options' needs 'stream' to be true."
        raise bad(message, "stream_options", "invalid_value")
    flag(options, "include_obfuscation", "stream_options.")
    return flag(options, "include_usage", "stream_options.")


def _limit_name(body: dict[str, Any]) -> str:
    return "max_tokens" if body.get("max_completion_tokens") is None else "max_completion_tokens"


def _number(
    body: dict[str, Any], name: str, default: Any, least: float, most: float, *, whole: bool = False
) -> Any:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        kind = "an integer" if whole else "a number"
        raise fields.wrong_type(name, kind)
    if not least <= value <= most:
        raise bad(f"Invalid '{name}': {value} must be between {least:g} and {most:g}.", name, "invalid_value")
    return value


def _stop(body: dict[str, Any]) -> list[str]:
    stop = body.get("stop")
    if stop in (None, ""):
        return []
    stop = [stop] if isinstance(stop, str) else stop
    if (
        not isinstance(stop, list)
        or not 1 <= len(stop) <= 4
        or not all(isinstance(s, str) and s for s in stop)
    ):
        raise bad("Invalid 'stop': must be a string or a list of 1 to 4 strings.", "stop", "invalid_value")
    return stop


def _logprobs(body: dict[str, Any]) -> int | None:
    top = _number(body, "top_logprobs", None, 0, MOST_LOGPROBS, whole=True)
    wanted = flag(body, "logprobs")
    if top is not None and not wanted:
        raise bad("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs", "invalid_value")
    return (top or 0) if wanted else None
