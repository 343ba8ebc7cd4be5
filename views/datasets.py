"""A dropped file's card, from "checking" to a dataset with a Train button, and lists of datasets."""

from __future__ import annotations

from collections.abc import Sequence

from tuning.datasets.report import Price, Report
from tuning.records import Dataset, Drop, DropState
from views.blocks import actions, button, context, fields, header, more, notice, rendered, section, sections
from views.findings import finding_lines
from views.numbers import count, plural, size, usd, when
from views.rendered import Block, Rendered
from views.text import code, escape, mention, prose

NO_DATASETS = "No datasets yet. Drop a JSONL file into a channel that I am in: I check it and keep it."
#: A dataset takes one block, so more of them fit than of other things.
DATASETS_SHOWN = 20
SHOWN_PRICES = 8
SHOWN_LABELS = 8

_FORMATS = {
    "supervised": "chat examples (supervised)",
    "dpo": "preferences (DPO)",
    "reinforcement": "prompts for a grader (reinforcement)",
}


def drop_card(drop: Drop, dataset: Dataset | None = None, bases: Sequence[str] = ()) -> Rendered:
    """The answer to a dropped file, edited in place.

    `dataset` is the one that the drop was kept as; `bases` are the base models to show prices for,
    all that the report knows when there are none.
    """
    if drop.state == DropState.received:
        return notice(f"🔎 Checking {_file(drop)} … every row is read; large files take a while.")
    if drop.state == DropState.failed:
        return _failed(drop)
    if drop.state == DropState.ignored:
        return notice(f"{_file(drop)} doesn't look like training data, so I leave it alone.")
    if drop.known:
        return _known(drop, dataset)
    if drop.report is None:
        return notice(f"⚠️ The report on {_file(drop)} is missing. Drop the file again.")
    if drop.state == DropState.rejected:
        return _rejected(drop, drop.report)
    return _kept(drop, drop.report, dataset, bases)


def _file(drop: Drop) -> str:
    return code(drop.filename or "the file", 120) + (f" ({size(drop.size)})" if drop.size else "")


def _failed(drop: Drop) -> Rendered:
    why = prose(drop.problem, 1500) or "It could not be read. Drop it again."
    return notice(f"❌ I could not check {_file(drop)}. {why}")


def _known(drop: Drop, dataset: Dataset | None) -> Rendered:
    name = code(dataset.name, 80) if dataset else "another name"
    owner = f", owned by {mention(dataset.owner)}" if dataset else ""
    text = f"✅ {_file(drop)} is already here as {name}{owner}: nothing was kept a second time."
    return notice(text, *_train(drop))


def _rejected(drop: Drop, report: Report) -> Rendered:
    faults = plural(report.errors, "error")
    head = f"❌ {_file(drop)} can't be used for training yet: {faults} in {plural(report.rows, 'row')}."
    lines = finding_lines(report, "error")
    todo = "*What to do:* fix these and drop the file again. Nothing was kept."
    blocks = [section(head), *sections(lines), section(todo)]
    if report.warnings:
        blocks.append(
            context(f"Besides, {plural(report.warnings, 'warning')}: shown once the errors are gone.")
        )
    return rendered("\n".join([head, *lines, todo]), blocks)


def _kept(drop: Drop, report: Report, dataset: Dataset | None, bases: Sequence[str]) -> Rendered:
    name = dataset.name if dataset else drop.filename or "dataset"
    version = next((one.number for one in dataset.versions if one.id == drop.version_id), 1) if dataset else 1
    kept = f"✅ {_file(drop)} is fine. Kept as {code(name, 80)}" + (
        f", version {version}" if version > 1 else ""
    )
    prices = price_lines(report, bases)
    blocks = [header(name), section(f"{kept}, owner {mention(drop.user)}."), fields(_facts(report))]
    if labels := _labels(report):
        blocks.append(section(labels))
    blocks.append(section("*Estimated price of training*\n" + "\n".join(prices)))
    if report.warnings:
        blocks.append(
            section(f"⚠️ *{plural(report.warnings, 'warning')}*: it can be trained on all the same.")
        )
        blocks += sections(finding_lines(report, "warning"))
    facts = f"{plural(report.rows, 'row')}, {plural(report.tokens.total, 'token')}"
    summary = "\n".join([f"{kept}: {facts}, {plural(report.warnings, 'warning')}.", *prices])
    return rendered(summary, [*blocks, *_train(drop)])


def _facts(report: Report) -> list[tuple[str, str]]:
    tokens = report.tokens
    spread = f"{count(tokens.min)} to {count(tokens.max)}, median {tokens.median:,.0f}"
    pairs = [
        ("Format", _FORMATS.get(report.format, escape(report.format, 60))),
        ("Rows", count(report.rows)),
        ("Tokens", f"{count(tokens.total)} ({escape(tokens.encoding, 40)})"),
        ("Tokens a row", spread),
        ("Default epochs", count(report.epochs)),
        ("Tokens to train", f"about {count(report.billable_tokens)}"),
    ]
    if report.tools:
        pairs.append(("Tools", count(len(report.tools))))
    if report.image_examples:
        pairs.append(("Rows with images", count(report.image_examples)))
    return pairs


def _labels(report: Report) -> str:
    """The answers, where they are few: what a classifier learns to tell apart."""
    if not report.labels:
        return ""
    common = sorted(report.labels.items(), key=lambda item: -item[1])
    words = [f"{code(label, 40)} {count(number)}" for label, number in common[:SHOWN_LABELS]]
    rest = len(common) - SHOWN_LABELS
    return "*Answers:* " + ", ".join(words) + (f" and {count(rest)} more" if rest > 0 else "")


def price_lines(report: Report, bases: Sequence[str] = ()) -> list[str]:
    """A line for each base: what training costs with the default epochs, and the range around it."""
    known = {price.base: price for price in report.prices}
    asked = list(bases) or list(known)
    lines = [f"• {code(base, 80)}  {_price(known.get(base))}" for base in asked[:SHOWN_PRICES]]
    if len(asked) > SHOWN_PRICES:
        lines.append(f"• … and {plural(len(asked) - SHOWN_PRICES, 'base model')} more")
    return lines or ["• no price on record for this backend's models"]


def _price(price: Price | None) -> str:
    if price is None:
        return "no price on record"
    return f"about *{usd(price.estimate)}* ({usd(price.low)} to {usd(price.high)})"


def _train(drop: Drop) -> list[Block]:
    if not drop.dataset_id:
        return []
    return [actions(button("Train", "train_dataset", drop.dataset_id, style="primary"))]


def dataset_list(datasets: Sequence[Dataset], start: int = 0) -> Rendered:
    """One page of datasets from `start` on; `more_datasets` turns the page."""
    if not datasets:
        return notice(NO_DATASETS)
    page = datasets[start : start + DATASETS_SHOWN]
    head = plural(len(datasets), "dataset")
    blocks = [section(f"*{head}*")]
    blocks += [section(dataset_words(one), button("Train", "train_dataset", one.id)) for one in page]
    blocks += more("more_datasets", start, len(datasets), DATASETS_SHOWN)
    return rendered(f"{head}:\n" + "\n".join(dataset_words(one) for one in page), blocks)


def dataset_words(dataset: Dataset) -> str:
    """A dataset in two lines of mrkdwn."""
    latest, report = dataset.latest, dataset.latest.report
    facts = [plural(report.rows, "row"), plural(report.tokens.total, "token"), report.format]
    if report.warnings:
        facts.append(plural(report.warnings, "warning"))
    version = f" · version {latest.number}" if latest.number > 1 else ""
    told = " · ".join(facts)
    return f"{code(dataset.name, 80)}{version}\n{told} · {mention(dataset.owner)} · {when(latest.created_at)}"
