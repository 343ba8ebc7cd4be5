"""What can be told of a dropped file from its name, its first bytes and its hash, before it is checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from tuning.records import SharedFile

#: A file without a telling name is looked into up to this size, to see whether it holds JSON lines.
PEEK_BYTES = 50 * 1024 * 1024
ROWS_SUFFIXES = frozenset({".jsonl", ".ndjson"})
#: Data in another format: answered with a hint instead of silence.
DATA_SUFFIXES = frozenset({".json", ".csv", ".tsv", ".xlsx", ".parquet"})
OTHER_MEDIA = ("image/", "video/", "audio/", "application/pdf")


def free_name(filename: str, taken: Sequence[str]) -> str:
    """A dataset's name from its file's: lower case, letters, digits, `-`, `_` and `.`, made unique."""
    stem = PurePath(filename).stem.lower()
    base = re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:40] or "dataset"
    used = {name.lower() for name in taken}
    number, name = 1, base
    while name in used:
        number += 1
        name = f"{base}-{number}"
    return name


def may_be_data(file: SharedFile) -> bool:
    suffix = PurePath(file.name).suffix.lower()
    if suffix in ROWS_SUFFIXES | DATA_SUFFIXES:
        return True
    return not file.mimetype.startswith(OTHER_MEDIA) and file.size <= PEEK_BYTES


def looks_like_rows(path: Path, name: str) -> bool:
    """Whether a person meant this as data: by its name, or because it begins like JSON lines."""
    if PurePath(name).suffix.lower() in ROWS_SUFFIXES | DATA_SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
