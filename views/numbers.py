"""Numbers and times as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from tuning.sizes import size as size

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def count(number: int) -> str:
    """1234 -> 1,234"""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """(1, "row") -> 1 row; (2, "row") -> 2 rows"""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def usd(amount: float) -> str:
    """US dollars, to the cent."""
    if not math.isfinite(amount):
        return "an unknown amount"
    if 0 < amount < 0.01:
        return "less than $0.01"
    return f"${amount:,.2f}"


def usd_range(low: float | None, high: float | None) -> str:
    """What something may cost; "no price on record" when neither end is known."""
    low = high if low is None else low
    high = low if high is None else high
    if low is None or high is None:
        return "no price on record"
    if usd(low) == usd(high):
        return f"about {usd(low)}" if low >= 0.01 else usd(low)
    return f"{usd(low)} to {usd(high)}"


def duration(seconds: float) -> str:
    """The two largest units: 45 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    if not math.isfinite(seconds):
        return "an unknown time"
    left = max(0, round(seconds))
    parts = []
    for size_of_unit, name in _UNITS:
        amount, left = divmod(left, size_of_unit)
        if amount:
            parts.append(f"{count(amount)} {name}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def loss(value: float) -> str:
    """A loss with four significant digits."""
    return f"{value:.4g}" if math.isfinite(value) else "not a number"


def setting(value: float | None) -> str:
    """A hyperparameter; None means that the backend chooses."""
    return "auto" if value is None else f"{value:g}"


def when(moment: datetime) -> str:
    """A time that Slack shows in the reader's own time zone."""
    utc = moment.astimezone(UTC)
    fallback = utc.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"
