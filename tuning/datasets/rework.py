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
from tuning.datasets.convert import convert_file, preview_file
from tuning.datasets.plain import plain_file
from tuning.datasets.records import columns_of, records
from tuning.datasets.redact import redact_file
from tuning.datasets.shapes import Template
from tuning.datasets.split import CannotSplit, split_file
from tuning.datasets.unpack import CannotConvert, unpacked

CANNOT = 2
#: Characters of a previewed row, and columns that are named.
LONGEST_ROW, MOST_COLUMNS = 1500, 40


def redact(source: str, target: str) -> dict[str, int]:
    return dict(redact_file(Path(source), Path(target)).replaced)


def plain(source: str, target: str, most: str) -> dict[str, str]:
    return plain_file(Path(source), Path(target), int(most))._asdict()


def preview(source: str) -> dict[str, Any]:
    """The shape, columns and first rows; what is private in them is replaced, for others read along."""
    columns: list[str] = []
    try:
        with unpacked(Path(source)) as opened:
            columns = columns_of(islice(records(opened), 20))
        found = preview_file(Path(source))
    except CannotConvert as error:
        return {"shape": "", "columns": columns[:MOST_COLUMNS], "trouble": str(error)}
    rows = [private.redact(json.dumps(row, ensure_ascii=False))[0][:LONGEST_ROW] for row in found.preview]
    trouble = ""
    if not rows:
        trouble = f"No record could be converted: {found.skips[0][1]}." if found.skips else "It has no rows."
    return {"shape": found.shape, "columns": columns[:MOST_COLUMNS], "preview": rows, "trouble": trouble}


def convert(source: str, target: str, options: str) -> dict[str, int]:
    """`options` is JSON: user and assistant are templates, both or none; system is the prompt."""
    given = json.loads(options)
    user, assistant, system = given["user"], given["assistant"], given["system"]
    template = Template(user, assistant) if user and assistant else None
    made = convert_file(Path(source), Path(target), template=template, system=system)
    return {"rows": made.rows, "skipped": made.skipped}


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
