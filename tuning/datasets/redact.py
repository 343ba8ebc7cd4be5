"""Writes a copy of a file in which secrets and personal data are replaced by placeholders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tuning.datasets import private, triggers
from tuning.datasets.atomic import writing
from tuning.datasets.inplace import redact_json
from tuning.datasets.inside import opened
from tuning.datasets.lines import Lines
from tuning.datasets.ranges import BOM
from tuning.datasets.strict import read_line


@dataclass
class Redaction:
    """How many rows changed, what was replaced, and which rows couldn't be read and stay as they are."""

    rows: int = 0
    replaced: Counter[str] = field(default_factory=Counter)
    unreadable: list[int] = field(default_factory=list)


def redact_file(source: Path, target: Path, codes: Iterable[str] = private.CODES) -> Redaction:
    """Write `target`, complete or not at all; a packed file or UTF-16 becomes plain UTF-8.

    Rows with nothing private keep their bytes. Raises OSError and CannotConvert.
    """
    wanted = tuple(codes)
    result = Redaction()
    with opened(source) as plain, plain.open("rb") as lines, writing(target) as out:
        for number, line in enumerate(lines, 1):
            mark = BOM if number == 1 and line.startswith(BOM) else b""
            out.write(mark + _line(line.removeprefix(mark), number, wanted, result))
    return result


def masked(text: str) -> str:
    """One row with placeholders, to be looked at; what isn't JSON is searched as it stands."""
    read = read_line(text.encode("utf-8", "surrogatepass"))
    return redact_json(text)[0] if read.readable else private.redact(text)[0]


def _line(line: bytes, number: int, codes: tuple[str, ...], result: Redaction) -> bytes:
    if not triggers.find(Lines(line, 0)).private:
        return line
    if not read_line(line.rstrip(b"\r\n")).readable:
        result.unreadable.append(number)
        return line
    text, done = redact_json(line.decode("utf-8", "surrogateescape"), codes)
    if not done:
        return line
    result.rows += 1
    result.replaced.update(done)
    return text.encode("utf-8", "surrogateescape")
