"""The method of a create request and its hyperparameters, checked."""

import sys
from typing import Any

from trainer import fields
from trainer.errors import bad

NUMBERS: dict[str, tuple[type, float, float]] = {
    "n_epochs": (int, 1, 50),
    "batch_size": (int, 1, 256),
    "learning_rate_multiplier": (float, 0.0, sys.float_info.max),
    "beta": (float, 0.0, 2.0),
}
METHODS = {"supervised": set(NUMBERS) - {"beta"}, "dpo": set(NUMBERS)}


def method_of(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Its name, and the hyperparameters that are asked for; raises ApiError."""
    method = {"type": "supervised"} if body.get("method") is None else _object(body, "method")
    kind = method.get("type")
    if not isinstance(kind, str) or kind not in METHODS:
        message = f"Method {kind!r} is not supported by this server. Supported: {', '.join(METHODS)}."
        raise bad(message, "method.type", "unsupported_value")
    refuse_unknown(
        {name: value for name, value in method.items() if value is not None}, {"type", kind}, "method."
    )
    part, where = _object(method, kind, "method."), f"method.{kind}."
    refuse_unknown(part, {"hyperparameters"}, where)
    asked = _numbers(_object(part, "hyperparameters", where), kind, f"{where}hyperparameters")
    older = _numbers(_object(body, "hyperparameters"), kind, "hyperparameters")
    if differing := [name for name in older if asked.setdefault(name, older[name]) != older[name]]:
        param = f"hyperparameters.{differing[0]}"
        message = f"Invalid '{param}': {where}hyperparameters says something else."
        raise bad(message, param, "invalid_value")
    return kind, asked


def _object(body: dict[str, Any], name: str, where: str = "") -> dict[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise fields.wrong_type(f"{where}{name}", "an object")
    return value


def _numbers(requested: dict[str, Any], kind: str, where: str) -> dict[str, Any]:
    for name, value in requested.items():
        param = f"{where}.{name}"
        if name not in METHODS[kind]:
            raise bad(f"Unrecognized hyperparameter: {name}", param, "unknown_parameter")
        if value is not None and value != "auto":
            _check_number(name, value, param)
    return {name: value for name, value in requested.items() if value is not None}


def _check_number(name: str, value: Any, param: str) -> None:
    kind, least, most = NUMBERS[name]
    wanted = int if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise bad(f"Invalid type for '{param}': expected 'auto' or a number.", param, "invalid_type")
    too_small = value < least if kind is int else value <= least
    if too_small or value > most:
        bound = f"between {least:g} and {most:g}" if kind is int else f"above {least:g} and at most {most:g}"
        raise bad(f"Invalid '{param}': {value} must be {bound}.", param, "invalid_value")


def refuse_unknown(given: dict[str, Any], known: set[str], where: str = "") -> None:
    """400 for a key that isn't known."""
    unknown = sorted(set(given) - known)
    if unknown:
        message = f"Unrecognized request argument supplied: {where}{unknown[0]}"
        raise bad(message, f"{where}{unknown[0]}", "unknown_parameter")
