"""A chat completion request, checked, as the question that the answering process gets."""

from typing import Any

from trainer.api.tools import tools_of
from trainer.engine.checks import ROLES
from trainer.errors import bad, no_such_model
from trainer.jobs.request import base_of
from trainer.settings import Settings
from trainer.store import Store

UNSUPPORTED = (
    "audio",
    "functions",
    "function_call",
    "logit_bias",
    "frequency_penalty",
    "presence_penalty",
    "prediction",
    "web_search_options",
)
MOST_ANSWERS = 16
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
    for param in UNSUPPORTED:
        if body.get(param):
            raise bad(f"'{param}' is not supported by this server.", param, "unsupported_parameter")
    if (body.get("response_format") or {"type": "text"}) != {"type": "text"}:
        raise bad("Only plain text answers are supported.", "response_format", "unsupported_parameter")
    return {
        "model": name,
        "base": base.as_dict(),
        "folder": str(store.home / made.folder) if made else None,
        "messages": _messages(body),
        "tools": tools_of(body),
        "max_tokens": _number(body, _limit_name(body), None, 1, 10**9, whole=True),
        "temperature": _number(body, "temperature", 1.0, 0, 2),
        "top_p": _number(body, "top_p", 1.0, 0, 1),
        "n": _number(body, "n", 1, 1, MOST_ANSWERS, whole=True),
        "seed": _number(body, "seed", None, -(2**63), 2**63 - 1, whole=True),
        "stop": _stop(body),
        "top_logprobs": _logprobs(body),
    }


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
        raise bad(f"Invalid type for '{name}': expected {kind}.", name, "invalid_type")
    if not least <= value <= most:
        raise bad(f"Invalid '{name}': {value} must be between {least:g} and {most:g}.", name, "invalid_value")
    return value


def _stop(body: dict[str, Any]) -> list[str]:
    stop = body.get("stop") or []
    stop = [stop] if isinstance(stop, str) else stop
    if not isinstance(stop, list) or len(stop) > 4 or not all(isinstance(s, str) and s for s in stop):
        raise bad("Invalid 'stop': must be a string or a list of up to 4 strings.", "stop", "invalid_value")
    return stop


def _logprobs(body: dict[str, Any]) -> int | None:
    top = _number(body, "top_logprobs", None, 0, MOST_LOGPROBS, whole=True)
    if top is not None and not body.get("logprobs"):
        raise bad("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs", "invalid_value")
    return (top or 0) if body.get("logprobs") else None


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad("Invalid 'messages': must be a list of at least one message.", "messages", "invalid_type")
    for i, message in enumerate(messages):
        _check_message(message, f"messages[{i}]")
    return messages


def _check_message(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        raise bad(f"Invalid type for '{where}': expected an object.", where, "invalid_type")
    if not isinstance(message.get("role"), str) or message["role"] not in ROLES:
        allowed = ", ".join(sorted(ROLES))
        raise bad(f"Invalid '{where}.role': must be one of {allowed}.", f"{where}.role", "invalid_value")
    content = message.get("content")
    if isinstance(content, list):
        if not all(isinstance(part, dict) and part.get("type") in ("text", "refusal") for part in content):
            raise bad(f"'{where}.content' may hold text parts only.", f"{where}.content", "invalid_value")
    elif not isinstance(content, str) and not (content is None and message["role"] == "assistant"):
        raise bad(f"Invalid type for '{where}.content': expected text.", f"{where}.content", "invalid_type")
