"""What all readers of records share: a record, its number, the names of its columns, a cell as text."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tuning.datasets.unpack import CannotConvert

MOST_COLUMNS = 1000
LONGEST_FIELD = 32 << 20
Record = dict[str, Any]
Numbered = tuple[int, Record]
Row = dict[str, Any]
#: What was done to how many records: words for people.
Told = Counter[str]
#: The key under which a record that can't be read says why; no column is called so.
PROBLEM = "\0"
_NAMED = 12


class Skip(Exception):
    """This record can't be turned into a row; the message says why."""


def column_names(cells: Sequence[str]) -> list[str]:
    """A name for each column: "column 3" for one without, "text (2)" for the second that is called text.

    Raises CannotConvert when there are more than anybody trains on.
    """
    if len(cells) > MOST_COLUMNS:
        raise CannotConvert(f"The table has more than {MOST_COLUMNS:,} columns. Keep those that matter.")
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        name = base = printable(" ".join(cell.lstrip("\ufeff").split())) or f"column {number}"
        again = 1
        while name in names:
            again += 1
            name = f"{base} ({again})"
        names[name] = None
    return list(names)


def printable(text: str) -> str:
    """A text that any encoding can hold: halves of characters and damaged bytes become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, the first twelve of them."""
    rest = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(printable(name)[:60] for name in names[:_NAMED]) + rest


def as_text(value: Any) -> str:
    """A cell as text; lists and objects as JSON, and nothing for what isn't there or isn't a number."""
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict | list):
        out = io.StringIO()
        json.dump(value, out, ensure_ascii=False, default=str)
        return out.getvalue()
    return str(value)


def listed_value(value: Any) -> Any:
    """A list or object that a table's cell holds as JSON text; any other text stays as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
