"""What a request's parameters may hold: each check raises ApiError naming the parameter that is wrong."""

from collections.abc import Callable, Mapping
from typing import Any

from trainer.errors import ApiError, bad

Check = Callable[[Any, str], None]
MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512


def check(body: Mapping[str, Any], checks: Mapping[str, Check], where: str = "") -> None:
    """Hold what a body says against the checks; what isn't there, or is null, is right."""
    for name, right in checks.items():
        if body.get(name) is not None:
            right(body[name], where + name)


def wrong_type(param: str, wanted: str) -> ApiError:
    """400 for a value of another type than the wanted."""
    return bad(f"Invalid type for '{param}': expected {wanted}.", param, "invalid_type")


def missing(param: str) -> ApiError:
    """400 for a parameter that must be there."""
    return bad(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def truth(value: Any, param: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong_type(param, "true or false")


def text(value: Any, param: str) -> None:
    """Any text."""
    if not isinstance(value, str):
        raise wrong_type(param, "text")


def thing(value: Any, param: str) -> None:
    """Any object."""
    if not isinstance(value, dict):
        raise wrong_type(param, "an object")


def shorter(most: int) -> Check:
    """Text of so many characters at most."""

    def right(value: Any, param: str) -> None:
        text(value, param)
        if len(value) > most:
            raise bad(f"Invalid '{param}': has at most {most} characters.", param, "string_above_max_length")

    return right


def word(*known: str) -> Check:
    """One of these words."""

    def right(value: Any, param: str) -> None:
        text(value, param)
        if value not in known:
            raise bad(f"Invalid '{param}': must be one of {', '.join(known)}.", param, "invalid_value")

    return right


def holding(**checks: Check) -> Check:
    """An object with these keys and no others."""

    def right(value: Any, param: str) -> None:
        thing(value, param)
        if unknown := sorted(set(value) - set(checks)):
            name = f"{param}.{unknown[0]}"
            raise bad(f"Unrecognized request argument supplied: {name}", name, "unknown_parameter")
        check(value, checks, f"{param}.")

    return right


def pairs(value: Any, param: str) -> None:
    """Metadata: a few short texts under short names."""
    if not isinstance(value, dict) or len(value) > MOST_PAIRS:
        message = f"Invalid '{param}': must be an object of at most {MOST_PAIRS} pairs."
        raise bad(message, param, "invalid_value")
    for key, said in value.items():
        if len(key) > LONGEST_KEY or not isinstance(said, str) or len(said) > LONGEST_VALUE:
            message = (
                f"Invalid '{param}': keys have at most {LONGEST_KEY} characters, "
                f"values are strings of at most {LONGEST_VALUE}."
            )
            raise bad(message, param, "invalid_value")


def tier(value: Any, param: str) -> None:
    """There is one tier here: asking for another would promise something."""
    word("auto", "default", "flex", "scale", "priority", "fast")(value, param)
    if value not in ("auto", "default"):
        message = f"This server has one service tier: '{param}' must be 'auto' or 'default'."
        raise bad(message, param, "unsupported_value")


def beyond(body: Mapping[str, Any], undone: Mapping[str, tuple[Any, ...]]) -> str | None:
    """The first parameter that asks for what isn't done: its value is none of those that ask for nothing."""
    return next((name for name, idle in undone.items() if not _asks_nothing(body.get(name), idle)), None)


def _asks_nothing(value: Any, idle: tuple[Any, ...]) -> bool:
    # To Python false is 0; in JSON it is another thing.
    return value is None or any(
        value == one and isinstance(value, bool) == isinstance(one, bool) for one in idle
    )


#: What concerns OpenAI's bookkeeping and caches, and changes no word of an answer.
HARMLESS: dict[str, Check] = {
    "metadata": pairs,
    "parallel_tool_calls": truth,
    "prompt_cache_key": text,
    "prompt_cache_options": holding(mode=word("implicit", "explicit"), ttl=word("30m")),
    "prompt_cache_retention": word("in_memory", "in-memory", "24h"),
    "safety_identifier": shorter(64),
    "service_tier": tier,
    "user": text,
}
