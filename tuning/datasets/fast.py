"""The typed fast path: rows of plain text messages, which nearly all rows of most files are.

A row that decodes into these types has no unknown key, no wrong type and no unknown role; what is left to
look at is done for whole batches. Anything else goes to the slow, exact checker.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

_Role = Literal["system", "developer", "user", "assistant"]
_SPACED_COLON = re.compile(rb'"[ \t\r]+:')
_ESCAPES = re.compile(
    rb"\\u(?:00[0189]|007[fF]|003[cC]|007[cC]|[fF][eE][fF][fF]|202[a-eA-E]|206[6-9]|[dD][bB]40)"
)
_HIDDEN = (
    *(b"\xe2\x80" + bytes([last]) for last in range(0xAA, 0xAF)),
    *(b"\xe2\x81" + bytes([last]) for last in range(0xA6, 0xAA)),
    b"\xef\xbb\xbf",
    b"\xf3\xa0",
)
_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")


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


def is_suspect(block: bytes) -> bool:
    """Whether bytes may hold a special token, a control or invisible character, or an odd colon."""
    if b"<|" in block or b"\x7f" in block or (b"\\u" in block and _ESCAPES.search(block)):
        return True
    if (b" :" in block or b"\t:" in block) and _SPACED_COLON.search(block):
        return True
    if block.isascii():
        return False
    return any(hidden in block for hidden in _HIDDEN) or _C1.search(block) is not None


def keys_in(block: bytes) -> int:
    """How many keys stand in the JSON of `block`, if no white space stands before a colon."""
    return block.count(b'":') - block.count(b'\\":')


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
