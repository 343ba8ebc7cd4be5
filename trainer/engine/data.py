"""Rows made ready for training, and what is to be told of them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jinja2

from trainer import chat
from trainer.engine.failures import Unloadable, Unteachable
from trainer.engine.plan import Hyperparameters
from trainer.folder import JobFolder

Encoded = dict[str, list[int]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """Rows as token ids, of how many examples they are, the tokens of one epoch, and warnings by topic."""

    rows: list[Encoded]
    held_out: list[Encoded]
    examples: int
    tokens: int
    warnings: dict[str, str]


def written(write: Callable[[Row], Any], rows: list[Row]) -> list[Any]:
    """What a template writes of each row; raises Unloadable naming the row that it refuses."""
    return [_written(write, row) for row in rows]


def _written(write: Callable[[Row], Any], row: Row) -> Any:
    try:
        return write(row)
    except (jinja2.TemplateError, TypeError) as error:
        begins = json.dumps(row, ensure_ascii=False)[:80].encode(errors="replace").decode()
        raise Unloadable(f"the base's chat template refuses the example {begins}...: {error}") from error


def shortened(examples: int, cut: int, left: int, longest: int) -> dict[str, str]:
    """Warnings of what the base's context did to the training file; raises Unteachable if nothing is left."""
    if left == 0:
        raise Unteachable(f"no example has anything of an answer left within {longest} tokens")
    warnings = {}
    if cut:
        warnings["truncated"] = f"{cut} example(s) are longer than {longest} tokens and were cut at the end"
    if left < examples:
        words = f"nothing of an answer is left of them within {longest} tokens"
        warnings["skipped"] = f"{examples - left} example(s) are skipped: {words}"
    return warnings


def unmeasured(examples: int, left: int, longest: int) -> dict[str, str]:
    """A warning of what the base's context did to the validation file."""
    if left == examples:
        return {}
    words = f"{examples - left} of {examples} validation example(s) are skipped"
    why = f"nothing of an answer is left of them within {longest} tokens"
    return {"held_out": f"{words}: {why}" + ("" if left else "; so nothing is measured on that file")}


def tell_steps(folder: JobFolder, hyper: Hyperparameters, prepared: Prepared) -> None:
    """Tell the number of steps where it is another than the examples of the file made expect."""
    steps, expected = hyper.steps(len(prepared.rows)), hyper.steps(prepared.examples)
    if steps != expected and not any(record.get("topic") == "steps" for _, record in folder.records()):
        words = f"{prepared.examples} examples are learned as {len(prepared.rows)} sequences"
        message = f"{words}: there are {steps} steps, not {expected}"
        folder.append("note", topic="steps", level="info", message=message)


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
