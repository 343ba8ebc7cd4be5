"""`python -m tuning.datasets.rework redact|plain|preview|convert|split ...`: for a bot that must not wait.

Prints one JSON value. Exit code 2: standard error says in one line why the file can't be used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from tuning.datasets import private
from tuning.datasets.atomic import ended_softly
from tuning.datasets.cells import Numbered, printable
from tuning.datasets.convert import Conversion, convert_file, preview_file
from tuning.datasets.groups import CannotSplit
from tuning.datasets.plain import plain_file
from tuning.datasets.records import columns_of, records
from tuning.datasets.redact import redact_file
from tuning.datasets.shapes import Template
from tuning.datasets.split import split_file
from tuning.datasets.unpack import CannotConvert, unpacked

CANNOT = 2
#: Columns that are named; characters of a previewed text, and messages of a previewed row.
MOST_COLUMNS, LONGEST_TEXT, MOST_ITEMS = 200, 600, 12
#: Records that were left out and are named with their reasons.
NAMED_SKIPS = 3


def redact(source: str, target: str) -> dict[str, int]:
    return dict(redact_file(Path(source), Path(target)).replaced)


def plain(source: str, target: str, most: str) -> dict[str, str]:
    return plain_file(Path(source), Path(target), int(most))._asdict()


def preview(source: str, options: str = "{}") -> dict[str, Any]:
    """The shape, columns and first rows; what is private in them is replaced, for others read along."""
    template, system = _template(options)
    columns: list[str] = []
    head: list[Numbered] = []
    try:
        with unpacked(Path(source)) as opened:
            head = list(islice(records(opened), 20))
        columns = [printable(name) for name in columns_of(iter(head))]
        found = preview_file(Path(source), template=template, system=system)
    except CannotConvert as error:
        guess = likely(columns[:MOST_COLUMNS], head)
        return {"shape": "", "columns": columns[:MOST_COLUMNS], "trouble": str(error), "guess": guess}
    rows = [private.redact(json.dumps(_short(row), ensure_ascii=False))[0] for row in found.preview]
    trouble = ""
    if not rows:
        trouble = "It has no rows."
        if found.skips:
            trouble = f"No record could be converted: {'; '.join(_skips(found))}."
    return {
        "shape": found.shape,
        "columns": columns[:MOST_COLUMNS],
        "preview": rows,
        "trouble": trouble,
        "notes": [_short(private.redact(note)[0]) for note in found.notes],
    }


def likely(columns: list[str], head: list[Numbered]) -> list[str]:
    """The two columns with the longest texts in these records, in their order: asked, and answered."""
    lengths = {name: sum(_letters(record.get(name)) for _, record in head) for name in columns}
    longest = sorted((name for name in columns if lengths[name]), key=lambda name: -lengths[name])[:2]
    return sorted(longest, key=columns.index) if len(longest) == 2 else []


def _letters(cell: Any) -> int:
    """How many letters a cell has: numbers and dates are no texts."""
    return sum(map(str.isalpha, cell)) if isinstance(cell, str) else 0


def _short(value: Any) -> Any:
    """A row that is quick to read: long texts are cut, and what comes after some messages."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
    if isinstance(value, list):
        return [_short(item) for item in value[:MOST_ITEMS]]
    return {key: _short(item) for key, item in value.items()} if isinstance(value, dict) else value


def convert(source: str, target: str, options: str) -> dict[str, Any]:
    """How many rows were made and how many records left out, the first of them with their reasons."""
    template, system = _template(options)
    made = convert_file(Path(source), Path(target), template=template, system=system)
    return {"rows": made.rows, "skipped": made.skipped, "skips": _skips(made)}


def _template(options: str) -> tuple[Template | None, str]:
    """`options` is JSON: user and assistant are templates, both or none; system is the prompt."""
    given = json.loads(options)
    user, assistant = given.get("user"), given.get("assistant")
    return Template(user, assistant) if user and assistant else None, given.get("system", "")


def _skips(made: Conversion) -> list[str]:
    return [f"record at line {number:,}: {why}" for number, why in made.skips[:NAMED_SKIPS]]


def split(source: str, folder: str, options: str) -> list[list[str]]:
    """`options` is JSON: validation, heldout, seed."""
    return [
        [part.name, str(part.path)] for part in split_file(Path(source), Path(folder), **json.loads(options))
    ]


WORK: dict[str, Callable[..., Any]] = {
    "redact": redact,
    "plain": plain,
    "preview": preview,
    "convert": convert,
    "split": split,
}


@ended_softly()
def main(arguments: list[str]) -> int:
    name, *rest = arguments
    try:
        print(json.dumps(WORK[name](*rest)))
    except (CannotConvert, CannotSplit) as error:
        print(error, file=sys.stderr)
        return CANNOT
    except OSError as error:
        print(f"The file can't be worked on: {error.strerror}.", file=sys.stderr)
        return CANNOT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
