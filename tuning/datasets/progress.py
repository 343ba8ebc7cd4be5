"""How far a check is, told about once a second to whoever waits for it, who may end it early."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable

import msgspec

from tuning.datasets.everywhere import counted_once
from tuning.datasets.report import Finding
from tuning.datasets.rules import RULES
from tuning.datasets.tally import Tally

EVERY_SECONDS = 1.0
FIRST_FINDINGS = 3
"""So many findings of each code are told while the check runs."""
PROGRESS_MARK = b'{"told":"progress"'
"""How a line of progress begins."""


class Progress(msgspec.Struct, frozen=True, tag_field="told", tag="progress"):
    """What is known after the first `bytes` of the file's `total`.

    `errors`, `warnings` and `codes` are true counts of the rows so far, but what is so in every row counts
    once; findings that need the whole file (repeated rows, too few of them) come with the report. `findings`
    are the first three of each code.
    """

    bytes: int
    total: int
    rows: int
    errors: int
    warnings: int
    codes: dict[str, int]
    findings: tuple[Finding, ...]
    seconds: float

    def to_json(self) -> builtins.bytes:
        """One line of JSON, without its end."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(line: builtins.bytes) -> Progress:
        """Read what `to_json` wrote. Raises ValueError for anything else."""
        try:
            return msgspec.json.decode(line, type=Progress)
        except msgspec.MsgspecError as error:
            raise ValueError(f"this is no progress of a check: {error}") from error


Listener = Callable[[Progress], bool | None]
"""Is told the progress; True ends the check there."""


class Teller:
    """Tells a listener after the first stretch, then at most once a second."""

    def __init__(self, listener: Listener | None, total: int) -> None:
        self.ended_at: int | None = None
        """How many bytes were checked when the listener ended the check; None if it didn't."""
        self._listener = listener
        self._total = total
        self._began = time.perf_counter()
        self._next = self._began

    def tell(self, tally: Tally, checked: int) -> bool:
        """Tell what is known after `checked` bytes; whether the check is to end here."""
        now = time.perf_counter()
        if self._listener is None or now < self._next or checked >= self._total:
            return False
        self._next = now + EVERY_SECONDS
        if self._listener(_progress(tally, checked, self._total, now - self._began)):
            self.ended_at = checked
        return self.ended_at is not None


def _progress(tally: Tally, checked: int, total: int, seconds: float) -> Progress:
    codes = counted_once(tally)
    warnings = sum(times for code, times in codes.items() if RULES[code].severity == "warning")
    seen: dict[str, list[Finding]] = {}
    for finding in tally.findings:
        seen.setdefault(finding.code, []).append(finding)
    first = [finding for found in seen.values() for finding in found[:FIRST_FINDINGS]]
    return Progress(
        bytes=checked,
        total=total,
        rows=tally.rows,
        errors=codes.total() - warnings,
        warnings=warnings,
        codes=dict(sorted(codes.items())),
        findings=tuple(sorted(first, key=lambda finding: finding.row or 0)),
        seconds=round(seconds, 3),
    )
