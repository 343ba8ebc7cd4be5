"""The histogram picture: what it shows, and that it can be drawn of any numbers."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tuning.datasets.stats import token_stats
from views.histogram import HEIGHT, WIDTH, histogram_png, histogram_words, ticks

BAR, LIMIT = (18, 100, 163), (179, 18, 60)


def drawn(*values: int, limit: int = 65536) -> Image.Image:
    data = histogram_png(token_stats(Counter(values), "o200k_base", limit))
    return Image.open(io.BytesIO(data)).convert("RGB")


def columns(image: Image.Image, colour: tuple[int, int, int]) -> list[int]:
    """How many pixels of a colour each column has."""
    return [
        sum(image.getpixel((x, y)) == colour for y in range(200, image.height)) for x in range(image.width)
    ]


def test_it_is_a_png_of_a_fixed_size_and_the_same_each_time():
    stats = token_stats(Counter(range(1, 50)), "o200k_base", 65536)
    data = histogram_png(stats)
    assert data.startswith(b"\x89PNG")
    assert data == histogram_png(stats)
    assert Image.open(io.BytesIO(data)).size == (WIDTH, HEIGHT)


def test_a_bar_is_as_high_as_the_examples_that_it_stands_for():
    heights = columns(drawn(*[10] * 40, *[100] * 20), BAR)
    tall, low = max(heights[:600]), max(heights[600:])
    assert tall / low == pytest.approx(2, rel=0.05)


def test_the_limit_is_a_line_where_it_falls_among_the_examples():
    assert max(columns(drawn(*range(1, 400), limit=200), LIMIT)) > 300
    assert max(columns(drawn(*range(1, 400), limit=65536), LIMIT)) == 0


def test_a_few_examples_far_beyond_the_rest_leave_the_others_readable():
    values = [*range(100, 400), 60_000]
    bars = token_stats(Counter(values), "o200k_base", 65536).histogram
    assert bars[-1][1:] == (60_000, 1)
    assert len([count for _, _, count in bars if count > 5]) > 10
    assert sum(height > 20 for height in columns(drawn(*values), BAR)) > 400


def test_the_words_say_what_the_picture_shows():
    stats = token_stats(Counter({10: 40, 100: 60}), "o200k_base", 50)
    assert histogram_words(stats) == (
        "Tokens per example, 100 examples: 10 to 100, p5 10, median 100, p95 100;"
        " some are over the limit of 50."
    )


def test_without_examples_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="no examples"):
        histogram_png(token_stats(Counter(), "o200k_base", 65536))


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.integers(1, 200) | st.integers(1, 10**7), min_size=1, max_size=30),
    limit=st.integers(1, 10**7),
)
def test_any_numbers_can_be_drawn_and_every_example_is_in_one_step(values: list[int], limit: int):
    stats = token_stats(Counter(values), "o200k_base", limit)
    assert histogram_png(stats)
    steps = stats.histogram
    assert 1 <= len(steps) <= 20
    assert [count for _, _, count in steps] == [
        sum(start <= v <= stop for v in values) for start, stop, _ in steps
    ]
    assert sum(count for _, _, count in steps) == len(values)
    assert (steps[0][0], steps[-1][1] >= max(values)) == (min(values), True)


@given(low=st.integers(0, 10**6), size=st.integers(0, 10**7), most=st.integers(2, 10))
def test_ticks_are_few_and_inside(low: int, size: int, most: int):
    found = list(ticks(low, low + size, most))
    assert len(found) <= most
    assert all(low <= tick <= low + size for tick in found)
