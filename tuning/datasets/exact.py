"""Rows that aren't plain text: looked at one by one, with every rule of their format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuning.datasets import private
from tuning.datasets.checker import Checker
from tuning.datasets.facts import facts_of
from tuning.datasets.formats import check_row
from tuning.datasets.layout import Other
from tuning.datasets.lines import Lines
from tuning.datasets.masked import SHORTEST
from tuning.datasets.report import Finding
from tuning.datasets.strict import join, read_line, walk
from tuning.datasets.tally import MOST_TOOL_NAMES
from tuning.datasets.tokens import RowTexts, texts_of
from tuning.datasets.triggers import unescaped

_NO_TEXTS = RowTexts(0, [], [])


class ExactRows:
    """Adds what it finds to the tally of a checker."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._settings = checker.settings
        self._tally = checker.tally

    def row(self, lines: Lines, i: int, found: list[Finding]) -> Other:
        """Check one line; returns its texts, which are still to be counted."""
        out = self._checker.findings(lines, i)
        read = read_line(lines[i])
        for problem in read.problems:
            out.add(problem.code, problem.path, problem.what)
        if read.readable and self._settings.shapes:
            check_row(out, read.value, self._settings.format)
        texts = _NO_TEXTS
        if read.readable and isinstance(read.value, dict):
            texts = self._facts(lines, i, read.value, found)
        found.extend(out.found)
        return Other(i, texts.fixed, texts.texts, texts.turns, read.readable)

    def _facts(self, lines: Lines, i: int, row: dict[str, Any], found: list[Finding]) -> RowTexts:
        facts = facts_of(row)
        if not facts.messages or not self._settings.shapes:
            return _NO_TEXTS
        tally = self._tally
        tally.messages[facts.messages] += 1
        self._checker.missing(lines, i, not facts.has_user, not facts.has_system, found)
        tally.image_examples += facts.has_images
        tally.add_prompt(facts.prompt)
        tally.add_answer(facts.answer)
        if len(tally.tools) < MOST_TOOL_NAMES:
            tally.tools.update(dict.fromkeys(facts.tools))
        return texts_of(row)

    def private(self, lines: Lines, i: int, kinds: int, found: list[Finding]) -> None:
        """Look for secrets and personal data in every text of a row; each kind is told once a row."""
        read = read_line(lines[i])
        out = self._checker.findings(lines, i)
        told: set[str] = set()
        hits = _hits(read.value, kinds) if read.readable else _raw_hits(lines[i], kinds)
        for path, what, hit in hits:
            if hit.code not in told:
                told.add(hit.code)
                out.add(hit.code, path, f"The {what} has {hit.name}")
        found.extend(out.found)


def _hits(value: Any, kinds: int) -> Iterator[tuple[str, str, private.Hit]]:
    """(path, what it is, hit) for everything private in the texts and keys of a value."""
    keys: dict[str, str] = {}
    for path, item, _ in walk(value):
        if isinstance(item, str) and len(item) >= SHORTEST:
            yield from ((path, "text", hit) for hit in private.find_in(keys.get(path, ""), item, kinds))
        elif isinstance(item, list):
            keys.update((f"{path}[{i}]", keys[path]) for i in range(len(item)) if path in keys)
        elif isinstance(item, dict):
            for key in item:
                keys[join(path, key)] = key
                for hit in private.find(key, kinds) if len(key) >= SHORTEST else ():
                    yield join(path, key), "key", hit


def _raw_hits(line: bytes, kinds: int) -> Iterator[tuple[str, str, private.Hit]]:
    """The same for a line that isn't JSON: of its text as it stands."""
    text = unescaped(line).decode("utf-8", "replace")
    yield from (("", "row", hit) for hit in private.find(text, kinds))
