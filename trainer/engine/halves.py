"""Half characters: JSON can write one half of a pair of surrogates, and no tokenizer or file can hold it."""

import json
from collections.abc import Iterator
from typing import Any


def half_problem(row: dict[str, Any]) -> str | None:
    """Where a row holds half of a character, in its texts or in the arguments of a call, or None."""
    for where, text in _texts(row):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            half = text[error.start].encode("ascii", "backslashreplace").decode()
            return f"{where} holds half of a character, {half}, which can't be written as UTF-8."
    return None


def _texts(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of a row with its place; a key has the place of what it belongs to."""
    left: list[tuple[str, Any]] = [("", row)]
    while left:
        where, value = left.pop()
        if isinstance(value, str):
            yield where, value
            if where.endswith(".arguments"):
                left.append((f"{where}, read as JSON,", _read(value)))
        elif isinstance(value, list):
            left += [(f"{where}[{i}]", item) for i, item in enumerate(value)][::-1]
        elif isinstance(value, dict):
            for key in value:
                yield where or "the example", key
            left += [(f"{where}.{key}".lstrip("."), item) for key, item in value.items()][::-1]


def _read(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return None
