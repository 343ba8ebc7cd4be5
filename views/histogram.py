"""A picture of how long the examples are: bars, the limit, and where the middle and the ends lie.

The picture has a white ground of its own, so that it reads the same in a light and in a dark Slack; all its
words stand in the text for screen readers too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from tuning.datasets.report import TokenStats

WIDTH, HEIGHT = 1200, 680
_LEFT, _RIGHT, _TOP, _BOTTOM = 140, 1160, 220, 560
_GAP, _FAR = 60, 70
"""Pixels between the usual bars and the bar of what lies far beyond them, and the width of that one."""
_PAPER, _INK, _FAINT, _GRID = "#ffffff", "#1d1c1d", "#616061", "#e3e3e5"
_BAR, _MARK, _LIMIT = "#1264a3", "#8a4b08", "#b3123c"
_LEAST_BAR = 4
Step = tuple[int, int, int]


class _Scale(NamedTuple):
    """The usual steps from `low` to `high` (exclusive); `far` is the wider last step, if there is one."""

    usual: tuple[Step, ...]
    far: Step | None
    low: int
    high: int
    right: int
    most: int

    def x(self, tokens: float) -> float:
        """Where so many tokens stand: what is beyond the usual steps stands in the middle of the far one."""
        if tokens > self.high and self.far:
            return _RIGHT - _FAR / 2
        return _LEFT + (tokens - self.low) / (self.high - self.low) * (self.right - _LEFT)

    def middle(self, tokens: float) -> float:
        """The middle of the room that one whole number takes."""
        return self.x(tokens + 0.5)

    def y(self, examples: float) -> float:
        """Where the top of a bar of so many examples is."""
        return _BOTTOM - examples / self.most * (_BOTTOM - _TOP)


def histogram_png(tokens: TokenStats) -> bytes:
    """A PNG, 1200 by 680 pixels, of the tokens per example. Raises ValueError if there are no examples."""
    if not tokens.histogram:
        raise ValueError("There are no examples to draw.")
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    scale = _scale(tokens.histogram)
    _titles(draw, tokens)
    _axes(draw, scale)
    _bars(draw, scale)
    _marks(draw, scale, tokens)
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def histogram_words(tokens: TokenStats) -> str:
    """What the picture shows, for those who can't see it."""
    over = tokens.max > tokens.limit
    return (
        f"Tokens per example, {_number(tokens)}: {tokens.min:,} to {tokens.max:,}, "
        + ", ".join(f"{name} {value:,.0f}" for name, value in _measures(tokens))
        + f"; {'some are over' if over else 'none is over'} the limit of {tokens.limit:,}."
    )


def _measures(tokens: TokenStats) -> list[tuple[str, float]]:
    return [("p5", tokens.p5), ("median", tokens.median), ("p95", tokens.p95)]


def _number(tokens: TokenStats) -> str:
    number = sum(count for _, _, count in tokens.histogram)
    return f"{number:,} example{'' if number == 1 else 's'}"


def _scale(steps: tuple[Step, ...]) -> _Scale:
    width = steps[0][1] - steps[0][0]
    far = steps[-1] if len(steps) > 1 and steps[-1][1] - steps[-1][0] > width else None
    usual = steps[:-1] if far else steps
    right = _RIGHT - _GAP - _FAR if far else _RIGHT
    most = max(1, *(count for _, _, count in steps))
    return _Scale(usual, far, usual[0][0], usual[-1][1] + 1, right, most)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _titles(draw: ImageDraw.ImageDraw, tokens: TokenStats) -> None:
    draw.text((_LEFT, 24), "Tokens per example", fill=_INK, font=_font(34))
    facts = f"{_number(tokens)}, {tokens.min:,} to {tokens.max:,} tokens with {tokens.encoding}"
    draw.text((_LEFT, 68), facts, fill=_FAINT, font=_font(22))
    draw.text(((_LEFT + _RIGHT) / 2, HEIGHT - 30), "tokens", fill=_FAINT, font=_font(24), anchor="mm")
    words = Image.new("L", (140, 32), 0)
    ImageDraw.Draw(words).text((70, 16), "examples", fill=255, font=_font(24), anchor="mm")
    turned = words.rotate(90, expand=True)
    draw.bitmap((4, (_TOP + _BOTTOM) // 2 - turned.height // 2), turned, fill=_FAINT)


def _axes(draw: ImageDraw.ImageDraw, scale: _Scale) -> None:
    for count in ticks(0, scale.most, 5):
        y = scale.y(count)
        draw.line([(_LEFT, y), (_RIGHT, y)], fill=_GRID, width=2)
        draw.text((_LEFT - 12, y), _short(count), fill=_FAINT, font=_font(22), anchor="rm")
    for tokens in ticks(scale.low, scale.high - 1, 8):
        x = scale.middle(tokens)
        draw.line([(x, _BOTTOM), (x, _BOTTOM + 8)], fill=_FAINT, width=2)
        draw.text((x, _BOTTOM + 26), f"{tokens:,}", fill=_FAINT, font=_font(22), anchor="mm")


def _bars(draw: ImageDraw.ImageDraw, scale: _Scale) -> None:
    for start, stop, count in scale.usual:
        _bar(draw, scale, scale.x(start) + 2, scale.x(stop + 1) - 2, count)
    draw.line([(_LEFT, _BOTTOM), (scale.right, _BOTTOM)], fill=_INK, width=2)
    if scale.far:
        start, stop, count = scale.far
        left = _RIGHT - _FAR
        _bar(draw, scale, left + 2, _RIGHT - 2, count)
        draw.line([(left, _BOTTOM), (_RIGHT, _BOTTOM)], fill=_INK, width=2)
        draw.text((scale.right + _GAP / 2, _BOTTOM), "//", fill=_FAINT, font=_font(24), anchor="mm")
        words = f"{start:,}\nto {stop:,}"
        draw.multiline_text(
            (_RIGHT + 36, _BOTTOM + 46), words, fill=_FAINT, font=_font(20), anchor="rm", align="right"
        )


def _bar(draw: ImageDraw.ImageDraw, scale: _Scale, left: float, right: float, count: int) -> None:
    if count:
        top = min(scale.y(count), _BOTTOM - _LEAST_BAR)
        draw.rectangle([left, top, max(right, left + 1), _BOTTOM], fill=_BAR)


def _marks(draw: ImageDraw.ImageDraw, scale: _Scale, tokens: TokenStats) -> None:
    """p5, median, p95 and the limit as lines; their words above, on rows where they don't overlap."""
    ends, labels = [0.0, 0.0, 0.0], []
    for name, value in _measures(tokens):
        words, x = f"{name} {value:,.0f}", scale.middle(value)
        left, right = _span(draw, words, x)
        row = next((i for i, end in enumerate(ends) if left >= end), 2)
        ends[row] = right
        labels.append((words, x, _TOP - 22 - 24 * row))
        _dashed(draw, x, _TOP - 8 - 24 * row)
    _limit(draw, scale, tokens)
    for words, x, y in labels:
        _label(draw, words, x, y, _MARK)


def _span(draw: ImageDraw.ImageDraw, words: str, x: float) -> tuple[float, float]:
    """From where to where words centred at `x` reach, kept inside the picture."""
    half = draw.textlength(words, font=_font(22)) / 2 + 8
    centre = min(max(x, half), WIDTH - half)
    return centre - half, centre + half


def _label(draw: ImageDraw.ImageDraw, words: str, x: float, y: float, colour: str) -> None:
    left, right = _span(draw, words, x)
    draw.rectangle([left + 4, y - 12, right - 4, y + 12], fill=_PAPER)
    draw.text(((left + right) / 2, y), words, fill=colour, font=_font(22), anchor="mm")


def _limit(draw: ImageDraw.ImageDraw, scale: _Scale, tokens: TokenStats) -> None:
    words = f"limit {tokens.limit:,}"
    if scale.low <= tokens.limit < (scale.far[1] if scale.far else scale.high):
        x = scale.middle(tokens.limit)
        draw.line([(x, 134), (x, _BOTTOM)], fill=_LIMIT, width=4)
        _label(draw, words, x, 122, _LIMIT)
        return
    words += ", beyond all of them" if tokens.limit >= tokens.max else ": all of them are longer"
    draw.text((_RIGHT, 122), words, fill=_LIMIT, font=_font(22), anchor="rm")


def _dashed(draw: ImageDraw.ImageDraw, x: float, top: float) -> None:
    draw.line([(x, top), (x, _BOTTOM)], fill=_PAPER, width=7)
    for y in range(int(top), _BOTTOM, 14):
        draw.line([(x, y), (x, min(y + 8, _BOTTOM))], fill=_MARK, width=3)


def ticks(low: float, high: float, most: int) -> Iterator[int]:
    """Round whole numbers from `low` to `high`, both inclusive, at most `most` of them and at least one."""
    step = 1
    while (high - low) / step > most - 1:
        step = step * 2 if str(step)[0] != "2" else step * 5 // 2
    first = -(-int(low) // step) * step
    yield from range(first, int(high) + 1, step)


def _short(count: int) -> str:
    return f"{count:,}" if count < 100_000 else f"{count / 1000:,.0f}k"
