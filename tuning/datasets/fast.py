"""The typed fast path: rows of plain text messages, which nearly all rows of most files are.

A row that decodes into these types has no unknown key, no wrong type and no unknown role; what is left to
look at is done for whole batches. Anything else goes to the slow, exact checker.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import ahocorasick_rs
import msgspec

from tuning.datasets.lines import Lines

_Role = Literal["system", "developer", "user", "assistant"]


class PlainMessage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message with nothing but text."""

    role: _Role
    content: str


class PlainRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A chat row with nothing but text messages."""

    messages: list[PlainMessage]


_DECODER = msgspec.json.Decoder(PlainRow)
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_KEYS = ('"content"', '"role"', '"messages"')
_BEGIN = b'{"messages"'


def plain_row(line: bytes) -> PlainRow | None:
    """The row if it is a plain one; None sends it to the exact checker, which says why."""
    try:
        return _DECODER.decode(line)
    except _REFUSED:
        return None


def plain_rows(lines: Lines) -> list[PlainRow] | None:
    """The rows if every line is a plain one and no key can stand twice; else None.

    The decoder takes rows wherever they end. When there are as many rows as lines, and all lines begin with
    the one key of a row, which stands nowhere else, then each line is a row.
    """
    begins = [start for _, start, _ in _finder(_BEGIN).find_matches_as_indexes(lines.block)]
    if begins != lines.starts[:-1]:
        return None
    try:
        rows = _DECODER.decode_lines(lines.block)
    except _REFUSED:
        return None
    said = sum([len(row.messages) for row in rows])
    wanted = [said, said, len(lines)]
    return rows if len(rows) == len(lines) and _times(lines) == wanted else None


def repeats_no_key(line: bytes, row: PlainRow) -> bool:
    """Whether no key of a plain row stands twice, which the decoder doesn't tell.

    A plain row has one key, and two for each message. Inside a string a key's quotes would be escaped, so
    only keys match, and a string that is nothing but the name of a key: then False is wrong, and harmless.
    Keys that are themselves written with escapes are suspect and never come here.
    """
    said = len(row.messages)
    return [line.count(key.encode()) for key in _KEYS] == [said, said, 1]


def _times(lines: Lines) -> list[int]:
    """How often each key stands in a block: its shape has the same keys, and ASCII is searched faster."""
    text = str(lines.shape, "ascii")
    return [len(_text_finder(key).find_matches_as_strings(text)) for key in _KEYS]


@cache
def _finder(mark: bytes) -> Any:
    return ahocorasick_rs.BytesAhoCorasick([mark])


@cache
def _text_finder(mark: str) -> Any:
    return ahocorasick_rs.AhoCorasick([mark], store_patterns=True)
