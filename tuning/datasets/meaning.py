"""What is doubtful about what rows say: repeats, contradictions, leaks, labels, prompts, lengths, scripts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from tuning.datasets.examples import Example
from tuning.datasets.near import near_pairs, normal
from tuning.datasets.report import Finding
from tuning.datasets.rules import make_finding

MAJORITY = 0.8
IMBALANCE = 10
OPEN_ENDED = 5
OUTLIER = 10
SHORTEST_OUTLIER = 2000
_SCRIPTS = {
    "Latin": re.compile("[A-Za-z\u00c0-\u024f]"),
    "Cyrillic": re.compile("[\u0400-\u04ff]"),
    "Greek": re.compile("[\u0370-\u03ff]"),
    "Arabic": re.compile("[\u0600-\u06ff]"),
    "Hebrew": re.compile("[\u0590-\u05ff]"),
    "Devanagari": re.compile("[\u0900-\u097f]"),
    "Thai": re.compile("[\u0e00-\u0e7f]"),
    "Han or Kana": re.compile("[\u3040-\u30ff\u4e00-\u9fff]"),
    "Hangul": re.compile("[\uac00-\ud7af]"),
}


def look_at(examples: Sequence[Example], labels: dict[str, int] | None) -> Iterator[Finding]:
    """Everything doubtful about these examples; `labels` are given when the answers are labels."""
    yield from near_duplicates(examples)
    yield from contradictions(examples, bool(labels))
    yield from other_prompts(examples)
    yield from outliers(examples)
    if labels:
        yield from label_findings(examples, labels)
    else:
        yield from other_scripts(examples)


def _finding(code: str, example: Example, what: str, path: str = "") -> Finding:
    return make_finding(code, what, row=example.row, offset=example.offset, path=path)


def near_duplicates(examples: Sequence[Example]) -> Iterator[Finding]:
    """Rows that say nearly what an earlier one says."""
    for pair in near_pairs([example.text for example in examples]):
        later, earlier = examples[pair.later], examples[pair.earlier]
        if later[2:] != earlier[2:]:
            share = f"{pair.share:.0%} of its word pairs" if pair.share < 1 else "all of its words"
            yield _finding("near_duplicate", later, f"The row shares {share} with row {earlier.row}")


def contradictions(examples: Sequence[Example], labels: bool) -> Iterator[Finding]:
    """Rows whose prompt stands in another row with another answer."""
    groups: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        if example.prompt and example.answer:
            groups[example.system, normal(example.prompt)].append(example)
    for group in groups.values():
        if group[0].rejected:
            yield from _swapped(group)
        elif len({normal(example.answer) for example in group}) > 1:
            yield from _differing(group, labels)


def _differing(group: list[Example], labels: bool) -> Iterator[Finding]:
    first, answers = group[0], {normal(example.answer) for example in group}
    if len(answers) > OPEN_ENDED and not labels:
        yield _finding("contradiction", first, f"The same prompt has {len(answers)} different answers")
        return
    for example in group[1:]:
        if normal(example.answer) != normal(first.answer):
            what = f"The same prompt has another answer in row {first.row}"
            yield _finding("contradiction", example, what)


def _swapped(group: list[Example]) -> Iterator[Finding]:
    """Several pairs for one prompt are fine, unless one prefers what another rejects."""
    rejected = {normal(example.rejected): example for example in reversed(group)}
    for example in group:
        other = rejected.get(normal(example.answer))
        if other and other.row < example.row:
            what = f"Row {other.row} rejects the answer that this row prefers"
            yield _finding("contradiction", example, what)


def other_prompts(examples: Sequence[Example]) -> Iterator[Finding]:
    """Rows whose instructions differ from those that most rows share."""
    prompts = Counter(example.system for example in examples if example.system)
    if len(prompts) < 2:
        return
    usual, times = prompts.most_common(1)[0]
    if times < MAJORITY * prompts.total():
        return
    for example in examples:
        if example.system and example.system != usual:
            alike = " but for case, punctuation or spaces" if normal(example.system) == normal(usual) else ""
            what = f"The system prompt isn't the one that {times:,} other rows share"
            yield _finding("other_system_prompt", example, what + (f" (the same{alike})" if alike else ""))


def outliers(examples: Sequence[Example]) -> Iterator[Finding]:
    """Rows many times as long as the usual one."""
    if len(examples) < 10:
        return
    lengths = [len(example.text) for example in examples]
    usual = median(lengths)
    for example, length in zip(examples, lengths, strict=True):
        if length > SHORTEST_OUTLIER and length > OUTLIER * usual > 0:
            what = f"The row is {length / usual:.0f} times as long as the usual one"
            yield _finding("length_outlier", example, what)


def label_findings(examples: Sequence[Example], labels: dict[str, int]) -> Iterator[Finding]:
    """Labels that are rare, or spelled in several ways."""
    counts = sorted(labels.items(), key=lambda pair: -pair[1])
    (most, times), (least, few) = counts[0], counts[-1]
    if times >= IMBALANCE * few:
        what = f"The label {most!r} stands in {times:,} rows, {least!r} in {few:,}"
        yield make_finding("label_imbalance", what)
    usual: dict[str, str] = {}
    for label, _ in counts:
        usual.setdefault(normal(label) or label, label)
    for example in examples:
        spelled = usual.get(normal(example.answer) or example.answer)
        if spelled is not None and spelled != example.answer:
            what = f"The label {example.answer!r} is usually spelled {spelled!r}"
            yield _finding("label_variant", example, what)


def other_scripts(examples: Sequence[Example]) -> Iterator[Finding]:
    """Rows whose answer is in another script than nearly all others."""
    scripts = [script_of(example.answer) for example in examples]
    counts = Counter(script for script in scripts if script)
    if len(counts) < 2:
        return
    usual, times = counts.most_common(1)[0]
    if times < 0.95 * counts.total():
        return
    for example, script in zip(examples, scripts, strict=True):
        if script and script != usual:
            yield _finding("other_script", example, f"The answer is in {script} script, others in {usual}")


def script_of(text: str) -> str | None:
    """The script that most letters of the first part of a text belong to; None if it has few letters."""
    part = text[:400]
    if part.isascii():
        return "Latin" if sum(map(str.isalpha, part)) > 3 else None
    counts = {name: len(pattern.findall(part)) for name, pattern in _SCRIPTS.items()}
    name, letters = max(counts.items(), key=lambda pair: pair[1])
    return name if letters > 3 else None


def leaks(training: Sequence[Example], validation: Sequence[Example]) -> Iterator[Finding]:
    """Validation rows whose prompt, or nearly everything, stands in the training set too."""
    prompts = {normal(e.prompt): e for e in reversed(training) if e.prompt}
    told: set[int] = set()
    for example in validation:
        seen = prompts.get(normal(example.prompt)) if example.prompt else None
        if seen:
            told.add(example.row)
            same = "row" if normal(seen.answer) == normal(example.answer) else "prompt"
            yield _finding("leaked_row", example, f"The same {same} is row {seen.row} of the training set")
    texts = [example.text for example in (*training, *validation)]
    for pair in near_pairs(texts, known=len(training)):
        example = validation[pair.later - len(training)]
        if example.row not in told:
            what = f"The row shares {pair.share:.0%} of its word pairs with row {training[pair.earlier].row}"
            yield _finding("leaked_row", example, f"{what} of the training set")
