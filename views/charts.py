"""Small charts out of text: they need no picture, no upload and no new kind of block."""

from __future__ import annotations

import math
from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"


def bar(done: int, total: int, width: int = 12) -> str:
    """A progress bar; nothing is shown as done unless some of it is, nor as whole before the end."""
    share = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
    filled = math.floor(share * width)
    return "█" * filled + "░" * (width - filled)


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """The last `width` finite values, scaled from their lowest to their highest."""
    shown = [value for value in values if math.isfinite(value)][-width:]
    if len(shown) < 2:
        return ""
    low, high = min(shown), max(shown)
    top = len(_LEVELS) - 1
    # Halved first: the difference of two huge floats may overflow.
    spread = high / 2 - low / 2
    if spread <= 0:
        return _LEVELS[3] * len(shown)
    return "".join(_LEVELS[round((value / 2 - low / 2) / spread * top)] for value in shown)
