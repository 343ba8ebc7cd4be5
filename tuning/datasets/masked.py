"""What a report quotes of a file, without what is private in it: findings and reports go to people and logs.

Every key, path, label and message of another program that a finding or a report repeats goes through here,
whole: cut short first, a token would no longer look like one.
"""

from __future__ import annotations

import json
from functools import lru_cache

from tuning.datasets import triggers
from tuning.datasets.lines import Lines

SHORTEST = 6
"""Nothing shorter is private."""


def masked(text: str) -> str:
    """The text with a placeholder for everything private."""
    return text if len(text) < SHORTEST else _masked(text)


@lru_cache(maxsize=4096)
def _masked(text: str) -> str:
    if not triggers.find(Lines(json.dumps(text).encode(), 0)).private:
        return text
    from tuning.datasets.private import redact

    return redact(text)[0]
