"""Checks blocks of lines: plain rows all together, any other by the exact checker, tokens for both."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate, compress
from operator import add, sub
from typing import TYPE_CHECKING

import msgspec

from tuning.datasets import fast, triggers
from tuning.datasets.layout import LETTERS, Other, Pattern, Plain, lay_out
from tuning.datasets.lines import Lines
from tuning.datasets.report import Finding, Format
from tuning.datasets.rowcheck import RowFindings
from tuning.datasets.tally import Tally
from tuning.datasets.tokens import PER_MESSAGE, PER_REPLY, count_texts, role_tokens

if TYPE_CHECKING:
    from tuning.datasets.exact import ExactRows

_BLANK = b" \t\r"
_ROLES = {letter: role for role, letter in LETTERS.items()}
# Some backends limit the messages of a row. The price list says how many, and takes long to load here.
_MANY = 1000
_TURNS = bytes(byte == ord("a") for byte in range(256))


class Settings(msgspec.Struct, frozen=True):
    """How a file is checked; the same for each of its stretches."""

    format: Format
    encoding: str
    limit: int
    keep: int = 20
    shapes: bool = True
    """False when the file is of a format that must be converted first: then only its JSON is checked."""


class Checker:
    """Feeds on blocks of lines and adds up a tally. `every` gets all findings as they are found."""

    def __init__(self, settings: Settings, every: Callable[[list[Finding]], None] | None = None) -> None:
        self.settings = settings
        self.tally = Tally()
        self._every = every
        self._patterns: dict[str, Pattern] = {}
        self._kept: Counter[str] = Counter()
        self._fast = settings.format == "supervised" and settings.shapes
        self._all_plain = True
        self._prompt: tuple[str, int] = ("", 0)

    def feed(self, block: bytes, offset: int) -> None:
        """Check the complete lines of a block whose first byte is at `offset` in the file."""
        if not self._every and block.isspace() and not block.strip(_BLANK + b"\n"):
            rest = block.split(b"\n", self.settings.keep)[self.settings.keep :]
            if rest and rest[0]:
                self._lines(block[: -len(rest[0])], offset)
                self._all_blank(rest[0])
                return
        self._lines(block, offset)

    def _lines(self, block: bytes, offset: int) -> None:
        lines = Lines(block, offset)
        hits = triggers.find(lines)
        plain = self._plain(lines, hits.suspect)
        found: list[Finding] = []
        others = self._one_by_one(lines, plain, found)
        for i, kinds in sorted(hits.private.items()):
            self._exact().private(lines, i, kinds, found)
        self._mark(lines, {row.line for row in others if row.readable}, plain)
        self._count(lines, plain, others, found)
        found.sort(key=_row_of)
        self._keep(found)
        self.tally.lines += len(lines)

    def note(self, code: str, what: str, length: int, offset: int) -> None:
        """Add a finding about a line of `length` bytes that whoever reads the file didn't read."""
        self.tally.lines += 1
        self.tally.rows += 1
        self.tally.marks.skip(1, length)
        out = RowFindings(self.tally.lines, offset, self.tally.codes, sys.maxsize)
        out.add(code, "", what)
        self._keep(out.found)

    def findings(self, lines: Lines, i: int) -> RowFindings:
        """Where findings about a line go: all when somebody gets every one, else the first of each code."""
        row, offset = self.tally.lines + i + 1, lines.offset + lines.starts[i]
        return RowFindings(row, offset, self.tally.codes, sys.maxsize if self._every else self.settings.keep)

    def missing(self, lines: Lines, i: int, no_user: bool, no_system: bool, found: list[Finding]) -> None:
        """Tell that a row lacks a user or a system message."""
        out = self.findings(lines, i)
        if no_system:
            self.tally.missing_system += 1
            out.add("missing_system", "messages", "The row has no system message")
        if no_user:
            self.tally.missing_user += 1
            out.add("missing_user", "messages", "The row has no user message")
        found.extend(out.found)

    def _plain(self, lines: Lines, suspect: set[int]) -> Plain:
        """The block's plain rows: all at once if every line is one, as it is in most files."""
        rows = fast.plain_rows(lines) if self._fast and self._all_plain and not suspect else None
        if rows is not None:
            at: Sequence[int] = range(len(rows))
        else:
            self._all_plain = bool(suspect)
            at, rows = self._plain_lines(lines, suspect) if self._fast else ([], [])
        plain = lay_out(rows, at)
        if doubtful := self._doubtful(plain):
            left = [j for j in range(len(rows)) if j not in doubtful]
            plain = lay_out([rows[j] for j in left], [at[j] for j in left])
        return plain

    def _plain_lines(self, lines: Lines, suspect: set[int]) -> tuple[list[int], list[fast.PlainRow]]:
        found: dict[int, fast.PlainRow] = {}
        for i in range(len(lines)):
            if i not in suspect and (line := lines[i])[:1] == b"{":
                row = fast.plain_row(line)
                if row is not None and fast.repeats_no_key(line, row):
                    found[i] = row
        return list(found), list(found.values())

    def _doubtful(self, plain: Plain) -> set[int]:
        """The rows with roles in a strange order or with a blank message: they need the exact checker."""
        strange = {key for key in plain.kinds if not self._pattern(key).good}
        rows = {j for j, key in enumerate(plain.patterns) if key in strange} if strange else set()
        contents = plain.contents
        if not all(contents) or any(map(str.isspace, contents)):
            blank = [i for i, text in enumerate(contents) if not text or text.isspace()]
            rows.update(bisect_right(plain.ends, i) for i in blank)
        return rows

    def _pattern(self, letters: str) -> Pattern:
        """What a sequence of roles means, one letter for each."""
        if known := self._patterns.get(letters):
            return known
        systems = [i for i, letter in enumerate(letters) if letter in "sd"]
        twice = "aa" in letters
        long = len(letters) > _MANY
        good = letters.endswith("a") and systems == list(range(len(systems))) and not twice and not long
        encoding = self.settings.encoding
        fixed = PER_REPLY + sum(PER_MESSAGE + role_tokens(_ROLES[letter], encoding) for letter in letters)
        pattern = Pattern(good, fixed, "u" not in letters, not systems, len(systems) == 1)
        if len(self._patterns) < 10_000:
            self._patterns[letters] = pattern
        return pattern

    def _one_by_one(self, lines: Lines, plain: Plain, found: list[Finding]) -> list[Other]:
        """Look at each line that is no plain row, and at plain rows that lack a role, in their order."""
        self._summarize(plain)
        lacking = {key for key in plain.kinds if self._pattern(key)[2:4] != (False, False)}
        rows = zip(plain.at, plain.patterns, strict=True) if lacking else ()
        missing = {i: key for i, key in rows if key in lacking}
        rest = set(range(len(lines))).difference(plain.at) if len(plain.at) < len(lines) else set()
        others: list[Other] = []
        for i in sorted(rest.union(missing)):
            if i in missing:
                pattern = self._pattern(missing[i])
                self.missing(lines, i, pattern.no_user, pattern.no_system, found)
            elif not lines[i].strip(_BLANK):
                self._blank(lines, i, found)
            else:
                others.append(self._exact().row(lines, i, found))
        return others

    def _summarize(self, plain: Plain) -> None:
        """Add what plain rows say about the set: the shared system prompt, answers that may be labels."""
        tally, starts = self.tally, [0, *plain.ends]
        if plain.ends and tally.prompt != "":
            alone = all(self._pattern(key).has_prompt for key in plain.kinds)
            prompts = [plain.contents[start] for start in starts[:-1]] if alone else [""]
            tally.add_prompt(prompts[0])
            if prompts.count(prompts[0]) < len(prompts):
                tally.add_prompt("")
        for end in plain.ends:
            if tally.answers is None:
                return
            tally.add_answer(plain.contents[end - 1])

    def _quiet(self, code: str) -> bool:
        """Whether findings of this code are only counted by now."""
        return not self._every and self.tally.codes[code] >= self.settings.keep

    def _all_blank(self, block: bytes) -> None:
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        self.tally.codes["blank_line"] += lines
        self.tally.lines += lines
        self.tally.marks.skip(lines, len(block) + (not block.endswith(b"\n")))

    def _blank(self, lines: Lines, i: int, found: list[Finding]) -> None:
        if self._quiet("blank_line"):
            self.tally.codes["blank_line"] += 1
            return
        out = self.findings(lines, i)
        out.add("blank_line", "", "The line is blank")
        found.extend(out.found)

    def _exact(self) -> ExactRows:
        """The exact checker, imported when a row needs it: that takes longer than megabytes of plain rows."""
        from tuning.datasets.exact import ExactRows

        return ExactRows(self)

    def _mark(self, lines: Lines, readable: set[int], plain: Plain) -> None:
        """Mark each row by its checksum and length; rows with one mark are compared later."""
        sums, lengths, marks = lines.sums(), lines.lengths(), self.tally.marks
        if len(plain.at) + len(readable) == len(lines):
            marks.add(sums, lengths)
            return
        readable.update(plain.at)
        for i, length in enumerate(lengths):
            if i in readable:
                marks.add((sums[i],), (length,))
            else:
                marks.skip(1, length + 1)

    def _count(self, lines: Lines, plain: Plain, others: list[Other], found: list[Finding]) -> None:
        shared = self._shared_prompt(plain)
        texts = plain.contents
        for other in others:
            texts += other.texts
        counts = count_texts(texts, self.settings.encoding)
        turns = list(compress(counts, plain.letters.encode().translate(_TURNS)))
        ends = [0, *accumulate(counts)]
        fixed = {key: self._pattern(key).fixed + shared for key in plain.kinds}
        ended = [ends[end] for end in plain.ends]
        totals = list(map(add, map(sub, ended, [0, *ended]), map(fixed.__getitem__, plain.patterns)))
        rows = list(plain.at)
        at = len(plain.letters)
        for other in others:
            if other.fixed:
                rows.append(other.line)
                totals.append(other.fixed + ends[at + len(other.texts)] - ends[at])
                turns += [ends[at + b] - ends[at + a] for a, b in other.turns]
            at += len(other.texts)
        self.tally.rows += len(plain.at) + len(others)
        for key, times in plain.kinds.items():
            self.tally.messages[len(key)] += times
        self.tally.turns.update(turns)
        self._add_up(lines, rows, totals, found)

    def _shared_prompt(self, plain: Plain) -> int:
        """Tokens of the prompt that all rows share: counted once, and emptied here; 0 if there is none."""
        prompt = self.tally.prompt
        if not prompt or not plain.ends:
            return 0
        if self._prompt[0] != prompt:
            self._prompt = (prompt, count_texts([prompt], self.settings.encoding)[0])
        for start in (0, *plain.ends[:-1]):
            plain.contents[start] = ""
        return self._prompt[1]

    def _add_up(self, lines: Lines, rows: list[int], totals: list[int], found: list[Finding]) -> None:
        """Add the tokens of these lines to the tally, and tell which are over the limit."""
        tally, limit = self.tally, self.settings.limit
        tally.tokens.update(totals)
        tally.billable += sum(totals)
        if max(totals, default=0) <= limit:
            return
        for i, tokens in sorted(zip(rows, totals, strict=True)):
            if tokens > limit:
                tally.over_limit += 1
                tally.billable -= tokens - limit
                cut = f"the last {tokens - limit:,} are over the limit of {limit:,}"
                out = self.findings(lines, i)
                out.add("over_limit", "", f"The example has {tokens:,} tokens; {cut}")
                found.extend(out.found)

    def _keep(self, found: list[Finding]) -> None:
        """Keep the first findings of each code; give all to whoever wants every one."""
        if self._every:
            self._every(found)
        for finding in found:
            self._kept[finding.code] += 1
            if self._kept[finding.code] <= self.settings.keep:
                self.tally.findings.append(finding)


def _row_of(finding: Finding) -> int:
    return finding.row or 0
