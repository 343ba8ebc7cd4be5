"""A text as words: what is left when case, punctuation and spacing don't count."""

from __future__ import annotations

import re
from itertools import islice
from operator import add

_WORD = re.compile(r"\w+")
#: ASCII letters, digits and underscores stay; everything else is a space.
_WORDS_ONLY = bytes(
    byte if byte == 95 or bytes([byte]).isalnum() or byte > 127 else 32 for byte in range(256)
)
RUN = 4
LONG_WORD = 12


def words(text: str) -> list[bytes]:
    """The words of a text in lower case, as UTF-8; halves of characters are kept as they are."""
    if text.isascii():
        return text.encode().lower().translate(_WORDS_ONLY).split()
    return [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text.casefold())]


def normal(text: str) -> str:
    """A text without case, punctuation and spacing."""
    return b" ".join(words(text)).decode("utf-8", "surrogatepass")


def pairs(text: str) -> set[bytes]:
    """Pairs of neighbouring words; for scripts without spaces, runs of four characters."""
    found = words(text)
    if found and sum(map(len, found)) > LONG_WORD * len(found) and not text.isascii():
        run = b"".join(found).decode("utf-8", "surrogatepass")
        if len(run) > LONG_WORD * len(found):
            runs = (run[i : i + RUN] for i in range(max(1, len(run) - RUN + 1)))
            return {part.encode("utf-8", "surrogatepass") for part in runs}
    ended = [word + b" " for word in found]
    return set(map(add, ended, islice(found, 1, None)))


def mark(text: str) -> int:
    """A number that texts have in common when they differ in nothing but case, punctuation and spacing.

    Only good within this process. 0 means that there is nothing to compare.
    """
    found = words(text)
    return hash(b" ".join(found)) if found else 0
