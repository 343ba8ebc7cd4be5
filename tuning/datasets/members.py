"""Which file of an archive is the data: a README, a licence and what systems leave behind are passed over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

ROWS_SUFFIXES = frozenset({".jsonl", ".ndjson"})
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".xlsx", ".xls", ".parquet"})
#: Files that systems leave behind, and what people lay beside their data.
_BESIDE = re.compile(
    r"(?:thumbs\.db|desktop\.ini|(?:readme|licen[cs]e|copying|notice|changelog|citation)(?:\..*)?)",
    re.IGNORECASE,
)


def beside(name: str) -> bool:
    """Whether this member of an archive is a folder, hidden, or lies beside the data."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    told = path.suffix.lower() in ROWS_SUFFIXES | TABLE_SUFFIXES
    return name.endswith("/") or hidden or bool(not told and _BESIDE.fullmatch(path.name))


def data_members(names: Sequence[str]) -> list[str]:
    """The members that may be the data, one if it is clear which: `.json` counts when nothing else does.

    None is called like data: all that don't lie beside it.
    """
    files = [name for name in names if not name.endswith("/")]
    left = [name for name in files if not beside(name)] or [
        name for name in files if not name.startswith("__MACOSX/")
    ]
    for suffixes in (ROWS_SUFFIXES | TABLE_SUFFIXES, frozenset({".json"})):
        if found := [name for name in left if PurePosixPath(name).suffix.lower() in suffixes]:
            return found
    return left
