"""How many findings a card shows, and whether the whole list is owed as a file."""

from __future__ import annotations

from pathlib import PurePath

from tuning.datasets.report import Finding, Report
from tuning.ids import request_id
from tuning.records import Drop, Update

FINDINGS_FILE = "findings_file"
#: What a part of a split may have that a dataset to train on may not: it is there to be looked at.
SMALL = "too_few_rows"
#: So many findings are written to the file: some 30 MB, and nobody reads more.
MOST_FINDINGS = 200_000
#: A card shows so many findings of a kind, and so many kinds; beyond `SURE_KINDS` its room may run out.
FEW, KINDS, SURE_KINDS = 3, 8, 4


def more_than_shown(report: Report) -> bool:
    """Whether a report holds more findings than its card shows."""
    shown = {finding.code for finding in report.findings if report.ok or finding.severity == "error"}
    return len(shown) > SURE_KINDS or any(report.codes.get(code, 0) > FEW for code in shown)


def findings_file(drop: Drop, report: Report, csv_sha256: str) -> Update:
    """The CSV file that is owed to the drop's thread, after its card. Its name is unlike any other there."""
    mark = request_id("csv", drop.id, csv_sha256)[4:10]
    return Update(
        id=request_id("upd", FINDINGS_FILE, drop.id, csv_sha256),
        workspace=drop.workspace,
        channel=drop.channel,
        kind=FINDINGS_FILE,
        subject=drop.id,
        created_at=drop.created_at,
        payload={
            "sha256": csv_sha256,
            "filename": f"{PurePath(drop.filename).stem[:60]}-findings-{mark}.csv",
            "of": drop.filename,
            "findings": report.errors + report.warnings,
            "partial": report.partial,
        },
        thread_ts=drop.thread_ts,
        parent=request_id("upd", "drop_card", drop.id),
        recipient=drop.user,
    )


def bad_rows(report: Report) -> dict[int, tuple[int, list[Finding]]]:
    """The rows with errors that a report names, in order: where each begins, and what is wrong there."""
    found: dict[int, tuple[int, list[Finding]]] = {}
    for finding in sorted(report.findings, key=lambda one: one.row or 0):
        if finding.severity == "error" and finding.row is not None and finding.offset is not None:
            found.setdefault(finding.row, (finding.offset, []))[1].append(finding)
    return found
