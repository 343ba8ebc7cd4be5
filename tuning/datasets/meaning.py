"""What is doubtful about what rows say: repeats, contradictions, labels, prompts, languages, refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tuning.datasets.alike import BUT_FOR
from tuning.datasets.columns import LIKE_A_REFUSAL, REFUSED, Columns
from tuning.datasets.language import language_name
from tuning.datasets.repeats import Texts, contradictions, near_duplicates, other_references, row_finding
from tuning.datasets.report import Finding, Format
from tuning.datasets.rowcheck import quoted
from tuning.datasets.rules import make_finding
from tuning.datasets.strict import join
from tuning.datasets.words import normal

MAJORITY = 0.8
NEARLY_ALL = 0.95
IMBALANCE = 10
OPEN_ENDED = 5
OUTLIER = 10
SHORTEST_OUTLIER = 2000
FEWEST = 10
MOST_REFUSED = 0.5
MOST_PROMPTS = 20_000


def look_at(path: Path, columns: Columns, kind: Format, labels: dict[str, int] | None) -> Iterator[Finding]:
    """Everything doubtful about a file's rows; `labels` are given when the answers are labels."""
    with path.open("rb") as file:
        texts = Texts(file, columns)
        yield from near_duplicates(texts, columns)
        yield from contradictions(texts, columns, bool(labels))
        if kind == "reinforcement":
            yield from other_references(texts, columns)
    yield from other_prompts(columns)
    yield from outliers(columns)
    yield from one_answer(columns)
    if labels:
        yield from label_findings(columns, labels)
    else:
        yield from other_languages(columns)
        yield from refusals(columns)
    if kind == "reinforcement":
        yield from grader_data(columns)


def other_prompts(columns: Columns) -> Iterator[Finding]:
    """Rows whose instructions differ from those that most rows share."""
    prompts = Counter[int]()
    for system in columns.systems:
        if system:
            prompts[system] += 1
            if len(prompts) > MOST_PROMPTS:
                return
    if len(prompts) < 2:
        return
    usual, times = prompts.most_common(1)[0]
    if times < MAJORITY * prompts.total():
        return
    alike = {system: columns.system_mark(system) == columns.system_mark(usual) for system in prompts}
    for index, system in enumerate(columns.systems):
        if system and system != usual:
            what = f"The system prompt isn't the one that {times:,} other rows share"
            same = f" (the same{BUT_FOR})" if alike[system] else ""
            yield row_finding("other_system_prompt", columns, index, what + same)


def outliers(columns: Columns) -> Iterator[Finding]:
    """Rows many times as long as the usual one."""
    if len(columns) < FEWEST:
        return
    usual = median(columns.lengths)
    for index, length in enumerate(columns.lengths):
        if length > SHORTEST_OUTLIER and length > OUTLIER * usual > 0:
            what = f"The row is {length / usual:.0f} times as long as the usual one"
            yield row_finding("length_outlier", columns, index, what)


def one_answer(columns: Columns) -> Iterator[Finding]:
    """A set in which every row is answered in the same words teaches to say them whatever is asked."""
    if len(columns) >= FEWEST and columns.keys[0] and set(columns.answers) == {columns.answers[0]}:
        yield make_finding("one_answer", f"All {len(columns):,} rows have the same answer")


def label_findings(columns: Columns, labels: dict[str, int]) -> Iterator[Finding]:
    """Labels that are rare, or spelled in several ways."""
    counts = sorted(labels.items(), key=lambda pair: -pair[1])
    usual: dict[str, str] = {}
    merged: Counter[str] = Counter()
    for label, rows in counts:
        merged[usual.setdefault(normal(label) or label, label)] += rows
    (most, times), (least, few) = merged.most_common()[0], merged.most_common()[-1]
    if times >= IMBALANCE * few:
        what = f"The label {most!r} stands in {times:,} rows, {least!r} in {few:,}"
        yield make_finding("label_imbalance", what)
    variants = {hash(label): (label, usual[normal(label) or label]) for label, _ in counts}
    for index, spelling in enumerate(columns.spellings):
        label, spelled = variants.get(spelling, ("", ""))
        if spelled != label:
            what = f"The label {label!r} is usually spelled {spelled!r}"
            yield row_finding("label_variant", columns, index, what)


def other_languages(columns: Columns) -> Iterator[Finding]:
    """Rows whose answer is in another script or language than nearly all others."""
    kinds = columns.language.kinds
    numbers = Counter(columns.languages)
    scripts, languages = Counter[str](), Counter[str]()
    for number, times in numbers.items():
        script, language = kinds[number]
        scripts[script] += times if script else 0
        languages[language] += times if language else 0
    script, language = _nearly_all(scripts), _nearly_all(languages)
    for index, number in enumerate(columns.languages):
        own_script, own = kinds[number]
        if script and own_script and own_script != script:
            what = f"The answer is in {own_script} script, others in {script}"
            yield row_finding("other_script", columns, index, what)
        elif language and own and own != language:
            what = f"The answer is in {language_name(own)}, others in {language_name(language)}"
            yield row_finding("other_language", columns, index, what)


def _nearly_all(counts: Counter[str]) -> str:
    """What nearly all have, if there are others too and enough of them; empty otherwise."""
    del counts[""]
    if len(counts) < 2 or counts.total() < FEWEST:
        return ""
    usual, times = counts.most_common(1)[0]
    return usual if times >= NEARLY_ALL * counts.total() else ""


def refusals(columns: Columns) -> Iterator[Finding]:
    """Whether a set that declares refusals has some, not too many, and all in the declared words."""
    counts = Counter(columns.refused)
    if not (columns.declared or counts[REFUSED]):
        return
    if not counts[REFUSED]:
        yield make_finding("refusal_missing", "No row is answered with the refusal that was declared")
    elif counts[REFUSED] > MOST_REFUSED * len(columns):
        share = counts[REFUSED] / len(columns)
        yield make_finding("refusal_share", f"{share:.0%} of the rows are answered with a refusal")
    for index, refused in enumerate(columns.refused):
        if refused == LIKE_A_REFUSAL:
            what = "The answer reads like a refusal, but isn't written like the others"
            yield row_finding("refusal_variant", columns, index, what)


def grader_data(columns: Columns) -> Iterator[Finding]:
    """Items that lack data which most have, or have it as another type."""
    kinds = Counter(columns.kinds)
    have, types = Counter[str](), Counter[tuple[str, str]]()
    for number, times in kinds.items():
        for key, kind in columns.signatures[number]:
            have[key] += times
            types[key, kind] += times
    usual = {key: _usual_type(types, key) for key, times in have.items() if times >= MAJORITY * len(columns)}
    told = {number: tuple(_odd(columns.signatures[number], usual)) for number in kinds}
    for index, number in enumerate(columns.kinds):
        for key, what in told[number]:
            yield row_finding("grader_data", columns, index, what, key)


def _usual_type(types: Counter[tuple[str, str]], key: str) -> str:
    own = {kind: times for (name, kind), times in types.items() if name == key}
    kind, times = max(own.items(), key=lambda pair: pair[1])
    return kind if times >= MAJORITY * sum(own.values()) else ""


def _odd(signature: Sequence[tuple[str, str]], usual: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) for each key of the usual ones."""
    own = dict(signature)
    for key, kind in sorted(usual.items()):
        if key not in own:
            yield join("", key), f"Most other items have {quoted(key)}, this one doesn't"
        elif kind and own[key] != kind:
            yield join("", key), f"{quoted(key)} is {own[key]}, in most other items it is {kind}"
