"""A file's rows in columns: a few numbers of each row, so that millions of them can be compared in memory."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from tuning.datasets.examples import Example, example_in, read_examples
from tuning.datasets.language import Language
from tuning.datasets.near import Bands, common_pairs
from tuning.datasets.words import mark, mark_of, pairs, words

SAMPLE = 2000
PART = 250_000
MOST_KINDS = 1000
MOST_PROMPTS = 20_000
REFUSED, LIKE_A_REFUSAL = 1, 2
_REFUSAL = re.compile(
    r"\W*(?:(?:i am|i'm|we are|we're)? ?(?:very |so )?(?:sorry|afraid|unable)"
    r"|i (?:do not|don't) (?:know|have)|i (?:can ?not|can't|won't|couldn't)"
    r"|(?:no|not enough|insufficient) (?:information|context|answer)"
    r"|(?:that|this|it) is ?(?:not|n't) (?:mentioned|stated|known|clear)|unknown\W*$|n/?a\W*$)",
    re.IGNORECASE,
)


class Columns:
    """One entry a row, in the order of the file. Marks are numbers that equal texts have in common."""

    def __init__(self, refusals: Iterable[str] = ()) -> None:
        self.rows = array("I")
        self.offsets = array("Q")
        self.systems = array("q")
        self.prompts = array("q")
        self.wordings = array("q")
        """Of the prompts as they are written."""
        self.keys = array("q")
        """Of system prompt and prompt together: 0 when one of prompt and answer is empty."""
        self.answers = array("q")
        self.spellings = array("q")
        self.rejected = array("q")
        self.lengths = array("I")
        self.languages = array("H")
        self.refused = array("B")
        self.references = array("q")
        """Of a reinforcement item's data for its grader."""
        self.kinds = array("H")
        """Which of `signatures` the row's data for a grader has."""
        self.signatures: list[tuple[tuple[str, str], ...]] = [()]
        self.bands = Bands()
        self.common: frozenset[bytes] = frozenset()
        self.language = Language()
        self.declared = {mark(text) for text in refusals}
        self._system_marks: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, example: Example) -> None:
        """Take in the next row."""
        index = len(self.rows)
        asked, said, refused = _words(example)
        prompt, answer = mark_of(asked), mark_of(said)
        self.rows.append(example.row)
        self.offsets.append(example.offset)
        system = _system_mark(example.system)
        self.systems.append(hash(example.system) if example.system else 0)
        if len(self._system_marks) < MOST_PROMPTS:
            self._system_marks.setdefault(self.systems[-1], system)
        self.prompts.append(prompt)
        self.wordings.append(hash(example.prompt))
        whole = prompt and (answer or example.answer)
        self.keys.append(hash((system, prompt)) if whole else 0)
        self.answers.append(answer or hash(example.answer))
        self.spellings.append(hash(example.answer))
        self.rejected.append((mark_of(refused) or hash(example.rejected)) if example.rejected else 0)
        self.lengths.append(len(example.text))
        self.languages.append(self.language.of(example.answer))
        self.refused.append(self._refusal(example, answer))
        self.references.append(hash(example.reference) if example.reference else 0)
        self.kinds.append(self._kind(example.data))
        self.bands.add(index, pairs(asked + said + refused) - self.common)

    def system_mark(self, system: int) -> int:
        """The mark of a system prompt, which is the same for those that differ in spelling alone."""
        return self._system_marks.get(system, system)

    def _refusal(self, example: Example, answer: int) -> int:
        if example.refused or answer in self.declared:
            return REFUSED
        return LIKE_A_REFUSAL if _REFUSAL.match(example.answer) else 0

    def _kind(self, data: tuple[tuple[str, str], ...]) -> int:
        if not data:
            return 0
        if data in self.signatures:
            return self.signatures.index(data)
        if len(self.signatures) < MOST_KINDS:
            self.signatures.append(data)
            return len(self.signatures) - 1
        return 0


def _words(example: Example) -> tuple[list[bytes], list[bytes], list[bytes]]:
    return words(example.prompt), words(example.answer), words(example.rejected) if example.rejected else []


def tokens_of(example: Example) -> set[bytes]:
    """The word pairs of prompt and answers."""
    asked, said, refused = _words(example)
    return pairs(asked + said + refused)


@lru_cache(maxsize=1000)
def _system_mark(text: str) -> int:
    return mark(text)


def read_columns(path: Path, rows: int, refusals: Iterable[str] = ()) -> Columns:
    """The columns of a file of about `rows` rows. Raises OSError."""
    columns = Columns(refusals)
    columns.common = common_pairs([tokens_of(example) for example in sample_of(path, rows)])
    for example in read_examples(path):
        columns.add(example)
    columns.bands.finish()
    return columns


def sample_of(path: Path, rows: int) -> Iterator[Example]:
    """All rows of a small file, else some that are spread evenly over it."""
    if rows <= SAMPLE:
        yield from read_examples(path)
        return
    size = path.stat().st_size
    with path.open("rb") as file:
        for i in range(SAMPLE):
            example = example_in(file, i * size // SAMPLE, next_line=True)
            if example:
                yield example


def repeated(values: array[int]) -> Iterator[list[int]]:
    """Indexes of entries with the same value, for each value but 0 that stands more than once."""
    parts = 1 + len(values) // PART
    for part in range(parts):
        counts = Counter(value for value in values if value and value % parts == part)
        groups: dict[int, list[int]] = {value: [] for value, times in counts.items() if times > 1}
        del counts
        for index, value in enumerate(values):
            if value in groups:
                groups[value].append(index)
        yield from groups.values()
