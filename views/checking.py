"""The card of a file while it is checked, and of one whose check was ended early."""

from __future__ import annotations

from tuning.datasets.progress import Progress
from tuning.datasets.report import Report
from tuning.records import Drop, Waiting
from views.blocks import actions, button, context, notice, rendered, section, sections
from views.charts import bar
from views.findings import finding_lines
from views.numbers import count, plural
from views.rendered import Rendered
from views.text import code, mention


def checking_card(drop: Drop, file: str) -> Rendered:
    """How far the check of `file` is and what it found so far, with a button that ends it."""
    seen = drop.seen
    if drop.waiting:
        return notice(f"⏳ {file} {_waits(drop.waiting)}")
    if seen is None:
        return notice(f"🔎 Checking {file} … every row is read; large files take a while.")
    head = f"🔎 Checking {file} …"
    if drop.stopped_by:
        head = f"⏹️ {mention(drop.stopped_by)} stops the check of {file} …"
    lines = finding_lines(seen, "error")
    blocks = [section("\n".join([head, _bar(seen), _so_far(seen)])), *sections(lines)]
    if not drop.stopped_by:
        blocks.append(actions(button("Stop checking", "stop_check", drop.id, style="danger")))
        blocks.append(context("It goes on by itself; stopped, the file isn't kept as a dataset."))
    return rendered("\n".join([head, _so_far(seen), *lines]), blocks)


def _waits(what: Waiting) -> str:
    if what.after:
        return (
            f"waits for {code(what.after, 120)}, which came before it in this thread and isn't answered yet."
        )
    verb = "is" if what.ahead == 1 else "are"
    return f"waits: {plural(what.ahead, 'file')} of its size {verb} checked before it."


def stopped_head(drop: Drop, report: Report, file: str) -> str:
    """What is said of a file whose check was ended early; `report` is of its beginning."""
    share = (report.checked_bytes or 0) / report.bytes if report.bytes else 0
    by = f"{mention(drop.stopped_by)} stopped the check" if drop.stopped_by else "The check was stopped"
    found = _found(_real_errors(report), report.warnings)
    return f"⏹️ {by} of {file} after {plural(report.rows, 'row')} ({share:.0%} of it): {found}."


def _real_errors(report: Report) -> int:
    """Errors that are in the file: that it was not read to its end is none of these."""
    return report.errors - report.codes.get("ended_early", 0)


def _bar(seen: Progress) -> str:
    share = seen.bytes / seen.total if seen.total else 0
    return f"{bar(seen.bytes, seen.total)} {share:.0%} · {plural(seen.rows, 'row')} checked"


def _so_far(seen: Progress) -> str:
    return f"So far: {_found(seen.errors, seen.warnings)}."


def _found(errors: int, warnings: int) -> str:
    faults = plural(errors, "error") if errors else "no error"
    return f"{faults} and {count(warnings)} warnings" if warnings > 1 else faults
