"""One pass over a block's bytes that tells which lines need a closer look.

Most lines of most files hold nothing special. An automaton over all marks at once finds the few that may
hold a special token, a hidden character, an odd key, a secret or personal data, at half a gigabyte a second.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import Any, NamedTuple

import ahocorasick_rs

_HEX = b"0123456789abcdef"
_COLON = re.compile(rb'"[ \t\r]+:')


def _each(prefix: bytes, last: bytes | range) -> list[bytes]:
    return [prefix + bytes([byte]) for byte in last]


_ESCAPED = [
    *(rb"\u00" + rest for rest in (b"0", b"1", b"6", b"7", b"8", b"9", b"3c", b"3C")),
    *_each(rb"\u202", b"abcdeABCDE"),
    *_each(rb"\u206", b"6789"),
    *(rb"\ufeff", rb"\uFEFF", rb"\udb40", rb"\uDB40"),
]
_HIDDEN = [
    b"\x7f",
    b"\xef\xbb\xbf",
    b"\xf3\xa0",
    *_each(b"\xe2\x80", range(0xAA, 0xAF)),
    *_each(b"\xe2\x81", range(0xA6, 0xAA)),
    *(b"\xc2" + bytes([byte]) for byte in range(0x80, 0xA0) if byte != 0x85),
]
_COLONS = [b'" :', b'"\t', b'"\r', b'"  ']
_TOKENS = [
    *(b"AccountKey=", b"_authToken", b"eyJ", b"AIza", b"SG.", b"npm_", b"hf_", b"pypi-", b"xox", b"xapp-"),
    *(b"A3T", b"ABIA", b"ACCA", b"AKIA", b"ASIA", b"sk-", b"sk_live_", b"rk_live_", b"sq0csp-", b"dapi"),
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"gldt-", b"glrt-", b"glcbt-"),
    *_each(b"AC", _HEX),
    *_each(b"SK", _HEX),
]
_ALWAYS = [b"PRIVATE KEY", b"PuTTY-User-Key", b"hooks.slack.com"]
_SUSPECT = [b"<|", *_ESCAPED, *_HIDDEN]
_FIRST_COLON = len(_SUSPECT)
_AT = _FIRST_COLON + len(_COLONS)
_FIRST_TOKEN = _AT + 1
_FIRST_ALWAYS = _FIRST_TOKEN + len(_TOKENS)
_TOKEN = re.compile(rb"[\w./+=-]{20}")
_MAIL = re.compile(rb"@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2}")
_LOGIN = re.compile(rb"://[^\s{}\"\\]+:[^\s{}\"\\]+$")
_DIGITS = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))
_RUN = b"0" * 9
_NUMBER = re.compile(
    rb"\+\d[\d ().-]{7}|\d{3}-\d{2}-\d{4}|\d{3}\)? ?[-. ]?\d{3}[-. ]\d{4}|\d(?:[ -]?\d){12}"
    rb"|\d{8,10}:[\w-]{35}|[A-Z]{2}\d{2} ?[A-Z0-9]{4}"
)

SECRET, MAIL, NUMBER = 1, 2, 4


class Hits(NamedTuple):
    """Indexes of lines to be checked exactly, and which kinds of private data others may hold."""

    suspect: set[int]
    private: dict[int, int]


@cache
def _automaton() -> Any:
    patterns = [*_SUSPECT, *_COLONS, b"@", *_TOKENS, *_ALWAYS]
    return ahocorasick_rs.BytesAhoCorasick(patterns, implementation=ahocorasick_rs.Implementation.DFA)


def find(block: bytes, starts: list[int]) -> Hits:
    """The lines of a block that need a closer look; `starts` are where its lines begin."""
    hits = Hits(set(), {})
    for pattern, start, _ in _automaton().find_matches_as_indexes(block):
        if pattern < _AT:
            if pattern < _FIRST_COLON or _is_spaced_colon(block, start):
                hits.suspect.add(bisect_right(starts, start) - 1)
        elif kind := _private_kind(block, pattern, start):
            line = bisect_right(starts, start) - 1
            hits.private[line] = hits.private.get(line, 0) | kind
    for line in _long_numbers(block, starts):
        hits.private[line] = hits.private.get(line, 0) | NUMBER
    return hits


def _is_spaced_colon(block: bytes, start: int) -> bool:
    return _COLON.match(block, start) is not None


def _private_kind(block: bytes, pattern: int, start: int) -> int:
    if pattern == _AT:
        login = _LOGIN.search(block, max(0, start - 200), start)
        return (MAIL if _MAIL.match(block, start) else 0) | (SECRET if login else 0)
    return SECRET if pattern >= _FIRST_ALWAYS or _TOKEN.match(block, start) else 0


def _long_numbers(block: bytes, starts: list[int]) -> list[int]:
    """Lines with nine digits or more in a row, apart from what people put between them."""
    squeezed = block.translate(_DIGITS, b" -().")
    if _RUN not in squeezed:
        return []
    ends = [*starts[1:], len(block)]
    return [
        i
        for i, line in enumerate(squeezed.split(b"\n"))
        if _RUN in line and _NUMBER.search(block, starts[i], ends[i])
    ]
