"""One JSON object that holds many records: under a key, in columns as of pandas, or nested as of SQuAD."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuning.datasets.cells import PROBLEM, Record, listed
from tuning.datasets.headers import recognised

_LISTS = ("data", "rows", "examples", "items", "train")
_ROW_KEYS = {
    "messages",
    "conversations",
    "conversation",
    "prompt",
    "input",
    "question",
    "text",
    "instruction",
}


def list_in(value: Any) -> str | None:
    """The key under which an object that is no row holds the rows."""
    if not isinstance(value, dict) or value.keys() & _ROW_KEYS:
        return None
    return next((key for key in _LISTS if isinstance(value.get(key), list)), None)


def records_in(value: Record, notes: list[str]) -> Iterator[Any]:
    """The records that an object holds, or the object itself; lists that aren't read are told."""
    if rows := _split_by_pandas(value):
        yield from rows
    elif key := list_in(value):
        others = [name for name, item in value.items() if name != key and _is_rows(item)]
        if others:
            notes.append(f"Only the rows in {listed([key])} were read, not those in {listed(others)}.")
        for item in value[key]:
            yield from _questions(item) if _is_article(item) else (item,)
    elif columns := _columns(value):
        yield from (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
    else:
        yield value


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value[:10])


def _split_by_pandas(value: Record) -> list[Record]:
    """The rows of `{"columns": [...], "data": [[...]]}`."""
    names, rows = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not isinstance(rows, list) or not rows:
        return []
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return []
    return [dict(zip(map(str, names), row, strict=True)) for row in rows]


def _columns(value: Record) -> dict[str, list[Any]] | None:
    """The cells of each column where an object holds columns: lists, or objects by the row's name."""
    columns = list(value.values())
    if len(columns) < 2 and not recognised(list(value)):
        return None
    if all(isinstance(column, dict) and column for column in columns):
        same = all(column.keys() == columns[0].keys() for column in columns)
        numbered = all(key.isdigit() for key in columns[0])
        rows = list(columns[0])
        return {n: [c[r] for r in rows] for n, c in value.items()} if same and numbered else None
    if all(isinstance(column, list) for column in columns) and recognised(list(value)):
        cells = [cell for column in columns for cell in column[:10]]
        same = len({len(column) for column in columns}) == 1
        return value if cells and same and not any(isinstance(cell, dict) for cell in cells) else None
    return None


def _is_article(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("paragraphs"), list)


def _questions(article: Record) -> Iterator[Record]:
    """SQuAD's questions, each with its paragraph and its first answer."""
    for paragraph in article["paragraphs"]:
        asked = paragraph.get("qas") if isinstance(paragraph, dict) else None
        if not isinstance(asked, list):
            yield {PROBLEM: "a paragraph has no questions"}
            continue
        for item in asked:
            if isinstance(item, dict):
                yield {
                    "context": paragraph.get("context"),
                    "question": item.get("question"),
                    "answers": item.get("answers"),
                }
            else:
                yield {PROBLEM: "a question isn't an object"}
