"""Datasets in lists: two lines of words and the buttons of each."""

from __future__ import annotations

from collections.abc import Sequence

from tuning.findings import SMALL
from tuning.library import Listed
from tuning.records import Acceptance, Dataset, at_version
from views.blocks import actions, button, more, notice, rendered, section
from views.numbers import count, plural, when
from views.rejected import private_words
from views.rendered import Block, Rendered
from views.reports import labels_line
from views.text import code, mention, prose

NO_DATASETS = "No datasets yet. Drop a JSONL file into a channel that I am in: I check it and keep it."
#: A dataset takes two blocks, and a list must be quick to read.
DATASETS_SHOWN = 10


def accepted_words(accepted: Acceptance) -> str:
    """Who answers for what is private in a version."""
    return f"🔓 {mention(accepted.by)} accepted {private_words(accepted.codes)} on {when(accepted.at)}."


def dataset_buttons(dataset: Dataset | None, version: int = 0) -> list[Block]:
    """Those of a dataset, or of one of its versions."""
    if dataset is None:
        return []
    details = button("Details", "show_dataset", at_version(dataset.id, version))
    return [actions(*train_buttons(dataset, version), details)]


def train_buttons(dataset: Dataset, version: int = 0) -> list[Block]:
    """The button names the version where that isn't the latest; there is none for too few rows."""
    chosen = next((one for one in dataset.versions if one.number == version), dataset.latest)
    if SMALL in chosen.report.codes:
        return []
    label = f"Train version {version}" if version else "Train"
    return [button(label, "train_dataset", at_version(dataset.id, version), style="primary")]


def dataset_list(listed: Listed) -> Rendered:
    """One page of datasets; `more_datasets` turns the page."""
    if not listed.datasets:
        return notice("There are no more datasets." if listed.total else NO_DATASETS)
    head = plural(listed.total, "dataset")
    if listed.search:
        head += f" with {code(listed.search, 60)} in the name"
    blocks = [section(f"*{head}*")]
    for one in listed.datasets:
        blocks += [section(dataset_words(one)), *dataset_buttons(one)]
    blocks += more("more_datasets", listed.start, listed.total, DATASETS_SHOWN, listed.search)
    return rendered(f"{head}:\n" + "\n".join(dataset_words(one) for one in listed.datasets), blocks)


def splitting(name: str) -> Rendered:
    """Said when a split takes long."""
    return notice(f"✂️ Splitting {code(name, 80)} … I tell you here when the parts are checked and kept.")


def split_done(name: str, seed: int, parts: Sequence[Dataset]) -> Rendered:
    """The answer to `/ft split`: each part with its rows, and its answers where they are few."""
    head = f"✂️ {code(name, 80)} is split (seed {count(seed)}):"
    lines, blocks = [], [section(head)]
    rows = sum(part.latest.report.rows for part in parts)
    for part in parts:
        report = part.latest.report
        labels = f"\n{told}" if (told := labels_line(report)) else ""
        lines.append(
            f"{code(part.name, 80)}: {plural(report.rows, 'row')} ({100 * report.rows / rows:.3g} %)"
        )
        blocks += [section(lines[-1] + labels), *dataset_buttons(part)]
    return rendered("\n".join([head, *lines]), blocks)


def split_done_later(name: str, parts: Sequence[str], problem: str) -> Rendered:
    """What came of a split that a restart interrupted."""
    if problem:
        return notice(f"✂️ {code(name, 80)} could not be split after my restart: {prose(problem, 600)}")
    made = ", ".join(code(part, 80) for part in parts)
    return notice(f"✂️ I was restarted while I split {code(name, 80)}, and went on since: {made} are there.")


def dataset_words(dataset: Dataset) -> str:
    """A dataset in two lines of mrkdwn."""
    latest, report = dataset.latest, dataset.latest.report
    facts = [plural(report.rows, "row"), plural(report.tokens.total, "token"), report.format]
    if report.warnings:
        facts.append(plural(report.warnings, "warning"))
    version = f" · version {latest.number}" if latest.number > 1 else ""
    told = " · ".join(facts)
    return f"{code(dataset.name, 80)}{version}\n{told} · {mention(dataset.owner)} · {when(latest.created_at)}"
