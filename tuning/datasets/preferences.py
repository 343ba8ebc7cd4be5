"""Preference pairs: a conversation, the answer that was chosen, and the one that was rejected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tuning.datasets.cells import Record, Row, Skip, Told, as_text, listed_value
from tuning.datasets.headers import CHOICES, CONVERSATIONS, PREFERENCE_KEYS, SYSTEMS, by_lower, first_of
from tuning.datasets.turns import message_of, turns, with_system, without_nulls

_PROMPTS = ("prompt", "question", "instruction", "query", "user", "input")
#: Anthropic's HH: a whole conversation in one text.
_SPEAKER = re.compile(r"(?:^|\n\n)(Human|Assistant):")
Messages = list[dict[str, Any]]


def preference_row(record: Record) -> Row:
    """A row that has its shape already, without what a table has for all rows and this one doesn't use."""
    given, *outputs = (listed_value(record.get(key)) for key in PREFERENCE_KEYS)
    if not isinstance(given, dict) or not all(isinstance(messages, list) for messages in outputs):
        raise Skip("its input isn't an object, or an output isn't a list")
    messages, *answers = (_cleared(part) for part in (given.get("messages") or (), *outputs))
    return {
        "input": {**without_nulls(given), "messages": messages},
        **dict(zip(PREFERENCE_KEYS[1:], answers, strict=True)),
    }


def _cleared(messages: Iterable[Any]) -> list[Any]:
    return [without_nulls(message) if isinstance(message, dict) else message for message in messages]


class Preference:
    """Chosen and rejected as texts, messages or whole conversations, with a prompt of any kind or none."""

    def __init__(self, columns: list[str], told: Told) -> None:
        names = by_lower(columns)
        self._chosen, self._rejected = (names[name] for name in CHOICES)
        self._prompt = first_of(names, _PROMPTS)
        self._before = first_of(names, (*CONVERSATIONS, "messages")) if not self._prompt else None
        more = names.get("input") if self._prompt != names.get("input") else None
        self._given = [name for name in (more, names.get("context")) if name and self._prompt]
        self._system = first_of(names, SYSTEMS)
        self._told = told
        used = (self._chosen, self._rejected, self._prompt, self._before, self._system, *self._given)
        self.uses = set(filter(None, used))

    def __call__(self, record: Record) -> Row:
        """The row: what both conversations have before their last answers belongs to the prompt."""
        before, chosen = _split(record.get(self._chosen))
        also, rejected = _split(record.get(self._rejected))
        if [_bare(m) for m in before] != [_bare(m) for m in also]:
            raise Skip("the chosen and the rejected answer end different conversations")
        system = as_text(record.get(self._system)).strip() if self._system else ""
        messages = with_system(_joined(self._asked(record), before), system, self._told)
        if not any(message["role"] not in ("system", "developer") for message in messages):
            raise Skip("the prompt or an answer is empty")
        answers = dict(zip(PREFERENCE_KEYS[1:], ([chosen], [rejected]), strict=True))
        return {"input": {"messages": messages}, **answers}

    def _asked(self, record: Record) -> Messages:
        if self._before:
            asked = turns(record[self._before]) if record.get(self._before) else []
            return asked[:-1] if asked and asked[-1]["role"] == "assistant" else asked
        prompt = listed_value(record.get(self._prompt)) if self._prompt else None
        if isinstance(prompt, list | dict) and prompt and _are_messages(prompt):
            return turns([prompt] if isinstance(prompt, dict) else prompt)
        texts = (as_text(prompt), *(as_text(record.get(name)) for name in self._given))
        text = "\n\n".join(part.strip() for part in texts if part.strip())
        return _human(text) or ([{"role": "user", "content": text}] if text else [])


def _are_messages(value: Any) -> bool:
    return all(isinstance(item, dict) for item in ([value] if isinstance(value, dict) else value))


def _split(value: Any) -> tuple[Messages, dict[str, Any]]:
    """The conversation before an answer, and the answer."""
    value = listed_value(value)
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list) and value:
        messages = turns(value)
    else:
        text = as_text(value).strip() if not isinstance(value, list) else ""
        if not text:
            raise Skip("the prompt or an answer is empty")
        messages = _human(as_text(value)) or [message_of({"role": "assistant", "content": text})]
    if messages[-1]["role"] != "assistant":
        raise Skip("the last message of chosen or rejected isn't the assistant's")
    return messages[:-1], messages[-1]


def _human(text: str) -> Messages:
    """The messages of a text that begins with `Human:`; none for another text."""
    if not text.lstrip("\n").startswith("Human:"):
        return []
    pieces = _SPEAKER.split("\n\n" + text.lstrip("\n"))[1:]
    said = [(who, what.strip()) for who, what in zip(pieces[::2], pieces[1::2], strict=True)]
    if said and not said[-1][1]:
        said.pop()  # a prompt ends with "Assistant:"
    return [
        message_of({"role": who if who == "Human" else "assistant", "content": what}) for who, what in said
    ]


def _joined(asked: Messages, before: Messages) -> Messages:
    """The prompt and what both conversations begin with, which often has the prompt already."""
    plain = [_bare(m) for m in before if m["role"] not in ("system", "developer")]
    wanted = [_bare(m) for m in asked if m["role"] not in ("system", "developer")]
    if not wanted or plain[: len(wanted)] == wanted or plain[-len(wanted) :] == wanted:
        lead = [] if any(m["role"] == "system" for m in before) else asked[: len(asked) - len(wanted)]
        return [*lead, *before] if before else asked
    return [*asked, *before]


def _bare(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it is compared: white space around a text makes no other."""
    said = message.get("content")
    return {**message, "content": said.strip() if isinstance(said, str) else said}
