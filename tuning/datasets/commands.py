"""`ft-bot convert`, `ft-bot split` and `ft-bot redact`: what they do and print, and their exit status.

0 means done, 1 that something was left out or nothing had to be done, 2 that the file can't be used.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

from tuning.datasets.atomic import ended_softly, same_file
from tuning.datasets.cells import printable
from tuning.datasets.convert import Conversion, convert_file, preview_file
from tuning.datasets.groups import CannotSplit
from tuning.datasets.inside import opened
from tuning.datasets.output import print_all
from tuning.datasets.redact import redact_file
from tuning.datasets.shapes import Template
from tuning.datasets.split import split_file
from tuning.datasets.unpack import CannotConvert

DONE, PARTLY, CANNOT = 0, 1, 2
#: Records that were left out and are named with their reasons.
NAMED = 20


@ended_softly()
def main_convert(
    source: Path,
    target: Path | None,
    *,
    user: str | None = None,
    assistant: str | None = None,
    system: str = "",
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Convert a file to JSONL; without a target only the first rows are shown. Both templates or none."""
    out, err = out or sys.stdout, err or sys.stderr
    if (user is None) != (assistant is None):
        print(
            "ft-bot: Give both templates: --user for what is asked, --assistant for what is answered.",
            file=err,
        )
        return CANNOT
    if target is not None and same_file(source, target):
        print(f"ft-bot: {target} is the file itself: give the rows another name.", file=err)
        return CANNOT
    template = Template(user, assistant) if user is not None and assistant is not None else None
    try:
        if target is None:
            result = preview_file(source, template=template, system=system)
        else:
            result = convert_file(source, target, template=template, system=system)
    except (CannotConvert, OSError) as error:
        print(f"ft-bot: {_reason(error, source)}", file=err)
        return CANNOT
    _tell_conversion(result, source, target, out)
    return PARTLY if result.skipped else DONE


def _tell_conversion(result: Conversion, source: Path, target: Path | None, out: TextIO) -> None:
    packing = f", unpacked from {result.packing}" if result.packing else ""
    told = [
        f"{source.name}: {result.shape}, {result.encoding}{packing}",
        f"  columns: {', '.join(result.columns)}",
        *("  " + json.dumps(row, ensure_ascii=False)[:300] for row in result.preview),
        *(f"  left out {number}: {why}" for number, why in result.skips[:NAMED]),
        *([f"  left out: {result.skipped - NAMED:,} more"] if result.skipped > NAMED else []),
        *(f"  note: {note}" for note in result.notes),
        "This is a preview. Give a target to write all rows."
        if target is None
        else f"Wrote {result.rows:,} rows to {target}; left out {result.skipped:,}.",
    ]
    print_all(printable("\n".join(told)), out)


@ended_softly()
def main_split(
    source: Path,
    folder: Path,
    *,
    validation: float = 0.1,
    heldout: float = 0.1,
    seed: int = 0,
    group_by: str | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Split a file into training, validation and held-out rows; rows that can't be read are left out."""
    out, err = out or sys.stdout, err or sys.stderr
    try:
        parts = split_file(
            source, folder, validation=validation, heldout=heldout, seed=seed, group_by=group_by
        )
    except (CannotSplit, CannotConvert, OSError) as error:
        print(f"ft-bot: {_reason(error, source)}", file=err)
        return CANNOT
    for part in parts:
        labels = ", ".join(f"{label} {times}" for label, times in part.labels.items())
        print(f"{part.path}: {part.rows:,} rows" + (f" ({labels})" if labels else ""), file=out)
    left = _rows_of(source) - sum(part.rows for part in parts)
    if left:
        print(f"Left out {left:,} rows without readable messages: ft-bot validate names them.", file=out)
    return PARTLY if left else DONE


def _rows_of(source: Path) -> int:
    with opened(source) as plain, plain.open("rb") as file:
        return sum(not line.isspace() for line in file)


@ended_softly()
def main_redact(source: Path, target: Path, *, out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Write a copy without secrets and personal data."""
    out, err = out or sys.stdout, err or sys.stderr
    try:
        result = redact_file(source, target)
    except (CannotConvert, OSError) as error:
        print(f"ft-bot: {_reason(error, source)}", file=err)
        return CANNOT
    counts = ", ".join(f"{code} {times}" for code, times in sorted(result.replaced.items())) or "nothing"
    print(
        f"Wrote {target}: {result.rows:,} row{'' if result.rows == 1 else 's'} changed; replaced {counts}.",
        file=out,
    )
    for row in result.unreadable[:20]:
        print(f"  row {row} can't be read and stays as it is: correct it, then redact again", file=out)
    return PARTLY if result.unreadable else DONE


def _reason(error: Exception, source: Path) -> str:
    if isinstance(error, OSError):
        path = Path(error.filename) if isinstance(error.filename, str) else source
        return f"{path.name or path}: {error.strerror or 'it cannot be read'}."
    return str(error)
