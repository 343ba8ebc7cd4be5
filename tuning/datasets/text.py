"""A report as plain text for a terminal: the counts first, then each finding with what to do."""

from __future__ import annotations

from collections.abc import Iterator

from tuning.datasets.report import Finding, Report


def render(report: Report, name: str) -> str:
    """The whole report, ending with a verdict."""
    return "\n".join(
        [f"{name}: {_kind(report)}", *_numbers(report), *_findings(report), "", _verdict(report)]
    )


def _kind(report: Report) -> str:
    words = {
        "supervised": "supervised chat",
        "dpo": "preference pairs (dpo)",
        "reinforcement": "reinforcement items",
        "unknown": "unknown format",
    }[report.format]
    like = f", looks like {report.looks_like}" if report.looks_like else ""
    return f"{words}{like}, {report.rows:,} rows, {_size(report.bytes)}"


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _numbers(report: Report) -> Iterator[str]:
    tokens = report.tokens
    if not tokens.total:
        return
    yield (
        f"  tokens      {tokens.total:,} with {tokens.encoding}\n"
        f"  an example  {tokens.min:,} to {tokens.max:,} tokens, mean {tokens.mean:,.0f},"
        f" median {tokens.median:,.0f}, 5 to 95 %: {tokens.p5:,.0f} to {tokens.p95:,.0f}"
    )
    span = report.messages_per_example
    yield f"  messages    {span.min} to {span.max} an example"
    over = f"{report.over_limit:,} example{'' if report.over_limit == 1 else 's'}"
    yield f"  over limit  {over} over {tokens.limit:,} tokens"
    yield (
        f"  charged     about {report.charged_tokens:,} tokens:"
        f" {report.epochs} epochs of {report.billable_tokens:,} billable tokens"
    )
    if not report.compared:
        yield "  not done    so many rows are only compared with each other with --deep"
    if report.against == "same":
        yield "  not done    only the same prompts are found in so big a training set; --deep does all"
    if report.labels:
        yield "  answers     " + ", ".join(f"{label} {times}" for label, times in report.labels.items())
    for price in report.prices:
        yield f"  {price.base:<24} about ${price.estimate:,.2f} (${price.low:,.2f} to ${price.high:,.2f})"


def _findings(report: Report) -> Iterator[str]:
    for severity in ("error", "warning"):
        group = [finding for finding in report.findings if finding.severity == severity]
        if group:
            total = report.errors if severity == "error" else report.warnings
            shown = f", the first {len(group):,} shown" if total > len(group) else ""
            yield f"\n{total:,} {severity}{'s' if total != 1 else ''}{shown}"
            yield from map(_line, group)


def _line(finding: Finding) -> str:
    where = f"row {finding.row}" if finding.row is not None else "file"
    path = f" {finding.path}" if finding.path else ""
    return f"  {where}{path}: {finding.message} [{finding.code}]"


def _verdict(report: Report) -> str:
    if not report.ok:
        return "Not ready: correct the errors first."
    return "Ready to train." if not report.warnings else "Ready to train; look at the warnings first."
