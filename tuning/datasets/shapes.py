"""The shapes that records come in, and how a record of each becomes a row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tuning.datasets.records import Record, as_text
from tuning.datasets.unpack import CannotConvert

Row = dict[str, Any]
Shape = Callable[[Record], Row]

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
_TEXTS = ("text", "sentence", "content", "headline", "review", "utterance", "comment", "tweet", "title")
_MORE_TEXT = ("description", "body", "summary")
_LABELS = ("label", "category", "class", "sentiment", "intent", "topic", "target")
_PROMPTS = ("prompt", "question", "input", "query", "instruction", "user")
_ANSWERS = ("completion", "response", "answer", "output", "assistant", "reply")
_IN_BRACES = re.compile(r"\{([^{}]+)\}")
_OLD_PROMPT_END = re.compile(r"(?:\s*###\s*|\s*->\s*|\s*=>\s*)$")
_OLD_ANSWER_END = re.compile(r"(?:\s*###\s*|\s+END\s*)$")


#: What a chat row may have beside its messages; other columns are the table's own.
_PREFERENCE_KEYS = ("input", "preferred_output", "non_preferred_output")
_CHAT_KEYS = ("tools", "parallel_tool_calls", "functions")


class Skip(Exception):
    """This record can't be turned into a row; the message says why."""


class Template(NamedTuple):
    """Texts in which `{column}` stands for a cell. An empty `system` gives no system message."""

    user: str
    assistant: str
    system: str = ""


def shape_of(columns: list[str]) -> tuple[str, Shape]:
    """The name of the shape that these columns have, and how to turn a record into a row."""
    names = {name.lower(): name for name in columns}
    if names.keys() >= set(_PREFERENCE_KEYS):
        return "preference", _preference_row
    if "messages" in names:
        return "chat", _chat
    if "conversations" in names or "conversation" in names:
        return "sharegpt", _sharegpt
    if "chosen" in names and "rejected" in names:
        return "preference-text", _preference
    if "instruction" in names and names.keys() & {"output", "response"}:
        return "alpaca", _alpaca
    prompt, answer = _first(names, _PROMPTS), _first(names, _ANSWERS)
    if prompt and answer:
        name = "question-answer" if prompt.lower() == "question" else "prompt-completion"
        return name, _pair(prompt, answer, names.get("context"), names.get("system"))
    text, label = _first(names, _TEXTS), _first(names, _LABELS)
    if text and label:
        return "text-category", _labelled(text, _first(names, _MORE_TEXT), label)
    if len(columns) == 2:
        return "two columns", _pair(columns[0], columns[1], None, None)
    raise CannotConvert(
        f"The columns {', '.join(columns[:12]) or '(none)'} fit no known shape."
        " Say with a template which column is asked and which is answered."
    )


def _first(names: dict[str, str], wanted: tuple[str, ...]) -> str | None:
    return next((names[name] for name in wanted if name in names), None)


def from_template(template: Template, columns: list[str]) -> Shape:
    """A shape from texts with `{column}` in them. Raises CannotConvert for a column that isn't there."""
    named = placeholders(columns)
    for text in template:
        if unknown := unknown_column(text, columns):
            raise CannotConvert(f"There is no column {unknown!r}. There are: {', '.join(columns[:30])}.")

    def make(record: Record) -> Row:
        filled = (named.sub(lambda match: as_text(record.get(match[1])), text).strip() for text in template)
        user, assistant, system = filled
        return _chat_row(user, assistant, system)

    return make


def placeholders(columns: Sequence[str]) -> re.Pattern[str]:
    """What stands for a cell in a template: a column's name in braces, whatever characters the name has."""
    names = sorted(columns, key=len, reverse=True)
    return re.compile(r"\{(" + "|".join(map(re.escape, names)) + r")\}") if names else re.compile(r"(?!)")


def unknown_column(text: str, columns: Sequence[str]) -> str | None:
    """The first name in braces that is no column's."""
    found = _IN_BRACES.search(placeholders(columns).sub("", text))
    return found[1] if found else None


def _chat_row(user: str, assistant: str, system: str = "") -> Row:
    if not user.strip() or not assistant.strip():
        raise Skip(f"the {'question' if not user.strip() else 'answer'} is empty")
    said = [("system", system), ("user", user.strip()), ("assistant", assistant.strip())]
    return {"messages": [{"role": role, "content": text} for role, text in said if text]}


def _pair(prompt: str, answer: str, context: str | None, system: str | None) -> Shape:
    def make(record: Record) -> Row:
        asked, said = record.get(prompt), record.get(answer)
        if isinstance(asked, list) and isinstance(said, list):
            return {"messages": [*asked, *said]}
        before = as_text(record.get(context)) if context else ""
        question = _OLD_PROMPT_END.sub("", as_text(asked))
        user = f"{before}\n\n{question}" if before.strip() else question
        told = as_text(record.get(system)) if system else ""
        return _chat_row(user, _OLD_ANSWER_END.sub("", as_text(said)), told)

    return make


def _labelled(text: str, more: str | None, label: str) -> Shape:
    def make(record: Record) -> Row:
        texts = [as_text(record.get(name)).strip() for name in (text, more) if name]
        return _chat_row("\n".join(filter(None, texts)), as_text(record.get(label)))

    return make


def _alpaca(record: Record) -> Row:
    given = as_text(record.get("input")).strip()
    user = as_text(record.get("instruction")) + (f"\n\n{given}" if given else "")
    answer = record.get("output") if record.get("output") is not None else record.get("response")
    row = _chat_row(user, as_text(answer), as_text(record.get("system")).strip())
    history = record.get("history")
    for asked, said in reversed(
        [turn for turn in history if _is_turn(turn)] if isinstance(history, list) else []
    ):
        at = 1 if row["messages"][0]["role"] == "system" else 0
        row["messages"][at:at] = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    return row


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, list) and len(turn) == 2 and all(isinstance(text, str) for text in turn)


def _sharegpt(record: Record) -> Row:
    turns = record.get("conversations") or record.get("conversation")
    turns = _listed(turns)
    if not isinstance(turns, list) or not turns:
        raise Skip("it has no conversation")
    messages = [_turn(turn) for turn in turns]
    if system := as_text(record.get("system")).strip():
        messages.insert(0, {"role": "system", "content": system})
    while messages and messages[-1]["role"] != "assistant":
        messages.pop()
    if not messages:
        raise Skip("nobody answers in the conversation")
    return {"messages": messages}


def _turn(turn: Any) -> dict[str, str]:
    if not isinstance(turn, dict):
        raise Skip("a turn isn't an object")
    who = str(turn.get("from", turn.get("role", ""))).lower()
    if who not in _ROLES:
        raise Skip(f"{who[:30]!r} isn't a known speaker")
    said = turn.get("value", turn.get("content", turn.get("text")))
    if not isinstance(said, str) or not said.strip():
        raise Skip("a turn says nothing")
    return {"role": _ROLES[who], "content": said}


def _chat(record: Record) -> Row:
    messages = _listed(record.get("messages"))
    if not isinstance(messages, list):
        raise Skip("its messages aren't a list")
    last = messages[-1] if messages else None
    ends_with_user = isinstance(last, dict) and last.get("role") == "user"
    keys = record if ends_with_user else _CHAT_KEYS  # a reinforcement item: the rest is for its grader
    kept = {key: record[key] for key in keys if key != "messages" and record.get(key) is not None}
    return {"messages": [_without_nulls(message) for message in messages], **kept}


def _preference_row(record: Record) -> Row:
    """A row that has its shape already, without what a table has for all rows and this one doesn't use."""
    given, *outputs = (_listed(record.get(key)) for key in _PREFERENCE_KEYS)
    if not isinstance(given, dict) or not all(isinstance(messages, list) for messages in outputs):
        raise Skip("its input isn't an object, or an output isn't a list")
    messages = [_without_nulls(message) for message in given.get("messages") or ()]
    answers = ([_without_nulls(message) for message in output] for output in outputs)
    return {
        "input": {**_without_nulls(given), "messages": messages},
        **dict(zip(_PREFERENCE_KEYS[1:], answers, strict=True)),
    }


def _without_nulls(message: Any) -> Any:
    """A message without the keys that its table has for all messages and this one doesn't use."""
    if not isinstance(message, dict):
        return message
    return {key: value for key, value in message.items() if value is not None}


def _listed(value: Any) -> Any:
    """A list that a table's cell holds as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Skip("its conversation isn't JSON") from error


def _preference(record: Record) -> Row:
    prompt, chosen, rejected = (record.get(key) for key in ("prompt", "chosen", "rejected"))
    if isinstance(chosen, list) and isinstance(rejected, list):
        shared = prompt if isinstance(prompt, list) else chosen[:-1]
        answers = [chosen[-1:], rejected[-1:]]
    else:
        shared = [{"role": "user", "content": as_text(prompt).strip()}]
        answers = [[{"role": "assistant", "content": as_text(text).strip()}] for text in (chosen, rejected)]
    if not shared or not all(answers) or not all(_says(m) for m in (*shared, *answers[0], *answers[1])):
        raise Skip("the prompt or an answer is empty")
    return {"input": {"messages": shared}, "preferred_output": answers[0], "non_preferred_output": answers[1]}


def _says(message: Any) -> bool:
    return isinstance(message, dict) and bool(message.get("content"))
