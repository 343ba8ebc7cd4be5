"""A row's text in the parts that a form can hold, cut where a reader would, and joined again."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from itertools import pairwise

#: What Slack lets a person type into one field (https://docs.slack.dev/reference/block-kit/block-elements).
LONGEST_FIELD = 3000
#: A part leaves room for what is added to it.
_PART = 2400
MOST_PARTS = 24
#: Slack takes a form of 250,000 bytes with all that it holds; written as JSON in ASCII, a row may have these.
_MOST_BYTES = 150_000
_MESSAGE = re.compile(r'\{\s*"(?:role|from)"')
_SPACE = re.compile(r"\s")
_ONE_SPACE = re.compile(r"\S \S")


def parts_of(text: str) -> list[str] | None:
    """The row in one or more parts, which joined are the row again; None when a form can't hold it."""
    if len(json.dumps(text)) > _MOST_BYTES or _width(text) > MOST_PARTS * _PART:
        return None
    if _width(text) <= LONGEST_FIELD:
        return [text]
    cuts = [0]
    while _width(text[cuts[-1] :]) > _PART:
        cut = _cut(text, cuts[-1])
        if cut is None or len(cuts) == MOST_PARTS:
            return None
        cuts.append(cut)
    return [text[start:end] for start, end in pairwise([*cuts, len(text)])]


def gaps(parts: Sequence[str]) -> list[int]:
    """Which parts begin with a space that belongs to the row."""
    return [at for at, part in enumerate(parts) if at and part.startswith(" ")]


def joined(parts: Sequence[str], gaps: Collection[int] = ()) -> str:
    """The row of these parts; `gaps` are those that began with a space, which a form may have taken away."""
    return "".join(f" {part.lstrip(' ')}" if at in gaps else part for at, part in enumerate(parts))


def _width(text: str) -> int:
    """Characters as Slack counts them: in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, start: int) -> int | None:
    """Where the part from `start` ends: before a message, else between words, else where it is full.

    A form may take away the white space at a part's ends: within a text there is none, or one space that
    the next part begins with. None when that can't be: the row has long runs of white space.
    """
    end = start + _PART
    while _width(text[start:end]) > _PART:
        end -= max(1, (_width(text[start:end]) - _PART) // 2)
    least = start + (end - start) // 2
    messages = [found.start() for found in _MESSAGE.finditer(text, least, end + 12)]
    if messages and messages[-1] <= end:
        return messages[-1]
    # behind the first letter of the next word
    space = text.rfind(" ", least, end - 1)
    behind = range(space + 2, least, -1) if space > 0 else range(end, least, -1)
    within = next((at for at in behind if not _SPACE.search(text[at - 1 : at + 1])), None)
    return within or next((at for at in range(end, least, -1) if _ONE_SPACE.match(text, at - 1)), None)
