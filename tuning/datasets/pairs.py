"""A question and its answer in two columns, with what belongs to them: context, choices, a system prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tuning.datasets.cells import Record, Row, Skip, as_text, listed_value
from tuning.datasets.headers import SYSTEMS, first_of

_PROMPT_MARKS = ("###", "->", "=>")
_ANSWER_MARKS = ("###", " END", "\nEND")
#: A mark of the old completions format stands in this share of the first rows at least.
_NEARLY_ALL = 0.9
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def chat_row(user: str, assistant: str, system: str = "") -> Row:
    """A question and an answer as messages, after the system prompt if there is one."""
    if not user.strip() or not assistant.strip():
        raise Skip(f"the {'question' if not user.strip() else 'answer'} is empty")
    said = [("system", system), ("user", user.strip()), ("assistant", assistant.strip())]
    return {"messages": [{"role": role, "content": text} for role, text in said if text]}


class Pair:
    """Two columns, and those beside them whose names tell what they are."""

    def __init__(self, prompt: str, answer: str, names: Mapping[str, str], head: Sequence[Record]) -> None:
        self._prompt, self._answer = prompt, answer
        self._context, self._choices = names.get("context"), names.get("choices")
        self._system = first_of(names, SYSTEMS)
        self.uses = {prompt, answer, *filter(None, [self._context, self._choices, self._system])}
        self._ends = _ends([as_text(record.get(prompt)) for record in head], _PROMPT_MARKS)
        self._stops = _ends([as_text(record.get(answer)) for record in head], _ANSWER_MARKS)

    def __call__(self, record: Record) -> Row:
        """The row; a prompt or an answer may be a list of messages."""
        asked, said = record.get(self._prompt), record.get(self._answer)
        system = as_text(record.get(self._system)).strip() if self._system else ""
        if _are_messages(asked) or _are_messages(said):
            return _joined(asked, said, system)
        said = _answer_in(said)
        question = _without(self._ends, as_text(asked))
        if self._choices and record.get(self._choices):
            question, said = _with_choices(question, listed_value(record[self._choices]), said)
        before = as_text(record.get(self._context)) if self._context else ""
        user = f"{before}\n\n{question}" if before.strip() and question.strip() else question
        return chat_row(user, _without(self._stops, as_text(said)), system)


def _ends(texts: Sequence[str], marks: Sequence[str]) -> list[str]:
    """The marks of the old completions format that (nearly) all texts have at their end."""
    filled = [text.rstrip() for text in texts if text.strip()]
    return [m for m in marks if filled and sum(t.endswith(m) for t in filled) >= _NEARLY_ALL * len(filled)]


def _without(marks: Sequence[str], text: str) -> str:
    for mark in marks:
        if text.rstrip().endswith(mark):
            text = text.rstrip().removesuffix(mark).rstrip()
    return text


def _are_messages(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and "role" in item for item in value)


def _joined(asked: Any, said: Any, system: str) -> Row:
    given = [system and {"role": "system", "content": system}]
    parts = []
    for value, role, name in ((asked, "user", "question"), (said, "assistant", "answer")):
        text = "" if isinstance(value, list) else as_text(value).strip()
        parts += [value if isinstance(value, list) else text and [{"role": role, "content": text}]]
        if not parts[-1]:
            raise Skip(f"the {name} is empty")
    return {"messages": [*filter(None, given), *parts[0], *parts[1]]}


def _answer_in(value: Any) -> Any:
    """The first answer where there are several that mean the same, as SQuAD has them."""
    if isinstance(value, dict) and isinstance(value.get("text"), list) and "answer_start" in value:
        return next(iter(value["text"]), None)
    if isinstance(value, list) and all(isinstance(item, dict) and "text" in item for item in value):
        return value[0]["text"] if value else None
    return value


def _with_choices(question: str, choices: Any, said: Any) -> tuple[str, Any]:
    """The question with its choices, a letter each, and the answer with its letter."""
    keys: Sequence[Any] = _LETTERS
    if isinstance(choices, dict) and isinstance(choices.get("text"), list):
        keys, choices = choices.get("label") or _LETTERS, choices["text"]
    if not isinstance(choices, list) or not 0 < len(choices) <= len(keys):
        return f"{question}\n\n{as_text(choices)}", said
    texts = [f"{key}. {as_text(choice)}" for key, choice in zip(keys, choices, strict=False)]
    number = _number(said, keys, choices)
    answer = texts[number] if number is not None else said
    return "\n\n".join([question, "\n".join(texts)]) if question.strip() else "", answer


def _number(said: Any, keys: Sequence[Any], choices: list[Any]) -> int | None:
    """Which of the choices an answer names: by its number from 0, its letter or its text."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said if 0 <= said < len(choices) else None
    if said in choices:
        return choices.index(said)
    known = list(keys)[: len(choices)]
    if said in known:
        return known.index(said)
    return int(said) if isinstance(said, str) and said.isdigit() and int(said) < len(choices) else None
