"""The shapes that records come in, and how a record of each becomes a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tuning.datasets.cells import Record, Row, Skip, Told, as_text, listed
from tuning.datasets.headers import (
    ANSWERS,
    CHOICES,
    CONVERSATIONS,
    LABELS,
    MORE_TEXT,
    PREFERENCE_KEYS,
    PROMPTS,
    SYSTEMS,
    TEXTS,
    by_lower,
    first_of,
)
from tuning.datasets.pairs import Pair, chat_row
from tuning.datasets.preferences import Preference, preference_row
from tuning.datasets.turns import Chat, Sharegpt
from tuning.datasets.unpack import CannotConvert

_IN_BRACES = re.compile(r"\{([^{}]+)\}")


class Shape(NamedTuple):
    """How records become rows, by name, and the columns that are used for it."""

    name: str
    make: Callable[[Record], Row]
    uses: set[str]


class Template(NamedTuple):
    """Texts in which `{column}` stands for a cell. An empty `system` gives no system message."""

    user: str
    assistant: str
    system: str = ""


def shape_of(columns: list[str], head: Sequence[Record] = (), told: Told | None = None) -> Shape:
    """The shape that these columns have; `head` are the first records, and `told` counts what was done."""
    names = by_lower(columns)
    told = Told() if told is None else told
    for kind, make in _whole(names, columns, told):
        return Shape(kind, make, make.uses)
    if names.keys() >= set(PREFERENCE_KEYS):
        return Shape("preference", preference_row, {names[key] for key in PREFERENCE_KEYS})
    if "instruction" in names and names.keys() & {"output", "response"}:
        return _alpaca(names)
    prompt, answer = first_of(names, PROMPTS), first_of(names, ANSWERS)
    if not answer and "choices" in names:
        answer = names.get("answerkey")
    if prompt and answer:
        name = "question-answer" if prompt.lower() == "question" else "prompt-completion"
        pair = Pair(prompt, answer, names, head)
        return Shape(name, pair, pair.uses)
    text, label = first_of(names, TEXTS), first_of(names, LABELS)
    if text and label:
        return _labelled(text, first_of(names, MORE_TEXT), label)
    if len(columns) == 2:
        pair = Pair(columns[0], columns[1], {}, head)
        return Shape("two columns", pair, pair.uses)
    raise CannotConvert(
        f"The columns {listed(columns) or '(none)'} fit no known shape."
        " Say with a template which column is asked and which is answered."
    )


def _whole(names: dict[str, str], columns: list[str], told: Told) -> list[tuple[str, Any]]:
    """The shapes whose cells are conversations, the one that says the most first."""
    if names.keys() >= set(PREFERENCE_KEYS):
        return []
    if names.keys() >= set(CHOICES):
        return [("preference-text", Preference(columns, told))]
    if "messages" in names:
        return [("chat", Chat(columns, told))]
    if names.keys() & set(CONVERSATIONS):
        return [("sharegpt", Sharegpt(columns, told))]
    return []


def from_template(template: Template, columns: list[str]) -> Shape:
    """A shape from texts with `{column}` in them. Raises CannotConvert for a column that isn't there."""
    named = placeholders(columns)
    for text in template:
        if unknown := unknown_column(text, columns):
            raise CannotConvert(
                f"There is no column {unknown!r}. There are: {listed(columns)}."
                " For braces in the text write {{ and }}."
            )

    def make(record: Record) -> Row:
        def cell(match: re.Match[str]) -> str:
            return as_text(record.get(match[1])) if match[1] is not None else match[0][0]

        user, assistant, system = (named.sub(cell, text).strip() for text in template)
        return chat_row(user, assistant, system)

    uses = {match[1] for text in template for match in named.finditer(text) if match[1] is not None}
    return Shape("template", make, uses)


def placeholders(columns: Sequence[str]) -> re.Pattern[str]:
    """What stands for a cell in a template, a column's name in braces; doubled braces stand for one."""
    names = sorted(columns, key=len, reverse=True)
    cells = "|".join(map(re.escape, names)) if names else "(?!)"
    return re.compile(r"\{(" + cells + r")\}|\{\{|\}\}")


def unknown_column(text: str, columns: Sequence[str]) -> str | None:
    """The first name in braces that is no column's."""
    found = _IN_BRACES.search(placeholders(columns).sub("", text))
    return found[1] if found else None


def names_column(text: str, columns: Sequence[str]) -> bool:
    """Whether a template has a column in it."""
    return any(match[1] is not None for match in placeholders(columns).finditer(text))


def _labelled(text: str, more: str | None, label: str) -> Shape:
    def make(record: Record) -> Row:
        texts = [as_text(record.get(name)).strip() for name in (text, more) if name]
        return chat_row("\n".join(filter(None, texts)), as_text(record.get(label)))

    return Shape("text-category", make, {text, label, *filter(None, [more])})


def _alpaca(names: dict[str, str]) -> Shape:
    """An instruction with what it is about (`input`, or Dolly's `context`), and earlier turns."""
    asked, system = names["instruction"], first_of(names, SYSTEMS)
    about = [names[name] for name in ("input", "context") if name in names]
    said = [names[name] for name in ("output", "response") if name in names]

    def make(record: Record) -> Row:
        given = [as_text(record.get(name)).strip() for name in about]
        user = "\n\n".join(filter(None, [as_text(record.get(asked)), *given]))
        answer = next((record[name] for name in said if record.get(name) is not None), None)
        row = chat_row(user, as_text(answer), as_text(record.get(system)).strip() if system else "")
        at = 1 if row["messages"][0]["role"] == "system" else 0
        row["messages"][at:at] = _earlier(record.get("history"))
        return row

    return Shape("alpaca", make, {asked, *about, *said, "history", *filter(None, [system])})


def _earlier(history: Any) -> list[dict[str, str]]:
    """The messages of Alpaca's history, which is a list of pairs."""
    turns = [turn for turn in history if _is_turn(turn)] if isinstance(history, list) else []
    roles = ("user", "assistant")
    return [{"role": r, "content": text} for turn in turns for r, text in zip(roles, turn, strict=True)]


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, list) and len(turn) == 2 and all(isinstance(text, str) for text in turn)


__all__ = ["Row", "Shape", "Skip", "Template", "from_template", "shape_of"]
