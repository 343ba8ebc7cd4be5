"""From a tally to the report: findings about the file as a whole, statistics, epochs and prices."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from tuning.datasets import stats
from tuning.datasets.bases import base_findings, count
from tuning.datasets.checker import Settings
from tuning.datasets.duplicates import duplicate_findings
from tuning.datasets.everywhere import EVERYWHERE, codes_everywhere
from tuning.datasets.report import SCHEMA, Finding, Price, Report
from tuning.datasets.rules import RULES, make_finding
from tuning.datasets.sniff import Look
from tuning.datasets.tally import Tally
from tuning.datasets.tokens import default_epochs
from tuning.pricing import PriceBook

MOST_LABELS = 50
TOLD = 10_000
"""Findings given to a sink together."""


class Subject(NamedTuple):
    """The file, what it looks like, and for what it was checked."""

    path: Path
    size: int
    sha256: str
    has_bom: bool
    seen: Look
    settings: Settings
    prices: PriceBook
    base: str | None
    method: str | None
    today: dt.date
    assumed: tuple[str, ...]
    ended_at: int | None = None
    """How many bytes were checked when somebody ended the check early."""


def finish(
    subject: Subject,
    tally: Tally,
    meaning: Iterable[Finding],
    compared: bool,
    began: float,
    sink: Callable[[list[Finding]], None] | None = None,
) -> Report:
    """The report; `sink` gets the findings that only the whole file shows."""
    codes = Counter(tally.codes)
    fact = [make_finding(code, EVERYWHERE[code]) for code in codes_everywhere(tally)]
    for finding in fact:
        del codes[finding.code]
    late = chain(file_findings(subject, tally), duplicate_findings(subject.path, tally), meaning, fact)
    kept = _told(late, codes, subject.settings.keep, sink)
    severities = Counter[str]()
    for code, times in codes.items():
        severities[RULES[code].severity] += times
    once = {finding.code for finding in fact}
    rows = [finding for finding in tally.findings if finding.code not in once]
    report = _report(subject, tally, _keep([*kept, *rows], subject.settings.keep), codes, severities)
    seconds = round(time.perf_counter() - began, 3)
    return msgspec.structs.replace(report, compared=compared, seconds=seconds)


def _told(
    late: Iterable[Finding],
    codes: Counter[str],
    keep: int,
    sink: Callable[[list[Finding]], None] | None,
) -> list[Finding]:
    """Count these findings and give them to the sink, some at a time; the first of each code come back."""
    kept: list[Finding] = []
    seen: Counter[str] = Counter()
    late = iter(late)
    while some := list(islice(late, TOLD)):
        if sink:
            sink(some)
        for finding in some:
            seen[finding.code] += 1
            if seen[finding.code] <= keep:
                kept.append(finding)
    codes.update(seen)
    return kept


def _keep(found: list[Finding], keep: int) -> tuple[Finding, ...]:
    """The first of each code: those of the file first, then by row."""
    seen: Counter[str] = Counter()
    kept = []
    for finding in sorted(found, key=lambda f: f.row or 0):
        seen[finding.code] += 1
        if seen[finding.code] <= keep:
            kept.append(finding)
    return tuple(kept)


def file_findings(subject: Subject, tally: Tally) -> list[Finding]:
    """What is wrong with the file as a whole."""
    found: list[Finding] = []
    seen, rows = subject.seen, tally.rows
    if subject.has_bom:
        found.append(make_finding("bom", "The file begins with a byte order mark", offset=0))
    if seen.container:
        what = f"The file is {seen.container}, not one JSON object a line"
        found.append(make_finding("not_jsonl", what, todo=seen.trouble))
    elif seen.looks_like:
        found.append(make_finding("not_jsonl", f"The rows have the {seen.looks_like} format, not messages"))
    elif subject.ended_at is not None:
        share = subject.ended_at / subject.size
        found.append(make_finding("ended_early", f"The check was ended after {share:.1%} of the file"))
    elif not rows:
        found.append(make_finding("empty_file", "The file has no examples"))
    elif rows < subject.prices.defaults.minimum_rows:
        found.append(make_finding("too_few_rows", f"The file has {count(rows, 'example')}"))
    elif rows < subject.prices.defaults.advised_rows:
        found.append(make_finding("few_rows", f"The file has {count(rows, 'example')}"))
    return [*found, *_limits(subject, tally), *base_findings(subject, tally.image_examples)]


def _limits(subject: Subject, tally: Tally) -> list[Finding]:
    found = []
    defaults = subject.prices.defaults
    if subject.size > defaults.upload_bytes:
        what = f"The file has {subject.size / 2**30:,.1f} GB"
        found.append(make_finding("upload_too_large", what))
    elif subject.size > defaults.file_bytes:
        most = defaults.file_bytes >> 20
        what = f"The file has {subject.size / 2**20:,.0f} MB, one upload holds {most}"
        found.append(make_finding("file_too_large", what))
    if tally.image_examples > defaults.image_examples:
        what = f"{tally.image_examples:,} examples have images"
        found.append(make_finding("too_many_image_examples", what))
    return found


def _report(
    subject: Subject,
    tally: Tally,
    findings: tuple[Finding, ...],
    codes: Counter[str],
    severities: Counter[str],
) -> Report:
    settings = subject.settings
    epochs = default_epochs(tally.rows)
    return Report(
        schema=SCHEMA,
        format=subject.seen.format,
        rows=tally.rows,
        ok=not severities["error"],
        errors=severities["error"],
        warnings=severities["warning"],
        findings=findings,
        codes=dict(sorted(codes.items())),
        tokens=stats.token_stats(tally.tokens, settings.encoding, settings.limit),
        assistant_tokens=stats.turn_stats(tally.turns),
        messages_per_example=stats.span(tally.messages),
        missing_system=tally.missing_system,
        missing_user=tally.missing_user,
        over_limit=tally.over_limit,
        epochs=epochs,
        billable_tokens=tally.billable,
        charged_tokens=tally.billable * epochs,
        prices=_prices(subject, tally.billable, epochs),
        sha256=subject.sha256,
        bytes=subject.size,
        base=subject.base,
        method=subject.method,
        system_prompt=_shared_prompt(tally),
        labels=_labels(tally),
        looks_like=subject.seen.looks_like,
        tools=tuple(sorted(map(_whole, tally.tools))),
        image_examples=tally.image_examples,
        partial=subject.ended_at is not None,
        checked_bytes=subject.ended_at,
    )


def _prices(subject: Subject, billable: int, epochs: int) -> tuple[Price, ...]:
    method = subject.method or subject.seen.format
    found = []
    for base in subject.prices.bases if billable else ():
        if method in base.methods or method == "unknown":
            cost = subject.prices.training(base.name, billable * epochs, low_tokens=billable)
            if cost:
                checked = base.checked.isoformat()
                found.append(Price(base.name, cost.low, cost.high, cost.estimate, checked=checked))
    return tuple(found)


def _shared_prompt(tally: Tally) -> str | None:
    """The system prompt that every row has, if it is one and the same."""
    return _whole(tally.prompt) if tally.prompt and tally.messages.total() == tally.rows else None


def _whole(text: str) -> str:
    """A text without halves of characters, which no JSON can carry."""
    return text.encode("utf-8", "replace").decode()


def _labels(tally: Tally) -> dict[str, int] | None:
    labels = labels_of(tally)
    return None if labels is None else {_whole(label): times for label, times in labels.items()}


def labels_of(tally: Tally) -> dict[str, int] | None:
    """How often each final answer stands, when answers are labels: few, short, and repeated."""
    answers = tally.answers
    if not answers or not 2 <= len(answers) <= min(MOST_LABELS, tally.rows // 2):
        return None
    return dict(sorted(answers.items(), key=lambda pair: (-pair[1], pair[0])))
