"""Conversations: the messages of chat rows, and ShareGPT's turns, as messages."""

from __future__ import annotations

from typing import Any

from tuning.datasets.cells import Record, Row, Skip, Told, as_text, listed_value
from tuning.datasets.headers import CONVERSATIONS, SYSTEMS, by_lower, first_of

_ROLES = {
    "human": "user",
    "user": "user",
    "prompter": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "system": "system",
}
#: What a chat row may have beside its messages; other columns are the table's own.
_CHAT_KEYS = ("tools", "parallel_tool_calls", "functions")


class Sharegpt:
    """ShareGPT's conversations, with the system prompt of a column of its own."""

    def __init__(self, columns: list[str], told: Told) -> None:
        names = by_lower(columns)
        self._conversation = [names[name] for name in CONVERSATIONS if name in names]
        self._system = first_of(names, SYSTEMS)
        self._told = told
        self.uses = {*self._conversation, *filter(None, [self._system])}

    def __call__(self, record: Record) -> Row:
        """The row up to the last answer: what comes after it is counted."""
        messages = turns(next((record[name] for name in self._conversation if record.get(name)), None))
        count = len(messages)
        while messages and messages[-1]["role"] != "assistant":
            messages.pop()
        if not messages:
            raise Skip("nobody answers in the conversation")
        if len(messages) < count:
            self._told["what comes after the last answer was left out"] += 1
        system = as_text(record.get(self._system)).strip() if self._system else ""
        return {"messages": with_system(messages, system, self._told)}


def turns(value: Any) -> list[dict[str, Any]]:
    """A conversation of any kind as messages."""
    found = listed_value(value)
    if isinstance(found, str):
        raise Skip("its conversation isn't JSON")
    if not isinstance(found, list) or not found:
        raise Skip("it has no conversation")
    return [message_of(turn) for turn in found]


def message_of(turn: Any) -> dict[str, Any]:
    """A turn as a message; a message of a chat stays as it is."""
    if not isinstance(turn, dict):
        raise Skip("a turn isn't an object")
    if turn.get("tool_calls") or turn.get("tool_call_id"):
        return without_nulls(turn)
    who = str(turn.get("from", turn.get("role", ""))).lower()
    if who not in (*_ROLES, "developer"):
        raise Skip(f"{who[:30]!r} isn't a known speaker")
    said = turn.get("value", turn.get("content", turn.get("text")))
    if not (isinstance(said, str) and said.strip()) and not (isinstance(said, list) and said):
        raise Skip("a turn says nothing")
    message: dict[str, Any] = {"role": _ROLES.get(who, who), "content": said}
    weight = turn.get("weight")
    if message["role"] == "assistant" and weight in (0, 1):
        message["weight"] = int(weight)
    return message


def has_system(messages: list[Any]) -> bool:
    """Whether a conversation is told how to behave already."""
    return any(isinstance(m, dict) and m.get("role") in ("system", "developer") for m in messages)


def with_system(messages: list[Any], system: str, told: Told) -> list[Any]:
    """The messages after a system prompt, where they have none of their own."""
    if not system:
        return messages
    if has_system(messages):
        told["the conversation's own system prompt was taken, not the column's"] += 1
        return messages
    return [{"role": "system", "content": system}, *messages]


class Chat:
    """Rows with messages: their tools stay, and what a reinforcement item has for its grader."""

    def __init__(self, columns: list[str], told: Told) -> None:
        names = by_lower(columns)
        self._messages = names["messages"]
        self._system = first_of(names, SYSTEMS)
        self._told = told
        self.uses = {self._messages, *_CHAT_KEYS, *filter(None, [self._system])}

    def __call__(self, record: Record) -> Row:
        """The row without the nulls that its table has for all messages."""
        found = listed_value(record.get(self._messages))
        if not isinstance(found, list):
            raise Skip("its messages aren't a list")
        if not found:
            raise Skip("it has no messages")
        if not all(isinstance(message, dict) for message in found):
            raise Skip("a message isn't an object")
        messages = [message_of(m) if "from" in m and "role" not in m else without_nulls(m) for m in found]
        item = messages[-1].get("role") == "user"  # a reinforcement item: the rest is for its grader
        keys = [key for key in (record if item else _CHAT_KEYS) if key != self._messages]
        if item:
            self.uses.update(keys)
        elif self._system:
            messages = with_system(messages, as_text(record.get(self._system)).strip(), self._told)
        kept = {key: record[key] for key in keys if record.get(key) is not None}
        kept.update({key: listed_value(kept[key]) for key in ("tools", "functions") if key in kept})
        return {"messages": messages, **kept}


def without_nulls(message: dict[str, Any]) -> dict[str, Any]:
    """A message without the keys that its table has for all messages and this one doesn't use."""
    calls = bool(message.get("tool_calls"))
    return {key: value for key, value in message.items() if value is not None or (key == "content" and calls)}
