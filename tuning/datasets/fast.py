"""The typed fast path: rows of plain text messages, which nearly all rows of most files are.

A row that decodes into these types has no unknown key, no wrong type and no unknown role; what is left to
look at is done for whole batches. Anything else goes to the slow, exact checker.
"""

from __future__ import annotations

from typing import Literal

import msgspec

_Role = Literal["system", "developer", "user", "assistant"]


class PlainMessage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message with nothing but text."""

    role: _Role
    content: str


class PlainRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A chat row with nothing but text messages."""

    messages: list[PlainMessage]


_decode = msgspec.json.Decoder(PlainRow).decode
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def plain_row(line: bytes) -> PlainRow | None:
    """The row if it is a plain one; None sends it to the exact checker, which says why."""
    try:
        return _decode(line)
    except _REFUSED:
        return None


def keys_in(block: bytes) -> int:
    """How many keys of plain rows stand in `block`.

    Inside a string the quote would be escaped, so only keys match; keys that are themselves written with
    escapes or have white space before their colon are suspect and never come here.
    """
    return block.count(b'"content":') + block.count(b'"role":') + block.count(b'"messages":')


def drop_repeated_keys(block: bytes, lines: list[bytes], rows: list[PlainRow | None]) -> None:
    """Set to None each row in which a key stands twice, which the decoder doesn't tell.

    A plain row has 1 key, and 2 for each message. The sum is compared for the whole block first.
    """
    expected = sum([1 + 2 * len(row.messages) for row in rows if row is not None])
    others = sum([keys_in(line) for line, row in zip(lines, rows, strict=True) if row is None])
    if keys_in(block) - others == expected:
        return
    for i, row in enumerate(rows):
        if row is not None and keys_in(lines[i]) != 1 + 2 * len(row.messages):
            rows[i] = None
