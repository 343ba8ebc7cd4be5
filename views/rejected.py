"""The card of a file that can't be kept as it is: what is wrong, and the buttons that help."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tuning.datasets.report import Report
from tuning.findings import bad_rows
from tuning.meant import one_column
from tuning.records import Drop, RemedyKind, Source, Step
from tuning.remedies import only_private, private_codes
from tuning.sources import own_row
from views.blocks import actions, button, confirm, context, rendered, section, sections
from views.checking import stopped_head
from views.converting import convertible_card, one_column_card, unconvertible_card
from views.corrections import correction_words, diff_words
from views.findings import finding_lines, warning_words
from views.numbers import count, plural, size
from views.rendered import Block, Rendered
from views.text import code, escape, plain, prose

_PRIVATE = {
    "secret": ("secret", "secrets"),
    "email_address": ("e-mail address", "e-mail addresses"),
    "phone_number": ("phone number", "phone numbers"),
    "card_number": ("card number", "card numbers"),
    "bank_account": ("bank account number", "bank account numbers"),
    "social_security_number": ("social security number", "social security numbers"),
}


def private_words(codes: Mapping[str, int]) -> str:
    """How many of what: "2 secrets and 1 e-mail address"."""
    words = []
    for name, number in codes.items():
        one, many = _PRIVATE.get(name, (name, name))
        words.append(f"{count(number)} {escape(one if number == 1 else many, 60)}")
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "nothing"


def rejected_card(drop: Drop, report: Report, file: str) -> Rendered:
    """What is wrong with `file`, and what to do about it."""
    if drop.offer and drop.sha256 and drop.offer.columns:
        return convertible_card(drop, drop.offer, report, file)
    if one_column(drop.filename, report):
        return one_column_card(file)
    if drop.offer and drop.offer.trouble and (card := unconvertible_card(report, drop.offer.trouble, file)):
        return card
    private = only_private(report)
    file += _after_changes(drop.source)
    head = _private_head(report, file) if private else _head(report, file)
    head = stopped_head(drop, report, file) if report.partial else head
    lines = finding_lines(report, "error", partial(own_row, drop))
    todo = _todo(drop, report, private)
    if drop.offer and drop.offer.trouble:
        todo = f"It can't be converted here: {prose(drop.offer.trouble, 400)}\n{todo}"
    if drop.problem:
        todo = f"⚠️ {prose(drop.problem, 600)}\n{todo}"
    head = "\n".join([head, *correction_words(drop.corrects)])
    blocks = [section(head), *sections(lines), section(todo), *_buttons(drop, report, private)]
    if report.warnings:
        blocks.append(context(f"Besides, {warning_words(report)}: told in full once the errors are gone."))
    return rendered("\n".join([head, *lines, todo]), blocks)


def _after_changes(source: Source | None) -> str:
    """That what was checked is the file with somebody's changes."""
    if source is None or Step.mended not in source.steps:
        return ""
    changed = source.diff.changed if source.diff else 0
    words = [f"{plural(changed, 'row')} changed"] if changed else []
    words += [f"{plural(len(source.dropped), 'row')} dropped"] if source.dropped else []
    told = f" ({', '.join(words)})" if words else ""
    return f", after your changes{told},"


def _head(report: Report, file: str) -> str:
    where = f" in {plural(report.rows, 'row')}" if report.rows else ""
    return f"❌ {file} can't be used for training yet: {plural(report.errors, 'error')}{where}."


def _private_head(report: Report, file: str) -> str:
    what = private_words(private_codes(report))
    return (
        f"🔒 {file} isn't kept yet: {what} in {plural(report.rows, 'row')}. Nothing has left for the backend."
    )


def _todo(drop: Drop, report: Report, private: bool) -> str:
    if drop.corrected_by:
        return "*What came of it:* a corrected file was dropped below. Go on at that one's card."
    if private and drop.sha256:
        return (
            "*What to do:* *Redact and keep* puts a placeholder such as [EMAIL] in the place of each. "
            "*Accept as it is* keeps them; your name is put on record. Both within a week, for "
            "the one who dropped it and administrators."
        )
    if report.partial and drop.sha256:
        return (
            "*What to do:* fix what was found and drop the file into this thread, or press *Check all of it* "
            "within a week. It isn't kept as a dataset."
        )
    here = ", or press *Fix rows* within a week" if drop.sha256 and bad_rows(report) else ""
    these = "these" if report.errors > 1 else "it"
    todo = f"*What to do:* fix {these} and drop the file into this thread{here}. It isn't kept as a dataset."
    if also := private_codes(report):
        todo += (
            f"\n🔒 {private_words(also)} among them: the other errors come first; once those are gone, "
            "I offer to redact or to accept what is private."
        )
    return todo


def _buttons(drop: Drop, report: Report, private: bool) -> list[Block]:
    if not drop.sha256:
        return []
    found = []
    if report.partial:
        found.append(button("Check all of it", "check_again", drop.id, style="primary"))
    if private:
        found += [
            button("Redact and keep", "redact_file", drop.id, style="primary"),
            button("Accept as it is", "accept_file", drop.id, style="danger", confirm=_asks(drop, report)),
        ]
    if bad_rows(report):
        found.append(button("Fix rows", "fix_rows", drop.id, style="" if found else "primary"))
    return [actions(*found)] if found else []


def _asks(drop: Drop, report: Report) -> Block:
    what = private_words(private_codes(report))
    text = (
        f"{plain(drop.filename, 60)} is kept with {what} in it. Training sends them to the backend, and "
        "the model may repeat them. Your name is put on record."
    )
    return confirm("Accept what is private?", text, "Accept it", "Not now")


_DONE = {
    Step.unpacked: "unpacked",
    Step.recoded: "written in UTF-8",
    Step.converted: "converted",
    Step.mended: "rows fixed by hand",
    Step.redacted: "redacted",
}


def source_words(source: Source) -> str:
    """The file that a version was made of, what was done to it, and whether it is kept."""
    steps = [_DONE[step] for step in source.steps]
    changes = [diff_words(source.diff)] if source.diff else []
    kept = "the original is kept" if source.sha256 else "the original isn't kept"
    told = ", ".join([*steps, *changes])
    return f"🧾 made of {code(source.filename, 100)} ({size(source.size)}): {told}; {kept}"


def remedy_words(drop: Drop) -> list[str]:
    """What was done to a file before it was kept; who accepted what is told of its version."""
    remedy = drop.remedy
    if remedy is None or drop.known or remedy.kind is RemedyKind.accept:
        return []
    if remedy.kind is RemedyKind.redact:
        return [f"🔒 Redacted: placeholders stand for {private_words(remedy.codes)}."]
    left_out = f"; {plural(remedy.skipped, 'record')} left out" if remedy.skipped else ""
    named = f" ({prose('; '.join(remedy.skips), 300)})" if remedy.skips else ""
    return [f"🔁 Converted: {plural(remedy.rows, 'row')}{left_out}{named}."]
