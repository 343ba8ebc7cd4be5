"""Checks batches of lines: the fast path where it holds, the exact checker elsewhere, tokens for both."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from tuning.datasets import fast, private, triggers
from tuning.datasets.facts import facts_of
from tuning.datasets.formats import check_row
from tuning.datasets.report import Finding, Format
from tuning.datasets.rowcheck import RowFindings
from tuning.datasets.strict import read_line, walk
from tuning.datasets.tally import MOST_TOOL_NAMES, Tally
from tuning.datasets.tokens import PER_MESSAGE, PER_REPLY, RowTexts, count_texts, role_tokens, texts_of

_BLANK = b" \t\r"


class Settings(msgspec.Struct, frozen=True):
    """How a file is checked; the same for each of its stretches."""

    format: Format
    encoding: str
    limit: int
    keep: int = 20
    shapes: bool = True
    """False when the file is of a format that must be converted first: then only its JSON is checked."""


class _Row(NamedTuple):
    """A row whose tokens are still to be counted: its texts are `texts[start:end]` of the batch.

    `fixed` is 0 for a row that has no messages: it isn't counted.
    """

    line: int
    fixed: int
    start: int
    end: int
    turns: list[tuple[int, int]]
    readable: bool = True


class _Pattern(NamedTuple):
    """What a sequence of roles means for a row of plain text messages."""

    good: bool
    fixed: int
    turns: list[tuple[int, int]]
    no_user: bool
    no_system: bool
    prompt: int


class _Batch:
    """The lines of one block on their way through the checks."""

    def __init__(self, block: bytes, offset: int) -> None:
        self.lines = block.split(b"\n")
        if not self.lines[-1]:
            self.lines.pop()
        self.starts = [0, *accumulate([len(line) + 1 for line in self.lines[:-1]])]
        self.offset = offset
        self.texts: list[str] = []
        self.rows: list[_Row] = []
        self.found: list[Finding] = []
        self.messages: list[int] = []


class Checker:
    """Feeds on blocks of lines and adds up a tally. `every` gets all findings as they are found."""

    def __init__(self, settings: Settings, every: Callable[[list[Finding]], None] | None = None) -> None:
        self.settings = settings
        self.tally = Tally()
        self._every = every
        self._patterns: dict[tuple[str, ...], _Pattern] = {}
        self._kept: Counter[str] = Counter()
        self._fast = settings.format == "supervised" and settings.shapes

    def feed(self, block: bytes, offset: int) -> None:
        """Check the complete lines of a block whose first byte is at `offset` in the file."""
        batch = _Batch(block, offset)
        hits = triggers.find(block, batch.starts)
        plain = self._decode(block, batch.lines, hits.suspect)
        for i, row in enumerate(plain):
            if row is None and not batch.lines[i].strip(_BLANK):
                self._blank(batch, i)
            elif row is None or not self._plain(batch, i, row.messages):
                self._slow(batch, i)
        for i, kinds in hits.private.items():
            self._private(batch, i, kinds)
        self._hash(batch)
        self._count(batch)
        batch.found.sort(key=_row_of)
        self._keep(batch.found)
        self.tally.lines += len(batch.lines)

    def note(self, code: str, what: str, row: int, offset: int) -> None:
        """Add a finding that whoever reads the file made about a line; row is relative."""
        out = RowFindings(row, offset, self.tally.codes, sys.maxsize)
        out.add(code, "", what)
        self._keep(out.found)

    def _keep(self, found: list[Finding]) -> None:
        """Keep the first findings of each code; give all to whoever wants every one."""
        if self._every:
            self._every(found)
        for finding in found:
            self._kept[finding.code] += 1
            if self._kept[finding.code] <= self.settings.keep:
                self.tally.findings.append(finding)

    def _decode(self, block: bytes, lines: list[bytes], suspect: set[int]) -> list[fast.PlainRow | None]:
        if not self._fast:
            return [None] * len(lines)
        rows = [
            fast.plain_row(line) if line[:1] == b"{" and i not in suspect else None
            for i, line in enumerate(lines)
        ]
        fast.drop_repeated_keys(block, lines, rows)
        return rows

    def _plain(self, batch: _Batch, i: int, messages: list[fast.PlainMessage]) -> bool:
        roles = tuple([message.role for message in messages])
        pattern = self._patterns.get(roles) or self._pattern(roles)
        contents = [message.content for message in messages]
        if not pattern.good or not all(contents) or any(map(str.isspace, contents)):
            return False
        start = len(batch.texts)
        batch.texts += contents
        batch.rows.append(_Row(i, pattern.fixed, start, start + len(contents), pattern.turns))
        batch.messages.append(len(contents))
        if pattern.no_user or pattern.no_system:
            self._missing(batch, i, pattern.no_user, pattern.no_system)
        self.tally.add_prompt(contents[pattern.prompt] if pattern.prompt >= 0 else "")
        if self.tally.answers is not None:
            self.tally.add_answer(contents[-1])
        return True

    def _pattern(self, roles: tuple[str, ...]) -> _Pattern:
        systems = [i for i, role in enumerate(roles) if role in ("system", "developer")]
        twice = ("assistant", "assistant") in pairwise(roles)
        good = bool(roles) and roles[-1] == "assistant" and systems == list(range(len(systems))) and not twice
        encoding = self.settings.encoding
        fixed = PER_REPLY + sum(PER_MESSAGE + role_tokens(role, encoding) for role in roles)
        turns = [(i, i + 1) for i, role in enumerate(roles) if role == "assistant"]
        prompt = systems[0] if len(systems) == 1 else -1
        pattern = _Pattern(good, fixed, turns, "user" not in roles, not systems, prompt)
        if len(self._patterns) < 10_000:
            self._patterns[roles] = pattern
        return pattern

    def _findings(self, batch: _Batch, i: int) -> RowFindings:
        """Where findings about a row go: all when somebody gets every one, else the first of each code."""
        row, offset = self.tally.lines + i + 1, batch.offset + batch.starts[i]
        return RowFindings(row, offset, self.tally.codes, sys.maxsize if self._every else self.settings.keep)

    def _missing(self, batch: _Batch, i: int, no_user: bool, no_system: bool) -> None:
        out = self._findings(batch, i)
        if no_system:
            self.tally.missing_system += 1
            out.add("missing_system", "messages", "The row has no system message")
        if no_user:
            self.tally.missing_user += 1
            out.add("missing_user", "messages", "The row has no user message")
        batch.found.extend(out.found)

    def _blank(self, batch: _Batch, i: int) -> None:
        if not self._every and self.tally.codes["blank_line"] >= self.settings.keep:
            self.tally.codes["blank_line"] += 1
            return
        out = self._findings(batch, i)
        out.add("blank_line", "", "The line is blank")
        batch.found.extend(out.found)

    def _slow(self, batch: _Batch, i: int) -> None:
        line, out = batch.lines[i], self._findings(batch, i)
        read = read_line(line)
        for problem in read.problems:
            out.add(problem.code, problem.path, problem.what)
        texts = RowTexts(0, [], [])
        if read.readable:
            if self.settings.shapes:
                check_row(out, read.value, self.settings.format)
            if isinstance(read.value, dict):
                texts = self._facts(batch, i, read.value)
        batch.found.extend(out.found)
        start = len(batch.texts)
        batch.texts.extend(texts.texts)
        batch.rows.append(_Row(i, texts.fixed, start, len(batch.texts), texts.turns, read.readable))

    def _facts(self, batch: _Batch, i: int, row: dict[str, Any]) -> RowTexts:
        facts = facts_of(row)
        if not facts.messages or not self.settings.shapes:
            return RowTexts(0, [], [])
        batch.messages.append(facts.messages)
        self._missing(batch, i, not facts.has_user, not facts.has_system)
        self.tally.image_examples += facts.has_images
        self.tally.add_prompt(facts.prompt)
        self.tally.add_answer(facts.answer)
        if len(self.tally.tools) < MOST_TOOL_NAMES:
            self.tally.tools.update(dict.fromkeys(facts.tools))
        return texts_of(row)

    def _private(self, batch: _Batch, i: int, kinds: int) -> None:
        """Look for secrets and personal data in every text of a row; each kind is told once a row."""
        read = read_line(batch.lines[i])
        out = self._findings(batch, i)
        told: set[str] = set()
        for path, text, _ in walk(read.value) if read.readable else ():
            for hit in private.find(text, kinds) if isinstance(text, str) and len(text) > 5 else ():
                if hit.code not in told:
                    told.add(hit.code)
                    out.add(hit.code, path, f"The text has {hit.name}")
        batch.found.extend(out.found)

    def _hash(self, batch: _Batch) -> None:
        """Mark each row by 32 bits of checksum and 32 of length; rows with one mark are compared later."""
        lines = batch.lines
        kept = [row.line for row in batch.rows if row.readable]
        self.tally.hashes.extend([crc32(lines[i]) << 32 | len(lines[i]) & 0xFFFFFFFF for i in kept])
        first = self.tally.lines + 1
        self.tally.hash_rows.extend([first + i for i in kept])
        self.tally.offsets.extend([batch.offset + batch.starts[i] for i in kept])

    def _count(self, batch: _Batch) -> None:
        counts = count_texts(batch.texts, self.settings.encoding)
        totals: list[int] = []
        turns: list[int] = []
        counted = [row for row in batch.rows if row.fixed]
        for row in counted:
            mine = counts[row.start : row.end]
            totals.append(row.fixed + sum(mine))
            turns += [sum(mine[a:b]) for a, b in row.turns]
        limit = self.settings.limit
        over = [(row.line, n) for row, n in zip(counted, totals, strict=True) if n > limit]
        for i, tokens in over:
            self._over(batch, i, tokens)
        tally = self.tally
        tally.rows += len(batch.rows)
        tally.billable += sum(totals) - sum(tokens - limit for _, tokens in over)
        tally.over_limit += len(over)
        tally.tokens.update(totals)
        tally.turns.update(turns)
        tally.messages.update(batch.messages)

    def _over(self, batch: _Batch, i: int, tokens: int) -> None:
        limit = self.settings.limit
        cut = f"the last {tokens - limit:,} are over the limit of {limit:,}"
        out = self._findings(batch, i)
        out.add("over_limit", "", f"The example has {tokens:,} tokens; {cut}")
        batch.found.extend(out.found)


def _row_of(finding: Finding) -> int:
    return finding.row or 0
