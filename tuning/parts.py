"""A row's text in the parts that a form can hold, cut where a reader would, and joined again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise

#: What Slack lets a person type into one field (https://docs.slack.dev/reference/block-kit/block-elements).
LONGEST_FIELD = 3000
#: A part leaves room for what is added to it.
_PART = 2400
#: A part is longer than what stands before a row's first message.
_LEAST = 200
MOST_PARTS = 24
#: Slack takes a form of 250,000 bytes with all that it holds; written as JSON in ASCII, a row may have these.
_MOST_BYTES = 150_000
_MESSAGE = re.compile(r'\{\s*"(?:role|from)"')
_SPACE = re.compile(r"\s")


def parts_of(text: str) -> list[str] | None:
    """The row in one or more parts, which joined are the row again; None when it is too long for a form."""
    if len(json.dumps(text)) > _MOST_BYTES:
        return None
    if _width(text) <= LONGEST_FIELD:
        return [text]
    cuts = [0]
    while _width(text[cuts[-1] :]) > _PART:
        cuts.append(_cut(text, cuts[-1]))
    parts = [text[start:end] for start, end in pairwise([*cuts, len(text)])]
    return parts if len(parts) <= MOST_PARTS else None


def joined(parts: Sequence[str]) -> str:
    return "".join(parts)


def _width(text: str) -> int:
    """Characters as Slack counts them: in UTF-16."""
    return len(text) + sum(character > "\uffff" for character in text)


def _cut(text: str, start: int) -> int:
    """Where the part from `start` ends: before a message, else between words, else where it is full.

    A form may take away the white space at a part's ends: within a text there is none.
    """
    end = start + _PART
    while _width(text[start:end]) > _PART:
        end -= max(1, (_width(text[start:end]) - _PART) // 2)
    messages = [found.start() for found in _MESSAGE.finditer(text, start + 1, end + 12)]
    if messages and start + _LEAST <= messages[-1] <= end:
        return messages[-1]
    space = text.rfind(" ", start + _PART // 2, end)
    # behind the first letter of the next word
    wanted = space + 2 if space > start else end
    while wanted > start + 1 and (_SPACE.match(text[wanted - 1]) or _SPACE.match(text[wanted : wanted + 1])):
        wanted -= 1
    return wanted
