"""Splits a file into training, validation and held-out rows: the same rows on every run with the same seed.

Rows that belong together stay together (see `groups.py`). Labels are spread evenly (stratified), so that a
small part has all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from tuning.datasets.atomic import writing
from tuning.datasets.formats import PREFERENCE_KEYS, SUPERVISED_KEYS
from tuning.datasets.groups import CannotSplit, Group, Row, read_rows
from tuning.datasets.inside import opened
from tuning.datasets.ranges import BOM
from tuning.datasets.strict import read_line

PARTS = ("train", "validation", "heldout")
_ROW_KEYS = SUPERVISED_KEYS | PREFERENCE_KEYS
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Part(NamedTuple):
    """One of the files that were written."""

    name: str
    path: Path
    rows: int
    labels: dict[str, int]


def split_file(
    source: Path,
    folder: Path,
    *,
    validation: float = 0.1,
    heldout: float = 0.1,
    seed: int = 0,
    group_by: str | None = None,
) -> list[Part]:
    """Write `NAME.train.jsonl` and so on into `folder`. Raises CannotSplit and OSError.

    Shares are of the rows, between 0 and 1; a part with share 0 isn't written. `group_by` names a top-level
    key of the rows; it is left out of what is written, because backends refuse keys that they don't know.
    `folder` is made if it isn't there; a packed file is opened. Raises CannotConvert for one that can't be.
    """
    if not (0 <= validation < 1 and 0 <= heldout < 1 and 0 < validation + heldout < 1):
        raise CannotSplit("Shares are between 0 and 1, and leave something to train on.")
    if group_by in _ROW_KEYS:
        raise CannotSplit(f"{group_by!r} is part of what is trained on. Group by a key of your own.")
    with opened(source) as plain:
        rows, groups = read_rows(plain, group_by)
        if len(rows) < 3:
            raise CannotSplit(f"The file has {len(rows)} readable rows: too few to split.")
        shares = {"heldout": heldout, "validation": validation}
        chosen = assign(groups, shares, seed)
        _refuse_empty(chosen, shares)
        _refuse_stale(source, folder, shares)
        folder.mkdir(parents=True, exist_ok=True)
        paths = {name: _path(source, folder, name) for name in PARTS if name in chosen.values()}
        _write(plain, rows, chosen, paths, group_by)
    labels = {row.row: row.label for row in rows} if any(group.label for group in groups) else {}
    return [_part(name, path, chosen, labels) for name, path in paths.items()]


def assign(groups: Sequence[Group], shares: dict[str, float], seed: int) -> dict[int, str]:
    """Which part each row goes to. A group's place depends on its key and the seed alone."""
    by_label: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_label[group.label].append(group)
    chosen: dict[int, str] = {}
    carried = dict.fromkeys(shares, 0.0)
    for label in sorted(by_label):
        waiting = sorted(by_label[label], key=lambda group: _draw(group.key, seed))
        rows = sum(len(group.rows) for group in waiting)
        for part, share in shares.items():
            wanted = rows * share + carried[part]
            carried[part] = wanted - _take(waiting, wanted, part, chosen)
        for group in waiting:
            chosen.update(dict.fromkeys(group.rows, "train"))
    return chosen


def _take(waiting: list[Group], wanted: float, part: str, chosen: dict[int, str]) -> int:
    """Move groups to a part until it has about `wanted` rows; always leave one group to train on."""
    taken = 0
    while len(waiting) > 1 and taken + len(waiting[-1].rows) / 2 <= wanted:
        group = waiting.pop()
        chosen.update(dict.fromkeys(group.rows, part))
        taken += len(group.rows)
    return taken


def _draw(key: bytes, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}\0".encode() + key, digest_size=8).digest()


def _refuse_empty(chosen: dict[int, str], shares: dict[str, float]) -> None:
    missing = [part for part, share in shares.items() if share and part not in chosen.values()]
    if missing:
        raise CannotSplit(
            f"There are too few rows or groups for a {missing[0]} part: ask for a larger share."
        )


def _refuse_stale(source: Path, folder: Path, shares: dict[str, float]) -> None:
    """A part that stays from an earlier split would have rows that are now trained on."""
    for part, share in shares.items():
        path = _path(source, folder, part)
        if not share and path.exists():
            raise CannotSplit(f"{path} is of an earlier split: delete it, or choose another folder.")


def _path(source: Path, folder: Path, part: str) -> Path:
    stem = source.name.removesuffix(".gz").removesuffix(".zip").removesuffix(".jsonl")
    return folder / f"{stem}.{part}.jsonl"


def _write(
    source: Path, rows: Sequence[Row], chosen: dict[int, str], paths: dict[str, Path], group_by: str | None
) -> None:
    with source.open("rb") as file, ExitStack() as stack:
        parts = {name: stack.enter_context(writing(path)) for name, path in paths.items()}
        for row in rows:
            file.seek(row.offset)
            line = file.readline().removeprefix(BOM).strip()
            parts[chosen[row.row]].write(_without(line, group_by) + b"\n")


def _part(name: str, path: Path, chosen: dict[int, str], labels: dict[int, str]) -> Part:
    mine = [row for row, part in chosen.items() if part == name]
    counts = Counter(labels[row] for row in mine if row in labels)
    return Part(name, path, len(mine), dict(sorted(counts.items())))


def _without(line: bytes, key: str | None) -> bytes:
    """The row without this key; everything else keeps its bytes, as far as JSON allows them."""
    if key is None:
        return line
    try:
        members = _MEMBERS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = {name: item for name, item in read_line(line).value.items() if name != key}
        return json.dumps(value).encode()
    kept = [msgspec.json.encode(name) + b": " + bytes(raw) for name, raw in members.items() if name != key]
    return b"{" + b", ".join(kept) + b"}"
