"""What one stretch of a file adds up to. Tallies of neighbouring stretches are joined in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from tuning.datasets.marks import Marks
from tuning.datasets.report import Finding

MOST_ANSWERS = 200
LONGEST_LABEL = 60
MOST_TOOL_NAMES = 200

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
    marks: Marks = field(default_factory=Marks)
    prompt: str | None = None
    """The system prompt that all rows so far share; '' when they don't or a row has none or several."""
    answers: Counter[str] | None = field(default_factory=Counter)
    """Final answers, while they look like labels; None as soon as they don't."""
    tools: dict[str, None] = field(default_factory=dict)

    def add_prompt(self, prompt: str) -> None:
        """Remember a row's only system prompt, or see that rows differ."""
        self.prompt = prompt if self.prompt in (None, prompt) else ""

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
        self.marks.join(other.marks)
        if other.prompt is not None:
            self.add_prompt(other.prompt)
        self._join_answers(other)
        self.tools.update(other.tools)

    def _join_answers(self, other: Tally) -> None:
        if self.answers is None or other.answers is None:
            self.answers = None
            return
        self.answers.update(other.answers)
        if len(self.answers) > MOST_ANSWERS:
            self.answers = None
