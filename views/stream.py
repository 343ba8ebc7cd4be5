"""A model's answer arrives in pieces, and a link or a notice may be cut in two by any of them.

So the last word is held back until it is finished; only then is it known to be harmless.
"""

from __future__ import annotations

import re

from views.text import ZERO_WIDTH_SPACE, markdown

#: No word is held back for longer than this: what comes after is cut off with a zero-width space.
LONGEST_WORD = 200

#: All that is dangerous is ASCII without spaces, so other scripts flow freely. A lone first half
#: of a surrogate pair and a carriage return wait for what may follow them.
_UNFINISHED = re.compile("[\x21-\x7e\ud800-\udbff]*\r?\\Z")


class SafeStream:
    """Feed it a model's deltas; what it gives back may be sent to Slack as Markdown at once."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, delta: str) -> str:
        """The safe text that this delta releases; often nothing, when a word goes on."""
        text = self._held + delta
        found = _UNFINISHED.search(text)
        ready = found.start() if found else len(text)
        self._held = text[ready:]
        return markdown(text[:ready]) + self._overflow()

    def finish(self) -> str:
        """What was held back until now."""
        held, self._held = self._held, ""
        return markdown(held)

    def _overflow(self) -> str:
        released = ""
        while len(self._held) > LONGEST_WORD:
            head, self._held = self._held[:LONGEST_WORD], self._held[LONGEST_WORD:]
            released += markdown(head) + ZERO_WIDTH_SPACE
        return released
