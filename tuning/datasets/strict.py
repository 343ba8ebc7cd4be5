"""Reading one line exactly: what fast parsers let pass or refuse without a reason becomes a finding.

Python's own parser accepts repeated keys, NaN, huge numbers and halves of surrogate pairs; the hooks here
keep them in the value, marked, so that the checker can name their path.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tuning.datasets.masked import masked

MAX_DEPTH = 100
_NO_JSON = ("duplicate_key", "not_a_number", "lone_surrogate", "too_deep")
_HALF = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
# Between letters of scripts without spaces (Thai to Myanmar, Khmer) a zero-width space says where words end.
_SPACELESS = "\u0e00-\u109f\u1780-\u17ff"
INVISIBLE = re.compile(
    "[\u00ad\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
    f"|(?<![{_SPACELESS}])\u200b(?![{_SPACELESS}])"
)
# The flags of England, Scotland and Wales are a black flag, hidden letters that say which, and an end.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
LOST = "\ufffd"


class Repeated(dict[str, Any]):
    """An object in which some keys stood more than once."""

    keys_repeated: tuple[str, ...] = ()


class BadNumber(float):
    """NaN, an infinity, or a number too large for a double."""


class Problem(NamedTuple):
    """Something wrong that the value alone doesn't show; `path` is inside the row."""

    code: str
    path: str
    what: str


class Line(NamedTuple):
    """A line as read: `readable` is false when there is no value to check."""

    value: Any
    problems: list[Problem]
    readable: bool


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    repeated = Repeated(value)
    repeated.keys_repeated = tuple(dict.fromkeys(k for k, _ in pairs if k in seen or seen.add(k)))  # type: ignore[func-returns-value]
    return repeated


def _float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else BadNumber(number)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=BadNumber)
_LENIENT = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=BadNumber, strict=False
)


def read_line(line: bytes) -> Line:
    """Parse one line, with every problem of its JSON. Never raises."""
    problems: list[Problem] = []
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(Problem("invalid_utf8", "", f"Byte {error.start + 1} of the row isn't valid UTF-8"))
        text = line.decode("utf-8", "replace")
    damaged = bool(problems)
    value, failure = _parse(_DECODER, text)
    if failure and failure.what.startswith("Invalid control character"):
        problems.append(failure)
        value, failure = _parse(_LENIENT, text)
    if failure:
        return Line(None, [*problems, failure], False)
    problems.extend(p for p in _deep_problems(value) if not (damaged and p.code == "lost_character"))
    return Line(value, problems, not any(problem.code == "too_deep" for problem in problems))


def parse(text: str) -> tuple[Any, str | None]:
    """The value of a JSON text that stands inside a row, or why it isn't one; it never quotes the text."""
    value, failure = _parse(_DECODER, text)
    if failure:
        return None, failure.what
    return value, next((problem.what for problem in _deep_problems(value) if problem.code in _NO_JSON), None)


def _parse(decoder: json.JSONDecoder, text: str) -> tuple[Any, Problem | None]:
    try:
        return decoder.decode(text), None
    except json.JSONDecodeError as error:
        return None, Problem("bad_json", "", _reason(error, text))
    except RecursionError:
        return None, Problem("too_deep", "", "It is nested too deeply")
    except ValueError:
        return None, Problem("bad_json", "", "There is a number with too many digits")


def _reason(error: json.JSONDecodeError, text: str) -> str:
    where = f" at character {error.pos + 1}"
    rest = text[error.pos : error.pos + 5]
    if error.msg.startswith("Invalid control character"):
        return f"Invalid control character U+{ord(rest[0]):04X}{where} (escape it, as \\n or \\t)"
    if error.msg == "Extra data":
        hint = _extra_hint(text[error.pos :].strip())
        return f"There is more text after the end of the JSON value{where}{hint}"
    if error.pos >= len(text.rstrip()):
        return f"It isn't complete JSON: it ends too early{where}"
    if text[:1] == "\ufeff":
        return "There is a byte order mark before the row"
    what = error.msg[0].lower() + error.msg[1:].removesuffix(" at")
    unclosed = " (if the text goes on in the next row, write its line breaks as \\n)"
    hint = unclosed if what.startswith("unterminated") else _hint(rest, error.pos)
    return f"It isn't valid JSON: {what}{where}{hint}"


def _extra_hint(rest: str) -> str:
    if rest == ",":
        return " (a comma: rows have none between them)"
    return " (another object: give each a row of its own)" if rest.startswith("{") else ""


def _hint(rest: str, position: int) -> str:
    if rest.startswith("'"):
        return " (JSON needs double quotes)"
    if rest.startswith(("True", "False", "None")):
        return " (JSON writes true, false and null)"
    if rest.startswith(("//", "#", "/*")):
        return " (JSON has no comments)"
    if rest.startswith(("}", "]")):
        return " (remove the comma before it)"
    if not rest[0].isprintable():
        return f" (there is the character U+{ord(rest[0]):04X}, which no editor shows)"
    return " (it has to begin with a brace)" if position == 0 else ""


def walk(value: Any) -> Iterator[tuple[str, Any, int]]:
    """Every value inside, with its path and depth, without recursion."""
    stack: list[tuple[str, Any, int]] = [("", value, 0)]
    while stack:
        path, item, depth = stack.pop()
        yield path, item, depth
        if isinstance(item, dict):
            stack.extend((join(path, key), child, depth + 1) for key, child in reversed(item.items()))
        elif isinstance(item, list):
            stack.extend((f"{path}[{i}]", item[i], depth + 1) for i in range(len(item) - 1, -1, -1))


def join(path: str, key: str) -> str:
    """A path one key deeper; keys that aren't plain words stand in quotes, masked, and cut when long."""
    key = masked(key)
    key = key if len(key) <= 60 else key[:57] + "..."
    if not key.replace("_", "a").replace("-", "a").isalnum() or not key.isascii():
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def _is_clean(value: Any) -> bool:
    """Whether nothing inside needs to be told; found without the paths, which take most of the time."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if any(text_problems("", item)):
                    return False
            elif isinstance(item, BadNumber | Repeated):
                return False
            elif isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return True
        level = deeper
    return False


def _deep_problems(value: Any) -> Iterator[Problem]:
    if _is_clean(value):
        return
    for path, item, depth in walk(value):
        if depth > MAX_DEPTH:
            yield Problem("too_deep", "", f"The row is nested more than {MAX_DEPTH} levels deep")
            return
        if isinstance(item, str):
            yield from text_problems(path, item)
        elif isinstance(item, BadNumber):
            name = "NaN" if math.isnan(item) else "a number that is infinite or too large"
            yield Problem("not_a_number", path, f"The value is {name}")
        elif isinstance(item, Repeated):
            for key in item.keys_repeated:
                yield Problem("duplicate_key", join(path, key), f"The key {shown(key)} stands more than once")


def text_problems(path: str, text: str) -> Iterator[Problem]:
    """Characters that don't belong in text: halves of pairs, what nobody can see, what was lost."""
    if text.isascii() and text.isprintable():
        return
    if half := _HALF.search(text):
        yield Problem("lone_surrogate", path, f"The text has half a character, U+{ord(half[0]):04X}")
    if control := CONTROL.search(text):
        what = f"The text has the control character U+{ord(control[0]):04X}"
        yield Problem("control_character", path, what)
    if hidden := INVISIBLE.search(_FLAG.sub("", text)):
        what = f"The text has the invisible character U+{ord(hidden[0]):04X}"
        yield Problem("invisible_character", path, what)
    if LOST in text:
        yield Problem("lost_character", path, "The text has U+FFFD in the place of a character that was lost")


def shown(key: object, limit: int = 40) -> str:
    """A key or a short value in a message: quoted, one line, cut; what is private in it is masked."""
    key = masked(key) if isinstance(key, str) else key
    text = json.dumps(key, ensure_ascii=True, default=str)
    text = text if isinstance(key, str) else masked(text)
    return text if len(text) <= limit else text[: limit - 4] + '..."'
