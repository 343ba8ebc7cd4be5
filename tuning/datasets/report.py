"""The report: what checking a file found, as frozen records that travel as versioned JSON.

The schema is documented in docs/datasets.md, and for programs in docs/report.schema.json, which
`python -m tuning.datasets.report > docs/report.schema.json` writes. `SCHEMA` grows by one when a field
changes its meaning or goes; new fields alone don't change it, and readers ignore fields that they don't know.
"""

from __future__ import annotations

import builtins
import sys
from typing import Literal

import msgspec

SCHEMA = 1

Format = Literal["supervised", "dpo", "reinforcement", "unknown"]
Severity = Literal["error", "warning"]
Overlap = Literal["closely", "same"]


class Finding(msgspec.Struct, frozen=True):
    """One thing wrong (error) or doubtful (warning).

    `row` is the 1-based line of the file and `offset` its first byte; both are null for the file as a whole.
    `path` leads inside the row, such as `messages[2].tool_calls[0].function.arguments`, and may be empty.
    `source` says who makes the rule: see `rules.SOURCES`.
    """

    code: str
    severity: Severity
    row: int | None
    path: str
    message: str
    offset: int | None = None
    source: str = "ours"


class TokenStats(msgspec.Struct, frozen=True):
    """Tokens per example. Percentiles are interpolated linearly, as numpy does by default."""

    encoding: str
    limit: int
    total: int = 0
    min: int = 0
    p5: float = 0
    mean: float = 0
    median: float = 0
    p95: float = 0
    max: int = 0
    histogram: tuple[tuple[int, int, int], ...] = ()
    """(from, to, examples) in up to 20 steps; `to` is inclusive. A wider last step takes the outliers."""


class TurnStats(msgspec.Struct, frozen=True):
    """Tokens per assistant message."""

    turns: int = 0
    total: int = 0
    min: int = 0
    p5: float = 0
    mean: float = 0
    median: float = 0
    p95: float = 0
    max: int = 0


class Span(msgspec.Struct, frozen=True):
    """The least and the most of something."""

    min: int = 0
    max: int = 0


class Price(msgspec.Struct, frozen=True):
    """US dollars for training this file on one base, with the default number of epochs.

    `low` is a single epoch; `high` allows for what the backend's own chat template adds.
    """

    base: str
    low: float
    high: float
    estimate: float
    currency: str = "USD"
    checked: str = ""


class Report(msgspec.Struct, frozen=True):
    """What checking one file found. `errors` and `warnings` are true counts; `findings` is bounded."""

    schema: int
    format: Format
    rows: int
    ok: bool
    errors: int
    warnings: int
    findings: tuple[Finding, ...]
    codes: dict[str, int]
    tokens: TokenStats
    assistant_tokens: TurnStats
    messages_per_example: Span
    missing_system: int
    missing_user: int
    over_limit: int
    epochs: int
    billable_tokens: int
    charged_tokens: int
    prices: tuple[Price, ...]
    sha256: str
    bytes: int
    base: str | None = None
    method: str | None = None
    system_prompt: str | None = None
    labels: dict[str, int] | None = None
    looks_like: str | None = None
    tools: tuple[str, ...] = ()
    image_examples: int = 0
    compared: bool = True
    """Whether rows were compared with each other: near-duplicates, contradictions, prompts, labels."""
    against: Overlap | None = None
    """How the training set was searched: for nearly the same rows, or only for the same prompts."""
    seconds: float = 0.0
    partial: bool = False
    """Whether the check was ended early, on demand: everything above is of the first `checked_bytes`."""
    checked_bytes: int | None = None
    """None when all bytes were checked."""

    def to_json(self, *, indent: int = 0) -> builtins.bytes:
        """The report as JSON; `indent` above 0 prints it for people."""
        data = msgspec.json.encode(self)
        return msgspec.json.format(data, indent=indent) if indent else data

    @staticmethod
    def from_json(data: builtins.bytes | str) -> Report:
        """Read a report that `to_json` wrote. Raises ValueError for anything else."""
        try:
            report = msgspec.json.decode(data, type=Report)
        except msgspec.MsgspecError as error:
            raise ValueError(f"this is not a dataset report: {error}") from error
        if report.schema != SCHEMA:
            raise ValueError(f"this report has schema {report.schema}; this version reads schema {SCHEMA}")
        return report


def json_schema() -> builtins.bytes:
    """The JSON Schema of the report, as text for people and programs."""
    schema = {"title": f"ft-bot's dataset report, schema {SCHEMA}", **msgspec.json.schema(Report)}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(json_schema())
