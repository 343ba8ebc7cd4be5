"""A text as words: white space, case and what ends a sentence don't count; signs, operators and brackets do.

Each sign is a word of its own, so that `a+b` and `a + b` are the same and `a-b` is another text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from operator import add
from unicodedata import normalize

_SPACES, _QUOTES = b"\t\n\v\f\r", b"\"'`"
_SPACED = bytes.maketrans(_SPACES + _QUOTES, b" " * len(_SPACES) + b"'" * len(_QUOTES))
_FOLDED = bytes(_SPACED[byte] for byte in bytes(range(256)).lower())
SIGNS = b"+-*/<>=|&^~%#@$\\()[]{}'"
_NO_SIGNS = bytes(set(range(256)) - set(SIGNS))
_PADDED = [(bytes([byte]), b" %c " % byte) for byte in range(256)]
_ENDS = b".,;:?!"
#: `5!`, `n!`, `f(x)!` and `! a`: the mark isn't the end of a sentence. A pattern that begins with it is fast.
_FACTORIAL = re.compile(rb"!(?=[.,;:?]* )(?:(?<=[ \d)\]}]!)|(?<=[ (]\w!))")
_ESCAPED = re.compile(r"\\\w*[A-Z]\w*|\\\S*\?(?!\S)")
_CAPITAL_OR_END = re.compile(r"([A-Z]|\?$)")
_ALIKE = {
    "'": "‘’‚‛“”„‟«»‹›",
    "-": "‐‑‒–—―−",
    " ": "\u00a0\u2002\u2003\u2009\u202f\u3000\u2028\u2029。、，！？；：．।؟،؛",
    "": "\u00ad\u200b\u2060\ufeff",
    "... ": "…",
}
_TYPOGRAPHY = [(old, new) for new, olds in _ALIKE.items() for old in olds]
_TYPOGRAPHY += [(sign, f" {sign} ") for sign in "×÷±·≤≥≠≈√→←"]
RUN = 4
LONG_WORD = 12


def words(text: str, *, fold: bool = True) -> list[bytes]:
    """The words and signs of a text as UTF-8, in lower case if `fold`; halves of characters are kept."""
    if fold and "\\" in text:
        text = _ESCAPED.sub(_with_case, text)
    data = text.encode() if text.isascii() else _typewritten(text, fold)
    data = data.translate(_FOLDED if fold else _SPACED) + b" "
    if b"!" in data:
        data = _FACTORIAL.sub(b"!\0", b" " + data)
    found = [word.rstrip(_ENDS) for word in data.split()]
    signs = set(data.translate(None, _NO_SIGNS))
    if signs or b"" in found:
        data = b" ".join(found)
        for sign in signs:
            data = data.replace(*_PADDED[sign])
        found = data.split()
    return found


def _with_case(found: re.Match[str]) -> str:
    r"""Of `\D`, `\Delta` and `\d?` the case and the mark are kept: another control character tells them."""
    return _CAPITAL_OR_END.sub("\\1\1", found[0])


def _typewritten(text: str, fold: bool) -> bytes:
    """In the form NFC, with the quotes, dashes and spaces of a typewriter."""
    text = normalize("NFC", text)
    if fold:
        text = text.casefold()
    for old, new in _TYPOGRAPHY:
        text = text.replace(old, new)
    return text.encode("utf-8", "surrogatepass")


def normal(text: str) -> str:
    """A text without what doesn't count."""
    return b" ".join(words(text)).decode("utf-8", "surrogatepass")


def pairs(found: Sequence[bytes]) -> set[bytes]:
    """Pairs of neighbouring words; for scripts without spaces, runs of four characters."""
    if found and sum(map(len, found)) > LONG_WORD * len(found):
        joined = b"".join(found)
        run = "" if joined.isascii() else joined.decode("utf-8", "surrogatepass")
        if len(run) > LONG_WORD * len(found):
            runs = (run[i : i + RUN] for i in range(max(1, len(run) - RUN + 1)))
            return {part.encode("utf-8", "surrogatepass") for part in runs}
    ended = [word + b" " for word in found]
    return set(map(add, ended, islice(found, 1, None)))


def mark_of(found: Sequence[bytes]) -> int:
    """A number that texts of the same words have in common.

    Only good within this process. 0 means that there is nothing to compare.
    """
    return hash(b" ".join(found)) if found else 0


def mark(text: str) -> int:
    """A number that texts have in common when they differ in nothing that counts; 0 for one without words."""
    return mark_of(words(text))
