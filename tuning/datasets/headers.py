"""The names of columns that tell what a table is, and which of its first rows has the names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TEXTS = ("text", "sentence", "content", "headline", "review", "utterance", "comment", "tweet", "title")
MORE_TEXT = ("description", "body", "summary")
LABELS = ("label", "category", "class", "sentiment", "intent", "topic", "target")
PROMPTS = ("prompt", "question", "input", "query", "instruction", "user")
ANSWERS = ("completion", "response", "answer", "output", "assistant", "reply", "answers")
SYSTEMS = ("system", "system_prompt", "system_message")
CONVERSATIONS = ("conversations", "conversation")
PREFERENCE_KEYS = ("input", "preferred_output", "non_preferred_output")
CHOICES = ("chosen", "rejected")
MOST_TITLES = 20
_ALONE = frozenset({"messages", *CONVERSATIONS})


def by_lower(columns: Sequence[str]) -> dict[str, str]:
    """The columns by their names in small letters."""
    return {name.lower(): name for name in columns}


def first_of(names: Mapping[str, str], wanted: Sequence[str]) -> str | None:
    """The first of these that there is, as the table spells it."""
    return next((names[name] for name in wanted if name in names), None)


def recognised(columns: Sequence[str]) -> bool:
    """Whether the names tell by themselves what is asked and what is answered."""
    names = by_lower([name.strip() for name in columns])
    if names.keys() & _ALONE or names.keys() >= set(PREFERENCE_KEYS) or names.keys() >= set(CHOICES):
        return True
    asked, said = first_of(names, PROMPTS), first_of(names, ANSWERS)
    text, label = first_of(names, TEXTS), first_of(names, LABELS)
    return bool((asked and said) or (text and label))


def header_at(rows: Sequence[Sequence[Any]]) -> int:
    """Which of a table's rows names the columns: known names, else the first with two cells or more.

    A title has one cell.
    """
    head = [[str(cell).lstrip("\ufeff") for cell in cells] for cells in rows[:MOST_TITLES]]
    for index, cells in enumerate(head):
        if recognised(cells):
            return index
    filled = [sum(cell.strip() != "" for cell in cells) for cells in head]
    several = next((index for index, cells in enumerate(filled) if cells > 1), None)
    return several if several is not None else next((i for i, cells in enumerate(filled) if cells), 0)
