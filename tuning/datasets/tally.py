"""What one stretch of a file adds up to. Tallies of neighbouring stretches are joined in order."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from tuning.datasets.report import Finding

MOST_ANSWERS = 200
LONGEST_LABEL = 60
MOST_TOOL_NAMES = 200
MOST_PROMPTS = 50

_SUMS = ("lines", "rows", "missing_system", "missing_user", "over_limit", "billable", "image_examples")


@dataclass
class Tally:
    """Counts of a stretch. Row numbers are relative to its first line until `shift` is called."""

    lines: int = 0
    rows: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    tokens: Counter[int] = field(default_factory=Counter)
    turns: Counter[int] = field(default_factory=Counter)
    messages: Counter[int] = field(default_factory=Counter)
    missing_system: int = 0
    missing_user: int = 0
    over_limit: int = 0
    billable: int = 0
    image_examples: int = 0
    hashes: array[int] = field(default_factory=lambda: array("Q"))
    hash_rows: array[int] = field(default_factory=lambda: array("Q"))
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    prompts: Counter[str] = field(default_factory=Counter)
    """System prompts of rows that have exactly one; bounded, '' stands for none or several."""
    answers: Counter[str] | None = field(default_factory=Counter)
    """Final answers, while they look like labels; None as soon as they don't."""
    tools: dict[str, None] = field(default_factory=dict)

    def add_prompt(self, prompt: str) -> None:
        """Remember a system prompt; only the first few matter."""
        if prompt in self.prompts or len(self.prompts) < MOST_PROMPTS:
            self.prompts[prompt] += 1

    def add_answer(self, answer: str | None) -> None:
        """Remember a final answer as a label, or see that they aren't labels."""
        if self.answers is None:
            return
        if answer is None or not answer or len(answer) > LONGEST_LABEL or "\n" in answer:
            self.answers = None
            return
        self.answers[answer] += 1
        if len(self.answers) > MOST_ANSWERS:
            self.answers = None

    def shift(self, lines: int) -> None:
        """Make row numbers absolute: `lines` lines stand before this stretch."""
        if not lines:
            return
        self.findings = [
            msgspec.structs.replace(f, row=f.row + lines) if f.row is not None else f for f in self.findings
        ]
        self.hash_rows = array("Q", [row + lines for row in self.hash_rows])

    def join(self, other: Tally, keep: int) -> None:
        """Add the tally of the stretch that follows."""
        other.shift(self.lines)
        kept = Counter(finding.code for finding in self.findings)
        for finding in other.findings:
            if kept[finding.code] < keep:
                kept[finding.code] += 1
                self.findings.append(finding)
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("codes", "tokens", "turns", "messages"):
            getattr(self, name).update(getattr(other, name))
        for name in ("hashes", "hash_rows", "offsets"):
            getattr(self, name).extend(getattr(other, name))
        for prompt, times in other.prompts.items():
            if prompt in self.prompts or len(self.prompts) < MOST_PROMPTS:
                self.prompts[prompt] += times
        self._join_answers(other)
        self.tools.update(other.tools)

    def _join_answers(self, other: Tally) -> None:
        if self.answers is None or other.answers is None:
            self.answers = None
            return
        self.answers.update(other.answers)
        if len(self.answers) > MOST_ANSWERS:
            self.answers = None
