"""A dropped file's card, from "checking" to a dataset with a Train button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tuning.datasets.report import Report
from tuning.records import Dataset, Drop, DropState, Version
from views.blocks import button, fields, header, notice, rendered, section, sections
from views.checking import checking_card
from views.corrections import correction_words, diff_words
from views.datasets import accepted_words, dataset_buttons
from views.findings import finding_lines
from views.numbers import count, plural, size, when
from views.rejected import private_words, rejected_card, remedy_words, source_words
from views.rendered import Block, Rendered
from views.reports import labels_line, price_lines, report_facts
from views.text import code, mention, prose


def drop_card(drop: Drop, dataset: Dataset | None = None, bases: Sequence[str] = ()) -> Rendered:
    """The answer to a dropped file, edited in place.

    `dataset` is the one that the drop was kept as; `bases` are the base models to show prices for,
    all that the report knows when there are none.
    """
    if drop.state == DropState.received:
        return checking_card(drop, _file(drop))
    if drop.state == DropState.failed:
        return _failed(drop)
    if drop.state == DropState.ignored:
        return _left_alone(drop)
    if drop.state == DropState.kept and dataset is None:
        return _gone(drop)
    if drop.known:
        return _known(drop, dataset)
    if drop.report is None:
        return notice(f"⚠️ The report on {_file(drop)} is missing. Drop the file again.")
    if drop.state == DropState.rejected:
        return rejected_card(drop, drop.report, _file(drop))
    return _kept(drop, drop.report, dataset, bases)


def _file(drop: Drop) -> str:
    return code(drop.filename or "the file", 120) + (f" ({size(drop.size)})" if drop.size else "")


def _as_dropped(drop: Drop, version: Version | None) -> str:
    """The file's name, with the size that it had when it was dropped."""
    if version is None or version.source is None:
        return _file(drop)
    return _file(replace(drop, filename=version.source.filename, size=version.source.size))


def _left_alone(drop: Drop) -> Rendered:
    return notice(
        f"{_file(drop)} doesn't look like training data, so I leave it alone. I take JSONL, CSV, TSV, Excel, "
        "Parquet and JSON, also packed with gzip or ZIP."
    )


def shared_again_notice(filename: str, dropped: datetime) -> Rendered:
    """The answer to a file that was dropped in this channel before and is shared once more."""
    return notice(
        f"♻️ {code(filename or 'This file', 120)} was dropped here on {when(dropped)}, and its answer stands "
        "there. A changed file has to be uploaded anew."
    )


def _failed(drop: Drop) -> Rendered:
    why = prose(drop.problem, 1500) or "It could not be read. Drop it again."
    return notice(f"❌ I could not check {_file(drop) if drop.filename else 'this file'}. {why}")


def _known(drop: Drop, dataset: Dataset | None) -> Rendered:
    version = _version_of(dataset, drop)
    name, latest, older = "another name", "", 0
    if dataset and version:
        name, number = code(dataset.name, 80), version.number
        older = number if number < dataset.latest.number else 0
        name = f"version {count(number)} of {name}" if older or number > 1 else name
        latest = f"; version {count(dataset.latest.number)} is the latest" if older else ""
    owner = f", owned by {mention(dataset.owner)}" if dataset else ""
    text = f"✅ {_file(drop)} is already here as {name}{owner}{latest}. Nothing was kept a second time."
    return notice(text, *dataset_buttons(dataset, older))


def _gone(drop: Drop) -> Rendered:
    return notice(f"🗑️ {_file(drop)} was fine, and its dataset was deleted since.")


def _kept(drop: Drop, report: Report, dataset: Dataset | None, bases: Sequence[str]) -> Rendered:
    name = dataset.name if dataset else drop.filename or "dataset"
    version = _version_of(dataset, drop)
    accepted = version.accepted if version else None
    fine = "✅ {} is fine now." if version and version.source else "✅ {} is fine."
    state = "🔓 {} holds private data that was accepted." if accepted else fine
    kept = (
        f"{state.format(_as_dropped(drop, version))} Kept as {code(name, 80)}{_version_words(dataset, drop)}"
    )
    owner = mention(dataset.owner if dataset else drop.user)
    news = _news(drop, dataset)
    prices = price_lines(report, bases)
    blocks = [
        header(name),
        section("\n".join([f"{kept}, owner {owner}.", *news])),
        fields(report_facts(report)),
    ]
    if labels := labels_line(report):
        blocks.append(section(labels))
    blocks.append(section("*Estimated price of training*\n" + "\n".join(prices)))
    if report.warnings:
        blocks.append(
            section(f"⚠️ *{plural(report.warnings, 'warning')}*: it can be trained on all the same.")
        )
        blocks += sections(finding_lines(report, "warning"))
    facts = f"{plural(report.rows, 'row')}, {plural(report.tokens.total, 'token')}"
    summary = "\n".join([f"{kept}: {facts}, {plural(report.warnings, 'warning')}.", *news, *prices])
    return rendered(summary, [*blocks, *_kept_buttons(drop, dataset, version)])


def _kept_buttons(drop: Drop, dataset: Dataset | None, version: Version | None) -> list[Block]:
    """Those of any dataset, and a picture for this card's thread."""
    shown = dataset_buttons(dataset)
    if shown and version and version.report.tokens.histogram:
        shown[0]["elements"].append(button("Histogram", "send_histogram", f"{version.id} {drop.id}"))
    return shown


def _version_of(dataset: Dataset | None, drop: Drop) -> Version | None:
    versions = dataset.versions if dataset else ()
    return next((one for one in versions if one.id == drop.version_id), None)


def _version_words(dataset: Dataset | None, drop: Drop) -> str:
    version = _version_of(dataset, drop)
    return f", version {version.number}" if version and version.number > 1 else ""


def _news(drop: Drop, dataset: Dataset | None) -> list[str]:
    """What a version changed, and what its person should know."""
    version = _version_of(dataset, drop)
    told = _since(dataset, version) if dataset and version else []
    accepted = [accepted_words(version.accepted)] if version and version.accepted else []
    source = [source_words(version.source)] if version and version.source else []
    why = [prose(drop.problem, 600)] if drop.problem else []
    corrects = correction_words(drop.corrects)
    return [*remedy_words(drop), *source, *accepted, *told, *corrects, *why, *_newer(dataset, version)]


def _since(dataset: Dataset, version: Version) -> list[str]:
    """How a version differs from the one before it; that nothing of that one is left may be a mistake."""
    diff, number = version.diff, version.number - 1
    if diff is None:
        return []
    told = [f"Since version {number}: {diff_words(diff)}."]
    before = next((one for one in dataset.versions if one.number == number), None)
    if before and diff.removed + diff.changed >= before.report.rows:
        told.append(
            f"⚠️ No row of version {number} is left. A file becomes a dataset of its own when it is dropped "
            "outside of a thread."
        )
    return told


def _newer(dataset: Dataset | None, version: Version | None) -> list[str]:
    """That this card's version isn't the latest any more."""
    if dataset is None or version is None or dataset.latest.number <= version.number:
        return []
    return [f"🆕 Version {count(dataset.latest.number)} is the latest now: *Train* takes that one."]


def accepted_notice(by: str, filename: str, codes: Mapping[str, int]) -> Rendered:
    """The line in the thread of a file whose private data somebody accepted."""
    return notice(
        f"🔓 {mention(by)} accepted {private_words(codes)} in {code(filename, 120)}: it was kept as it is."
    )
