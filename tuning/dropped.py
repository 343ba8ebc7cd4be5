"""A dataset's name from a dropped file's, and a file's hash."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from tuning.meant import base_name

LONGEST_NAME = 40


def free_name(filename: str, taken: Sequence[str]) -> str:
    """A dataset's name from its file's: lower case, letters, digits, `-`, `_` and `.`, made unique.

    Letters lose their accents; those of other scripts can't be typed by everybody and become hyphens.
    """
    parts = unicodedata.normalize("NFKD", base_name(filename).lower())
    stem = "".join(one for one in parts if not unicodedata.combining(one))
    base = re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:LONGEST_NAME] or "dataset"
    used = {name.lower() for name in taken}
    number, name = 1, base
    while name in used:
        number += 1
        end = f"-{number}"
        name = base[: LONGEST_NAME - len(end)] + end
    return name


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
