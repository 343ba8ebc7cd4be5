"""All about one dataset on one page, its examples page by page, and what is told of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuning.library import Page, Preview
from tuning.records import Dataset, Job, Model, Version
from tuning.rows import Row
from views.blocks import actions, button, confirm, context, fields, header, notice, rendered, section
from views.charts import sparkline
from views.conversation import example_blocks
from views.corrections import diff_words
from views.datasets import accepted_words, dataset_buttons, dataset_words, train_buttons
from views.findings import warning_words
from views.numbers import count, plural, size, when
from views.rejected import source_words
from views.rendered import Block, Rendered
from views.reports import report_facts
from views.statuses import job_status
from views.text import code, mention, mention_channel, prose

#: How many of each a page shows: jobs, models, versions, and examples on it and on a page of their own.
JOBS, MODELS, VERSIONS, FIRST_EXAMPLES, EXAMPLES = 5, 5, 8, 2, 3


def dataset_page(page: Page) -> Rendered:
    """The answer to `/ft dataset NAME` and to a press on "Details"."""
    dataset, latest = page.dataset, page.dataset.latest
    owner = f"Owner {mention(dataset.owner)} · {plural(page.newest or latest.number, 'version')}"
    if page.newest:
        owner = (
            f"🕰️ This is version {count(latest.number)}; version {count(page.newest)} is the latest.\n{owner}"
        )
    parts = [_versions(dataset, page.newest), _jobs(page), _models(page.models)]
    blocks = [header(dataset.name), section(owner), fields(report_facts(latest.report))]
    blocks += [section(text) for text in (_spread(latest), _doubts(latest), *parts) if text]
    blocks += (
        [section("*The first examples*"), *_examples(page.preview, masked=page.masked)]
        if page.preview
        else []
    )
    blocks += [context(prose(page.trouble, 300))] if page.trouble else []
    summary = "\n".join([dataset_words(dataset), *(part for part in parts if part)])
    return rendered(summary, [*blocks, *_buttons(page)])


def _spread(version: Version) -> str:
    """How long the examples are, as a small chart: a bar for each step from the shortest to the longest."""
    steps = version.report.tokens.histogram
    chart = sparkline([float(number) for _, _, number in steps])
    ends = f"{count(version.report.tokens.min)} to {count(version.report.tokens.max)}"
    return f"*Tokens a row*  {chart}  {ends}" if chart else ""


def _doubts(version: Version) -> str:
    """The warnings by kind: the dropped file's card tells them row by row."""
    return f"⚠️ {warning_words(version.report)}" if version.report.warnings else ""


def _versions(dataset: Dataset, newest: int) -> str:
    shown = list(reversed(dataset.versions))[:VERSIONS]
    newer = [f"… {count(newest - dataset.latest.number)} newer"] if newest else []
    lines = ["*Versions*", *newer, *(_version(dataset, version) for version in shown)]
    if len(dataset.versions) > len(shown):
        lines.append(f"… and {count(len(dataset.versions) - len(shown))} older")
    return "\n".join(lines)


def _version(dataset: Dataset, version: Version) -> str:
    facts = [plural(version.report.rows, "row"), size(version.size), mention(version.created_by)]
    changed = f" · {diff_words(version.diff)}" if version.diff else ""
    name = code(f"{dataset.name}@{version.number}", 80)
    more = [accepted_words(version.accepted)] if version.accepted else []
    more += [source_words(version.source)] if version.source else []
    lines = [f"• {name} {' · '.join(facts)} · {when(version.created_at)}{changed}", *more]
    return "\n    ".join(lines)


def _jobs(page: Page) -> str:
    dataset, jobs = page.dataset, page.jobs
    if not jobs:
        of_it = " of this version or those before it" if page.newest else ""
        train = f"Train version {dataset.latest.number}" if page.newest else "Train"
        press = f": press *{train}*" if train_buttons(dataset) else ""
        return f"*Jobs*\nNone yet{of_it}{press}."
    numbers = {version.id: version.number for version in dataset.versions}
    lines = [f"• {code(job.shown_id, 80)} {_job(job, numbers)}" for job in jobs[:JOBS]]
    rest = [f"… and {count(len(jobs) - JOBS)} more: `/ft jobs`"] if len(jobs) > JOBS else []
    return "\n".join(["*Jobs*", *lines, *rest])


def _job(job: Job, numbers: Mapping[str, int]) -> str:
    emoji, words = job_status(job)
    number = numbers.get(job.plan.version_id)
    what = f"version {number}" if number else "as validation data"
    return f"{emoji} {words} · {what} → {code(job.plan.base, 80)} · {mention(job.owner)}"


def _models(models: Sequence[Model]) -> str:
    if not models:
        return ""
    rest = [f"… and {count(len(models) - MODELS)} more: `/ft models`"] if len(models) > MODELS else []
    return "\n".join(["*Models*", *(f"• {code(model.id)}" for model in models[:MODELS]), *rest])


def _buttons(page: Page) -> list[Block]:
    dataset = page.dataset
    more = f"{dataset.latest.id} {FIRST_EXAMPLES}"
    asks = confirm(
        "Delete this dataset?",
        f"{dataset.name} goes with all its versions, here and at the backend. This can't be undone.",
        "Delete it",
        "Keep it",
    )
    version, source = dataset.latest, dataset.latest.source
    older = version.number if page.newest else 0
    return [
        actions(
            *train_buttons(dataset, older),
            *([button("More examples", "show_examples", more)] if page.more_examples else []),
            *([button("Histogram", "send_histogram", version.id)] if version.report.tokens.histogram else []),
            button("Download", "send_rows", version.id),
            *([button("Original", "send_original", version.id)] if source and source.sha256 else []),
        ),
        actions(
            button("Rename", "rename_dataset", dataset.id),
            button("Share", "share_dataset", dataset.id),
            button("Delete", "delete_dataset", dataset.id, style="danger", confirm=asks),
        ),
    ]


def examples_page(preview: Preview) -> Rendered:
    """Some examples, with buttons to the ones before and after."""
    name = code(f"{preview.dataset.name}@{preview.version.number}", 80)
    if not preview.rows:
        return notice(f"{name} has no more examples.")
    first, last = preview.start + 1, preview.start + len(preview.rows)
    head = f"Examples {count(first)} to {count(last)} of {name}"
    buttons = []
    if preview.start:
        before = max(0, preview.start - EXAMPLES)
        buttons.append(button("Before", "examples_before", f"{preview.version.id} {before}"))
    if preview.more:
        buttons.append(button("Next", "examples_next", f"{preview.version.id} {last}"))
    blocks = [section(f"*{head}*"), *_examples(preview.rows, masked=preview.masked)]
    return rendered(head, [*blocks, *([actions(*buttons)] if buttons else [])])


def _examples(rows: Sequence[Row], *, masked: bool) -> list[Block]:
    told = "Placeholders stand for what is private in them: its owner and administrators see it."
    return [*example_blocks(tuple(rows)), *([context(told)] if masked else [])]


def shared_card(dataset: Dataset, by: str) -> Rendered:
    """A dataset's card in a channel that somebody shared it into."""
    text = f"📎 {mention(by)} shares a dataset: {dataset_words(dataset)}"
    facts = fields(report_facts(dataset.latest.report))
    return rendered(text, [section(text), facts, *dataset_buttons(dataset)])


def shared_notice(dataset: Dataset, channel: str) -> Rendered:
    """What its sharer is told."""
    return notice(f"📎 {code(dataset.name, 80)} is on its way to {mention_channel(channel)}.")


def renamed_notice(by: str, old: str, new: str) -> Rendered:
    return notice(f"✏️ {mention(by)} renamed the dataset {code(old, 80)} to {code(new, 80)}.")


def deleted_notice(by: str, old: str, owner: str) -> Rendered:
    whose = "" if by == owner else f", owned by {mention(owner)}"
    return notice(f"🗑️ {mention(by)} deleted the dataset {code(old, 80)}{whose}, with all its versions.")
