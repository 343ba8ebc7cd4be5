"""What is the matter with every row is one fact about the file, not one for each row."""

from __future__ import annotations

from collections import Counter

from tuning.datasets.tally import Tally

EVERYWHERE = {
    "missing_system": "No row has a system message",
    "system_in_item": "The reinforcement items have system messages",
}


def codes_everywhere(tally: Tally) -> list[str]:
    """The codes, of those above, that were found in every row so far."""
    rows = tally.messages.total()
    return [code for code in EVERYWHERE if tally.codes[code] == rows > 0]


def counted_once(tally: Tally) -> Counter[str]:
    """How often each code was found, where what is so in every row counts once."""
    return Counter({**tally.codes, **dict.fromkeys(codes_everywhere(tally), 1)})
