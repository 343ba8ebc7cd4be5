from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from views_samples import thrifty

from views.charts import bar, sparkline
from views.numbers import count, duration, loss, plural, setting, size, usd, usd_range, when

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_numbers_read_as_people_write_them() -> None:
    assert count(1234567) == "1,234,567"
    assert plural(1, "row") == "1 row"
    assert plural(2000, "row") == "2,000 rows"
    assert [usd(0), usd(0.001), usd(0.05), usd(1234.5)] == ["$0.00", "less than $0.01", "$0.05", "$1,234.50"]
    assert usd_range(0.04, 0.15) == "$0.04 to $0.15"
    assert usd_range(None, 0.15) == "about $0.15"
    assert usd_range(None, None) == "no price on record"
    assert [setting(None), setting(3), setting(0.5)] == ["auto", "3", "0.5"]
    assert loss(0.53219) == "0.5322"
    assert loss(float("nan")) == "not a number"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (3605, "1 h"),
        (360000, "4 d 4 h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_sizes_and_times() -> None:
    assert [size(1), size(999), size(1500), size(24_000_000), size(10**12)] == [
        "1 byte",
        "999 bytes",
        "1.5 kB",
        "24.0 MB",
        "1.0 TB",
    ]
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    assert (
        when(NOW) == when(elsewhere) == "<!date^1795435200^{date_short_pretty} {time}|2026-11-23 12:00 UTC>"
    )


@thrifty
@given(st.floats())
def test_no_number_is_too_strange_to_show(value: float) -> None:
    assert usd(value)
    assert duration(value)
    assert loss(value)
    assert setting(value)


@thrifty
@given(st.integers(-10, 2**40), st.integers(-10, 2**40))
def test_a_bar_always_has_its_width(done: int, total: int) -> None:
    assert len(bar(done, total)) == 12


def test_a_bar_is_full_only_at_the_end() -> None:
    assert bar(0, 10) == "░" * 12
    assert bar(999, 1000) == "█" * 11 + "░"
    assert bar(10, 10) == "█" * 12


@thrifty
@given(st.lists(st.floats()))
def test_a_sparkline_stands_any_values(values: list[float]) -> None:
    assert len(sparkline(values)) <= 24


def test_a_sparkline_falls_as_the_loss_does() -> None:
    assert sparkline([4, 3, 2, 1]) == "█▆▃▁"
    assert sparkline([1, 1, 1]) == "▄▄▄"
    assert sparkline([1]) == ""
