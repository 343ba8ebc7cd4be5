"""What a report says of a file in a few facts: its format, its tokens, its answers and its price."""

from __future__ import annotations

from collections.abc import Sequence

from tuning.datasets.report import Price, Report
from views.numbers import count, plural, usd, usd_range
from views.text import code, escape

SHOWN_PRICES = 8
SHOWN_LABELS = 8

_FORMATS = {
    "supervised": "chat examples (supervised)",
    "dpo": "preferences (DPO)",
    "reinforcement": "prompts for a grader (reinforcement)",
}


def report_facts(report: Report) -> list[tuple[str, str]]:
    tokens = report.tokens
    spread = f"{count(tokens.min)} to {count(tokens.max)}, median {tokens.median:,.0f}"
    pairs = [
        ("Format", _FORMATS.get(report.format, escape(report.format, 60))),
        ("Rows", count(report.rows)),
        ("Tokens", f"{count(tokens.total)} ({escape(tokens.encoding, 40)})"),
        ("Tokens a row", spread),
        ("Tokens to train", f"about {count(report.charged_tokens)}, in {plural(report.epochs, 'epoch')}"),
    ]
    if report.tools:
        pairs.append(("Tools", count(len(report.tools))))
    if report.image_examples:
        pairs.append(("Rows with images", count(report.image_examples)))
    return pairs


def labels_line(report: Report) -> str:
    """The answers, where they are few: what a classifier learns to tell apart."""
    if not report.labels:
        return ""
    common = sorted(report.labels.items(), key=lambda item: -item[1])
    words = [f"{code(label, 40)} {count(number)}" for label, number in common[:SHOWN_LABELS]]
    rest = len(common) - SHOWN_LABELS
    return "*Answers:* " + ", ".join(words) + (f" and {count(rest)} more" if rest > 0 else "")


def price_lines(report: Report, bases: Sequence[str] = ()) -> list[str]:
    """A line for each base: what training costs with the default epochs, and the range around it."""
    known = {price.base: price for price in report.prices}
    asked = list(bases) or list(known)
    lines = [f"• {code(base, 80)}  {_price(known.get(base))}" for base in asked[:SHOWN_PRICES]]
    if len(asked) > SHOWN_PRICES:
        lines.append(f"• … and {plural(len(asked) - SHOWN_PRICES, 'base model')} more")
    return lines or ["• no price on record for this backend's models"]


def _price(price: Price | None) -> str:
    if price is None:
        return "no price on record"
    if usd(price.low) == usd(price.high):
        return f"*{usd_range(price.low, price.high)}*"
    return f"about *{usd(price.estimate)}* ({usd(price.low)} to {usd(price.high)})"
