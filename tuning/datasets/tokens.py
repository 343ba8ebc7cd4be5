"""Counting tokens, as the data preparation notebook does, with a tokenizer that needs no download.

A chat row costs 3 tokens a message, the tokens of every string in it (role, content, name, tool_call_id,
refusal), 1 more for a name, and 3 for the reply. What the notebook doesn't count is counted like this: a call
is the text of its name and its arguments; a tool definition is its compact JSON; an image is 85 tokens with
low detail and 765 otherwise. A preference row is its input with both outputs. Backends don't publish their
own layout of tools and images, so those two parts are estimates; plain text is exact.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import toktok

PER_MESSAGE = 3
PER_NAME = 1
PER_REPLY = 3
IMAGE_LOW = 85
IMAGE_HIGH = 765
ENCODINGS = ("o200k_base", "cl100k_base", "o200k_harmony")
_TEXT_KEYS = ("role", "content", "name", "tool_call_id", "refusal")


class UnknownEncoding(ValueError):
    """There is no such tokenizer here."""


def count_texts(texts: list[str], encoding: str) -> list[int]:
    """Tokens of each text; text that looks like a special token is counted as plain text."""
    try:
        return _count(texts, encoding)
    except UnicodeEncodeError:  # halves of characters: counted as U+FFFD, as tiktoken does
        whole = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
        return _count(whole, encoding)


def _count(texts: list[str], encoding: str) -> list[int]:
    counts: list[int] = toktok.batch_count(texts, encoding, threads=1)
    return counts


def check_encoding(encoding: str) -> str:
    """The encoding's name if it is known; raises UnknownEncoding otherwise."""
    if encoding not in ENCODINGS:
        raise UnknownEncoding(f"There is no encoding {encoding!r}. Choose one of {', '.join(ENCODINGS)}.")
    return encoding


class RowTexts(NamedTuple):
    """What of a row is counted: fixed tokens, texts, and which slices of `texts` are assistant messages."""

    fixed: int
    texts: list[str]
    turns: list[tuple[int, int]]


class _Counter:
    def __init__(self) -> None:
        self.fixed = 0
        self.texts: list[str] = []
        self.turns: list[tuple[int, int]] = []

    def row(self, row: dict[str, Any]) -> None:
        """Messages, outputs and tool definitions of a row of any format."""
        value = row.get("input")
        holder = value if isinstance(value, dict) else row
        messages = [
            *_list(holder.get("messages")),
            *_list(row.get("preferred_output")),
            *_list(row.get("non_preferred_output")),
        ]
        for message in messages:
            if isinstance(message, dict):
                self.message(message)
        self.fixed += PER_REPLY
        for key in ("tools", "functions"):
            self.texts.extend(_compact(tool) for tool in _list(holder.get(key)))

    def message(self, message: dict[str, Any]) -> None:
        """One message of any role."""
        self.fixed += PER_MESSAGE
        for key in _TEXT_KEYS:
            if key != "content" and isinstance(text := message.get(key), str):
                self.texts.append(text)
                self.fixed += PER_NAME if key == "name" else 0
        start = len(self.texts)
        self.content(message.get("content"))
        for call in _list(message.get("tool_calls")):
            self.call(call.get("function") if isinstance(call, dict) else None)
        self.call(message.get("function_call"))
        if message.get("role") == "assistant":
            self.turns.append((start, len(self.texts)))

    def content(self, content: Any) -> None:
        """Text, or the parts of it."""
        if isinstance(content, str):
            self.texts.append(content)
        for part in _list(content):
            if isinstance(part, dict):
                self.texts.extend(text for k in ("text", "refusal") if isinstance(text := part.get(k), str))
                self.fixed += _image_tokens(part)

    def call(self, function: Any) -> None:
        """Name and arguments of a call."""
        if isinstance(function, dict):
            self.texts.extend(text for k in ("name", "arguments") if isinstance(text := function.get(k), str))


def _image_tokens(part: dict[str, Any]) -> int:
    if part.get("type") != "image_url":
        return 0
    image = part.get("image_url")
    low = isinstance(image, dict) and image.get("detail") == "low"
    return IMAGE_LOW if low else IMAGE_HIGH


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def texts_of(row: dict[str, Any]) -> RowTexts:
    """What is counted of a row that may be broken in any way."""
    counter = _Counter()
    counter.row(row)
    return RowTexts(counter.fixed, counter.texts, counter.turns)


@lru_cache(maxsize=64)
def role_tokens(role: str, encoding: str) -> int:
    """Tokens of a role's name."""
    return count_texts([role], encoding)[0]


def default_epochs(examples: int) -> int:
    """The epochs that the notebook proposes: 3, but 100 examples at least and 25,000 at most in all."""
    if examples <= 0:
        return 1
    if examples * 3 < 100:
        return min(25, 100 // examples)
    if examples * 3 > 25_000:
        return max(1, 25_000 // examples)
    return 3
