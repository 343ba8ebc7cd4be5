"""Statistics from counts of values: exact, and small however many rows there are."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from tuning.datasets.report import Span, TokenStats, TurnStats

STEPS = 20
FAR = 3
"""A value so many spreads (least to 95th percentile) beyond the 95th percentile is far from the rest."""


def percentile(counts: Counter[int], share: float) -> float:
    """The value below which this share of the values lies, interpolated linearly; 0 if there are none."""
    values = sorted(counts)
    if not values:
        return 0.0
    ends = list(accumulate(counts[value] for value in values))
    place = share * (ends[-1] - 1)
    low = _at(values, ends, int(place))
    high = _at(values, ends, min(int(place) + 1, ends[-1] - 1))
    return round(low + (high - low) * (place - int(place)), 4)


def _at(values: Sequence[int], ends: Sequence[int], index: int) -> int:
    return values[bisect_right(ends, index)]


def total(counts: Counter[int]) -> int:
    """The sum of all values."""
    return sum(value * times for value, times in counts.items())


def mean(counts: Counter[int]) -> float:
    """The mean, or 0 if there are no values."""
    rows = counts.total()
    return round(total(counts) / rows, 4) if rows else 0.0


def histogram(counts: Counter[int]) -> tuple[tuple[int, int, int], ...]:
    """(from, to, values) in up to 20 steps from the least to the greatest value.

    Steps are equal, but where a few values lie far beyond the rest the last step takes all of those: else
    one long row would push all others into the first step.
    """
    if not counts:
        return ()
    least, most = min(counts), max(counts)
    end = _usual_end(counts, least, most)
    width = max(1, -(-(end - least + 1) // (STEPS if end == most else STEPS - 1)))
    bins: Counter[int] = Counter()
    last = (end - least) // width if end == most else (end - least) // width + 1
    for value, times in counts.items():
        bins[min((value - least) // width, last)] += times
    starts = [least + i * width for i in range(last + 1)]
    ends = [start + width - 1 for start in starts]
    if ends[-1] < most:
        ends[-1] = most
    return tuple((start, stop, bins[i]) for i, (start, stop) in enumerate(zip(starts, ends, strict=True)))


def _usual_end(counts: Counter[int], least: int, most: int) -> int:
    """Where the usual values end: the greatest, unless it lies far beyond the 95th percentile."""
    usual = max(int(percentile(counts, 0.95)), least + STEPS)
    spread = usual - least
    return most if most <= usual + FAR * spread else usual + spread // 2


def token_stats(counts: Counter[int], encoding: str, limit: int) -> TokenStats:
    """Tokens per example."""
    return TokenStats(
        encoding=encoding,
        limit=limit,
        total=total(counts),
        min=min(counts, default=0),
        p5=percentile(counts, 0.05),
        mean=mean(counts),
        median=percentile(counts, 0.5),
        p95=percentile(counts, 0.95),
        max=max(counts, default=0),
        histogram=histogram(counts),
    )


def turn_stats(counts: Counter[int]) -> TurnStats:
    """Tokens per assistant message."""
    return TurnStats(
        turns=counts.total(),
        total=total(counts),
        min=min(counts, default=0),
        p5=percentile(counts, 0.05),
        mean=mean(counts),
        median=percentile(counts, 0.5),
        p95=percentile(counts, 0.95),
        max=max(counts, default=0),
    )


def span(counts: Counter[int]) -> Span:
    """The least and the greatest value."""
    return Span(min(counts, default=0), max(counts, default=0))
