"""Rows as token ids, with labels on the assistant's messages only."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jinja2

from trainer import chat
from trainer.engine.failures import Unloadable

IGNORED = -100

Encoded = dict[str, list[int]]


@dataclass(frozen=True)
class Prepared:
    """Rows as token ids, what one epoch counts, and how many rows were cut."""

    rows: list[Encoded]
    held_out: list[Encoded]
    tokens: int
    cut: int


def texts(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Everything written in the rows, for a tokenizer that learns from it."""
    for row in rows:
        given = row.get("input", row)
        for tool in chat.tools_of(given) or []:
            yield json.dumps(tool, ensure_ascii=False)
        outputs = row.get("preferred_output", []) + row.get("non_preferred_output", [])
        for message in chat.normalise(given["messages"] + outputs):
            yield message["content"]
            for call in message.get("tool_calls", []):
                yield json.dumps(call["function"], ensure_ascii=False)


def encode(tokenizer: Any, row: dict[str, Any], longest: int) -> dict[str, list[int]]:
    """One row's input_ids and labels, cut at its end when it is longer than the base's context."""
    try:
        return _encoded(tokenizer, row, longest)
    except jinja2.TemplateError as error:
        begins = json.dumps(row, ensure_ascii=False)[:80]
        raise Unloadable(f"the base's chat template refuses the example {begins}...: {error}") from error


def _encoded(tokenizer: Any, row: dict[str, Any], longest: int) -> dict[str, list[int]]:
    messages = chat.defused(tokenizer, chat.normalise(row["messages"]))
    learned = [m["role"] == "assistant" and m.get("weight") != 0 for m in row["messages"]]
    tools = chat.tools_of(row)
    full = chat.render(tokenizer, messages, tools)
    spans = [_span(tokenizer, messages, tools, full, i) for i, wanted in enumerate(learned) if wanted]
    encoded = tokenizer(full, add_special_tokens=False, return_offsets_mapping=True)
    ids = encoded["input_ids"][:longest]
    offsets = encoded["offset_mapping"][:longest]
    labels = [
        token if any(start <= left and right <= end for start, end in spans) else IGNORED
        for token, (left, right) in zip(ids, offsets, strict=True)
    ]
    return {"input_ids": ids, "labels": labels}


def _span(tokenizer: Any, messages: list[Any], tools: Any, full: str, index: int) -> tuple[int, int]:
    before = chat.render(tokenizer, messages[:index], tools, answer=True) if index else ""
    until = chat.render(tokenizer, messages[: index + 1], tools)
    if not full.startswith(until) or not until.startswith(before):
        raise Unloadable(
            "the base's chat template writes earlier messages differently once later ones follow, "
            "so the assistant's part can't be told apart in conversations of several turns"
        )
    return len(before), len(until)
