"""JSON and JSONL: a record a line, a list, one object that holds many, or values one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from tuning.datasets.cells import LONGEST_FIELD, PROBLEM, Numbered, Record, listed
from tuning.datasets.nested import records_in
from tuning.datasets.unpack import CannotConvert, Opened, open_text

LARGEST_JSON = 256 << 20
_VALUE = re.compile(r"[^\s,]")
_NO_OBJECT = "it isn't an object"


class _Twice(ValueError):
    """An object has a key more than once."""


def _object(pairs: list[tuple[str, Any]]) -> Record:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        again = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Twice(f"the key {listed([again])} stands twice in it")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def is_lines(head: str) -> bool:
    """Whether JSON that begins so has a record in each line, of which some may be broken."""
    lines = [line for line in head.split("\n") if line.strip()]
    if len(lines) == 1:
        return len(head) >= 1 << 15 and head[:1] == "{"
    if len(head) >= 1 << 15 and not head.endswith("\n"):
        lines.pop()
    whole = sum(map(_is_whole, lines))
    return (whole * 2 >= len(lines) and whole > 0) or _is_broken_record(lines[0], head)


def _is_whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_broken_record(first: str, head: str) -> bool:
    """Whether the first line is a whole object but for a fault inside of it."""
    if not (first.startswith("{") and first.rstrip().endswith("}")):
        return False
    try:
        json.JSONDecoder().raw_decode(head)
    except json.JSONDecodeError as error:
        return error.pos < len(first) - 1
    except (ValueError, RecursionError):
        return True
    return False


def lines(opened: Opened, notes: list[str]) -> Iterator[Numbered]:
    """The record of each line, with the number of the line."""
    with open_text(opened) as text:
        number = 0
        while line := text.readline(LONGEST_FIELD):
            number += 1
            if len(line) >= LONGEST_FIELD and not line.endswith(("\n", "\r")):
                _skip_line(text)
                yield number, {PROBLEM: f"it has more than {LONGEST_FIELD >> 20} MB"}
            elif line.strip():
                yield number, _parsed(line.lstrip("\ufeff"))


def _skip_line(text: Any) -> None:
    while (more := text.readline(LONGEST_FIELD)) and not more.endswith(("\n", "\r")):
        pass


def _parsed(line: str) -> Record:
    try:
        value = _DECODER.decode(line)
    except _Twice as error:
        return {PROBLEM: str(error)}
    except (ValueError, RecursionError):
        return {PROBLEM: "it isn't JSON"}
    return value if isinstance(value, dict) else {PROBLEM: _NO_OBJECT}


def document(opened: Opened, notes: list[str]) -> Iterator[Numbered]:
    """The records of a list or of values that follow each other, with their position."""
    if opened.path.stat().st_size > LARGEST_JSON:
        raise CannotConvert(
            f"One JSON value may have {LARGEST_JSON >> 20} MB. Bring one object a line instead."
        )
    with open_text(opened) as file:
        text = file.read().lstrip("\ufeff \t\r\n")
    try:
        yield from enumerate(_records(text, notes), 1)
    except _Twice as error:
        raise CannotConvert(f"The JSON is ambiguous: {error}. Keep one of both.") from error
    except RecursionError as error:
        raise CannotConvert("The JSON is nested too deeply.") from error
    except MemoryError as error:
        raise CannotConvert("The JSON takes too much memory. Bring one object a line instead.") from error
    except ValueError as error:
        raise CannotConvert(f"The file isn't valid JSON: {error}.") from error


def _records(text: str, notes: list[str]) -> Iterator[Record]:
    if text[:1] == "[":
        yield from map(_record, _items(text))
        return
    values = _values(text, 0)
    first = next(values, None)
    if (second := next(values, None)) is not None:
        yield from map(_record, chain((first, second), values))
    elif not isinstance(first, dict):
        raise CannotConvert("The JSON is neither a list nor an object.")
    else:
        yield from map(_record, records_in(first, notes))


def _record(value: Any) -> Record:
    return value if isinstance(value, dict) else {PROBLEM: _NO_OBJECT}


def _items(text: str) -> Iterator[Any]:
    """The items of a list one by one: a list of millions of them would take a hundred times its text."""
    at = 1
    while (match := _VALUE.search(text, at)) and match[0] != "]":
        value, at = _DECODER.raw_decode(text, match.start())
        yield value
    if match is None:
        raise ValueError("the list isn't closed")
    if rest := _VALUE.search(text, match.end()):
        raise ValueError(f"something stands after the list, at character {rest.start() + 1:,}")


def _values(text: str, at: int) -> Iterator[Any]:
    """Values one after the other: rows that are spread over several lines."""
    while match := _VALUE.search(text, at):
        value, at = _DECODER.raw_decode(text, match.start())
        yield value
