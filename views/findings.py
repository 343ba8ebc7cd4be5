"""What is wrong in a file, the first few of each kind, so that a long list stays readable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tuning.datasets.progress import Progress
from tuning.datasets.report import Finding, Report
from tuning.findings import FEW, KINDS, MOST_FINDINGS
from views.numbers import count, plural
from views.text import code, prose

#: Characters for all of them: Slack limits a message's blocks together too.
ROOM = 6000


def findings_comment(payload: Mapping[str, Any]) -> str:
    """What stands above the file with all findings."""
    found, name = payload["findings"], code(payload["of"], 120)
    part = " as far as it was checked" if payload.get("partial") else ""
    if found > MOST_FINDINGS:
        first = f"The first {count(MOST_FINDINGS)} of {plural(found, 'finding')}"
        return f"{first} of {name}{part}, errors first, then row by row."
    return f"All {plural(found, 'finding')} of {name}{part}: errors first, then row by row."


def finding_lines(
    report: Report | Progress, severity: str, row_of: Callable[[int], int] = lambda row: row
) -> list[str]:
    """Lines of mrkdwn: each kind of finding with how often, then its first few by row.

    `row_of` gives the number under which a person knows a row.
    """
    found = [finding for finding in report.findings if finding.severity == severity]
    codes = list(dict.fromkeys(finding.code for finding in found))
    lines: list[str] = []
    shown = 0
    for name in codes[:KINDS]:
        kind = _kind(report, name, _of(found, name), row_of)
        if shown and sum(map(len, lines + kind)) > ROOM:
            break
        lines, shown = lines + kind, shown + 1
    rest = len(codes) - shown
    return [*lines, f"… and {plural(rest, 'more kind')} of finding."] if rest else lines


def warning_words(report: Report) -> str:
    """How many warnings of which kinds: "3 warnings (`few_rows`, 2 × `duplicate_row`)"."""
    codes = dict.fromkeys(finding.code for finding in report.findings if finding.severity == "warning")
    kinds = [_times(report.codes.get(name, 1), name) for name in codes]
    more = f" and {plural(len(kinds) - KINDS, 'more kind')}" if len(kinds) > KINDS else ""
    return f"{plural(report.warnings, 'warning')} ({', '.join(kinds[:KINDS])}{more})"


def _times(number: int, name: str) -> str:
    return f"{count(number)} × {code(name, 60)}" if number > 1 else code(name, 60)


def _of(found: Iterable[Finding], name: str) -> list[Finding]:
    return [finding for finding in found if finding.code == name]


def _kind(
    report: Report | Progress, name: str, found: list[Finding], row_of: Callable[[int], int]
) -> list[str]:
    times = max(report.codes.get(name, 0), len(found))
    shown = found[:FEW]
    head = f"*{count(times)} ×* {code(name, 60)}" if times > 1 else code(name, 60)
    lines = [head, *(f"• {_one(finding, row_of)}" for finding in shown)]
    return [*lines, f"• … and {count(times - len(shown))} more"] if times > len(shown) else lines


def _one(finding: Finding, row_of: Callable[[int], int]) -> str:
    place = f"row {row_of(finding.row)}" if finding.row is not None else "the file"
    path = f" at {code(finding.path, 120)}" if finding.path else ""
    return f"*{place}*{path}: {prose(finding.message, 300)}"
