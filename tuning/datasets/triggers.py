"""A fast look at a block's bytes that tells which lines need a closer one.

Most lines of most files hold nothing special. Small automata, each over few enough marks to run at several
gigabytes a second, find the lines that may hold a special token, a hidden character, or private data.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import ahocorasick_rs

from tuning.datasets.lines import Lines
from tuning.datasets.vendors import MARKS, NAMES


def _each(prefix: bytes, last: bytes | range) -> list[bytes]:
    return [prefix + bytes([byte]) for byte in last]


# Escapes of characters that are rare, hidden or half; looked for where there is an escape at all.
_ESCAPE = rb"\u"
_ESCAPED = (
    *(
        rb"\u00" + rest
        for rest in (b"0", b"1", b"6", b"7", b"8", b"9", b"3c", b"3C", b"5b", b"5B", b"ad", b"AD")
    ),
    *_each(rb"\u202", b"abcdeABCDE"),
    *_each(rb"\u206", b"06789"),
    *(rb"\ufeff", rb"\uFEFF", rb"\udb40", rb"\uDB40", rb"\u200b", rb"\u200B", rb"\ufffd", rb"\uFFFD"),
)
_SAMPLE, _FEW = 8192, 8
_MARKUP = [b"<|", b"\x7f", b"[INST]", b"<<SYS>>", b"<start_of_turn>"]
_HIDDEN = [
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbd",
    b"\xe2\x80\x8b",
    b"\xe2\x81\xa0",
    b"\xf3\xa0",
    *_each(b"\xe2\x80", range(0xAA, 0xAF)),
    *_each(b"\xe2\x81", range(0xA6, 0xAA)),
]
_NAMED = [
    *(b"AccountKey=", b"_authToken", b"eyJ", b"AIza", b"SG.", b"npm_", b"hf_", b"pypi-", b"xox", b"xapp-"),
    *(b"A3T", b"ABIA", b"ACCA", b"AKIA", b"ASIA", b"sk-", b"sk_live_", b"rk_live_", b"sq0csp-", b"dapi"),
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"gldt-", b"glrt-", b"glcbt-"),
]
_ALWAYS = (b"PRIVATE KEY", b"PuTTY-User-Key", b"hooks.slack.com", b"aws_secret", b"AWS_SECRET")
_BEARER = b"Bearer "
_TWILIO = (b"AC", b"SK")
_TOKEN = re.compile(
    rb"(?!AC[^0-9a-f]|SK[^0-9a-f])[\w./+=-]{20}|Bearer (?:\\.|[\s\x80-\xff])*(?:[\w.~+/-]|\\[/u]){24}"
)
_MAIL = re.compile(rb"@(?:[\w\\\x80-\xff-]{1,200}\.)+[A-Za-z]{2}")
_KEY = re.compile(
    rb"[\w-]{1,40}(?:\\?[\"'])?(?:\s|\\[nrt]){0,4}[:=](?:\s|\\[nrt]){0,4}(?:\\?[\"'])?[\w+/=-]{24}"
)
_LOGIN = re.compile(rb"://[^\s{}\"\\]*:[^\s{}\"\\]+$")
# Each number below has one of these shapes.
_NUMBER_SHAPES = (b"00000", b"0 0 0", b"0 00 0", b"0 000 0", b"0 0000 0", b"000 0000", b"000.0000", b"AA00")
NUMBERS = re.compile(
    rb"\d{3}-\d{2}-\d{4}|\d{3}\)? ?[-. ]?\d{3}[-. ]\d{4}|\d(?:[ -]?\d){12}|\d{8,10}:[\w-]{35}"
    rb"|[A-Z]{2}\d{2} ?[A-Z0-9]{4}"
)
_ABROAD = re.compile(rb"\+\d[\d ().-]{7}")
_AROUND = 24
# After the byte C2: the control characters beyond ASCII but the line break, and the soft hyphen.
_C1 = frozenset((*range(0x80, 0xA0), 0xAD)) - {0x85}

SECRET, MAIL, NUMBER = 1, 2, 4


class Hits(NamedTuple):
    """Indexes of lines to be checked exactly, and which kinds of private data others may hold."""

    suspect: set[int]
    private: dict[int, int]


class _Automata(NamedTuple):
    markup: Any
    escape: Any
    escaped: Any
    hidden: Any
    latin: Any
    tokens: list[Any]
    names: Any
    mail: Any
    plus: Any
    numbers: Any


def _automaton(marks: list[bytes]) -> Any:
    return ahocorasick_rs.BytesAhoCorasick(marks, matchkind=ahocorasick_rs.MatchKind.LeftmostFirst)


@cache
def _automata() -> _Automata:
    """Several small automata, by the length of their marks: with many, or one that is short, one is slow."""
    marks = [*_NAMED, *_ALWAYS, _BEARER, *MARKS]
    short = [mark for mark in marks if len(mark) < 4]
    long = [mark for mark in marks if len(mark) > 3]
    tokens = [[*short, *_TWILIO], *(long[i : i + 16] for i in range(0, len(long), 16))]
    return _Automata(
        markup=_automaton(_MARKUP),
        escape=_automaton([_ESCAPE]),
        escaped=_automaton(list(_ESCAPED)),
        hidden=_automaton(_HIDDEN),
        latin=_automaton([b"\xc2"]),
        tokens=[_automaton(marks) for marks in tokens],
        names=_automaton(list(NAMES)),
        mail=_automaton([b"@"]),
        plus=_automaton([b"+"]),
        numbers=_automaton(list(_NUMBER_SHAPES)),
    )


def _places(automaton: Any, block: bytes) -> Iterator[int]:
    return (start for _, start, _ in automaton.find_matches_as_indexes(block))


def find(lines: Lines) -> Hits:
    """The lines of a block that need a closer look."""
    block, starts = lines.block, lines.starts
    suspect = {bisect_right(starts, place) - 1 for place in _suspects(block)}
    private: dict[int, int] = {}
    for place, kind in _privates(block, lines.shape):
        line = bisect_right(starts, place) - 1
        private[line] = private.get(line, 0) | kind
    return Hits(suspect, private)


def _suspects(block: bytes) -> Iterator[int]:
    automata = _automata()
    yield from _places(automata.markup, block)
    yield from _escaped(block)
    if not block.isascii():
        yield from _places(automata.hidden, block)
        yield from (p for p in _places(automata.latin, block) if block[p + 1 : p + 2] and block[p + 1] in _C1)


def _escaped(block: bytes) -> Iterator[int]:
    """Where rare escapes stand: most text has few of any kind, and one mark is found faster than many."""
    automata = _automata()
    if block.count(_ESCAPE, 0, _SAMPLE) <= _FEW:
        places = automata.escape.find_matches_as_indexes(block)
        if len(places) <= len(block) // _SAMPLE * _FEW:
            return (start for _, start, _ in places if block.startswith(_ESCAPED, start))
    return _places(automata.escaped, block)


def _privates(block: bytes, shape: bytes) -> Iterator[tuple[int, int]]:
    automata = _automata()
    for automaton in automata.tokens:
        for place in _places(automaton, block):
            if _TOKEN.match(block, place) or block.startswith(_ALWAYS, place):
                yield place, SECRET
    for place in _places(automata.names, block):
        if _KEY.match(block, place):
            yield place, SECRET
    for place in _places(automata.mail, block):
        if _MAIL.match(block, place):
            yield place, MAIL
        login = block.rfind(b"://", max(0, place - 320), place)
        if login >= 0 and _LOGIN.match(block, login, place):
            yield place, SECRET
    for place in _places(automata.plus, block):
        if _ABROAD.match(block, place):
            yield place, NUMBER
    for start, end in _windows(_places(automata.numbers, shape)):
        for match in NUMBERS.finditer(block, start, end):
            named = block.find(b":", match.start(), match.end() + 12) >= 0
            yield match.start(), NUMBER | SECRET if named else NUMBER


def _windows(places: Iterator[int]) -> Iterator[tuple[int, int]]:
    """What stands around these places, each byte once: tables of numbers have one every few bytes."""
    start = end = 0
    for place in places:
        if place - _AROUND > end:
            if end:
                yield start, end
            start = max(0, place - _AROUND)
        end = place + _AROUND + 25
    if end:
        yield start, end
