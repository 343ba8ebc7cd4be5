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


_KEYS = (b'"content"', b'"role"', b'"messages"')


def _keys(block: bytes) -> tuple[int, int, int]:
    """How often each key of a plain row stands in `block`.

    Inside a string its quotes would be escaped, so only keys match, and a string that is nothing but the name
    of a key. Keys that are themselves written with escapes are suspect and never come here.
    """
    content, role, messages = (block.count(key) for key in _KEYS)
    return content, role, messages


def drop_repeated_keys(block: bytes, lines: list[bytes], rows: list[PlainRow | None]) -> None:
    """Set to None each row in which a key may stand twice, which the decoder doesn't tell.

    A plain row has 1 key, and 2 for each message. The sums are compared for the whole block first.
    """
    plain = [row for row in rows if row is not None]
    said = sum([len(row.messages) for row in plain])
    others = [_keys(line) for line, row in zip(lines, rows, strict=True) if row is None and line]
    wanted = [said, said, len(plain)]
    for i in range(3):
        wanted[i] += sum(keys[i] for keys in others)
    if _keys(block) == tuple(wanted):
        return
    for i, row in enumerate(rows):
        if row is not None and _keys(lines[i]) != (len(row.messages), len(row.messages), 1):
            rows[i] = None
