"""A fast look at a block's bytes that tells which lines need a closer one.

Most lines of most files hold nothing special. Small automata, each over few enough marks to run at several
gigabytes a second, find the lines that may hold a special token, a hidden character, or private data.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import ahocorasick_rs

from tuning.datasets.lines import Lines
from tuning.datasets.secret_marks import ENDS, KEY_MARKS, MARKS, PASSWORD_MARKS, STARTED, STARTS


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
# Escapes of what needs none, as PHP and .NET write them, and of the spaces and hyphens of typography.
_WRITTEN = (
    *_each(rb"\u00", b"234567"),
    *(rb"\u00a0", rb"\u00A0", rb"\u2007", rb"\u2009", rb"\u202f", rb"\u202F", rb"\u2010", rb"\u2011"),
)
_SLASH = rb"\/"
_TYPED = (b"\xc2\xa0", b"\xe2\x80\x87", b"\xe2\x80\x89", b"\xe2\x80\xaf", b"\xe2\x80\x90", b"\xe2\x80\x91")
_SPELLED = re.compile(
    rb"\\(?:\\|/|u(?:00([2-7][0-9a-fA-F]|[aA]0)|20(0[79]|2[fF]|1[01])))|\xc2\xa0|\xe2\x80[\x87\x89\xaf\x90\x91]"
)
_HYPHENS = (b"10", b"11", b"\xe2\x80\x90", b"\xe2\x80\x91")
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
_SHAPED = [
    *(b"AccountKey=", b"_authToken", b"eyJ", b"AIza", b"SG.", b"npm_", b"hf_", b"pypi-", b"xox", b"xapp-"),
    *(b"A3T", b"ABIA", b"ACCA", b"AKIA", b"ASIA", b"sk-", b"sk_live_", b"rk_live_", b"sq0csp-", b"dapi"),
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"gldt-", b"glrt-", b"glcbt-"),
    *(b"glft-", b"glsoat-", b"GR1348941", b"glimt-", b"glptt-", b"glagent-", b"gloas-"),
]
_ALWAYS = (
    *(b"PRIVATE KEY", b"Private-Lines: ", b"hooks.slack.com"),
    *(b"aws_secret", b"AWS_SECRET", b"awsSecret", b"AwsSecret"),
)
_BEARER = b"Bearer "
_TWILIO = (b"AC", b"SK")
_TOKEN = re.compile(
    rb"(?!AC[^0-9a-f]|SK[^0-9a-f])[\w./+=~%-]{20}|SSWS 00[\w-]{20}"
    rb"|Bearer (?:\\.|[\s\x80-\xff])*(?:[\w.~+/-]|\\[/u]){24}"
)
_HEX = re.compile(rb"[0-9a-f]{32}")
_MAIL = re.compile(rb"@(?:[\w\\\x80-\xff-]{1,200}\.)+[A-Za-z]{2}")
_QUOTE = rb"(?:\\{0,3}[\"'`])?"
_IS = _QUOTE + rb"[\])]?(?:\s|\\[nrt]){0,4}(?:=>|:=|[:=])(?:\s|\\[nrt]){0,4}" + _QUOTE
_VALUE = rb"[!#-&(-\[\]-~]"
_PASSWORD = re.compile(
    rb"(?:[\w-]{1,60}%b|[A-Z_]{1,60} %b)(?=%b{0,127}\d)%b{8}|Basic (?=[A-Za-z]{0,40}[0-9+/=])[\w+/]{12}"
    % (_IS, _QUOTE, _VALUE, _VALUE)
    + rb"|(?: -u |--user[ =])(?:\\?[\"'])?[\w.@+-]{1,64}:[!-~]{8}"
)
_KEY = re.compile(rb"[\w-]{1,60}" + _IS + rb"[\w+/=-]{24}")
_LOGIN = re.compile(rb"://(?:[^\s{}\"\\]|\\[u\\])*:(?:[^\s{}\"\\]|\\u)+$")
# Each number below has one of these shapes.
_NUMBER_SHAPES = (
    b"00000",
    b"0 0 0",
    b"0 00 0",
    b"0 000 0",
    b"0 0000 0",
    b"000 0000",
    b"000.0000",
    b"AA00",
)
NUMBERS = re.compile(
    rb"\d{3}-\d{2}-\d{4}|\d{3}\)? ?[-. ]?\d{3}[-. ]\d{4}|\d(?:[ -]?\d){12}|\d{8,10}:[\w-]{35}"
    rb"|[A-Z]{2}\d{2} ?[A-Z0-9]{4}|00[1-9]\d{0,2}[ -](?:\d{1,4}[ -]\d|\d{5})"
)
_ABROAD = re.compile(rb"\+\d(?:[\d ()./~\[\]\x80-\xff-]|\\u[0-9a-fA-F]{4}){7}")
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
    slash: Any
    typed: Any
    hidden: Any
    latin: Any
    tokens: list[Any]
    ends: Any
    starts: Any
    passwords: Any
    keys: Any
    mail: Any
    plus: Any
    numbers: Any


def _automaton(marks: Iterable[bytes]) -> Any:
    return ahocorasick_rs.BytesAhoCorasick(list(marks), matchkind=ahocorasick_rs.MatchKind.LeftmostFirst)


@cache
def _automata() -> _Automata:
    """Several small automata, by the length of their marks: with many, or one that is short, one is slow."""
    marks = [*_SHAPED, *_ALWAYS, _BEARER, *MARKS]
    short = [mark for mark in marks if len(mark) < 4]
    long = [mark for mark in marks if len(mark) > 3]
    tokens = [[*short, *_TWILIO], *(long[i : i + 48] for i in range(0, len(long), 48))]
    return _Automata(
        markup=_automaton(_MARKUP),
        escape=_automaton([_ESCAPE]),
        escaped=_automaton({*_ESCAPED, *_WRITTEN}),
        slash=_automaton([_SLASH]),
        typed=_automaton(_TYPED),
        hidden=_automaton(_HIDDEN),
        latin=_automaton([b"\xc2"]),
        tokens=[_automaton(marks) for marks in tokens],
        ends=_automaton(ENDS),
        starts=_automaton(STARTS),
        passwords=_automaton(PASSWORD_MARKS),
        keys=_automaton(KEY_MARKS),
        mail=_automaton([b"@"]),
        plus=_automaton(_each(b"+", range(0x30, 0x3A))),
        numbers=_automaton(_NUMBER_SHAPES),
    )


def _places(automaton: Any, block: bytes) -> Iterator[int]:
    return (start for _, start, _ in automaton.find_matches_as_indexes(block))


def find(lines: Lines) -> Hits:
    """The lines of a block that need a closer look."""
    block, starts = lines.block, lines.starts
    escapes = _escapes(block)
    suspect = {bisect_right(starts, place) - 1 for place in _suspects(block, escapes)}
    plain = Lines(unescaped(block), 0) if _is_spelled(block, escapes) else lines
    private: dict[int, int] = {}
    for place, kind in _privates(plain.block, plain.shape):
        line = bisect_right(plain.starts, place) - 1
        private[line] = private.get(line, 0) | kind
    return Hits(suspect, private)


def unescaped(block: bytes) -> bytes:
    """The same lines with plain ASCII for needless escapes, and for typography's spaces and hyphens."""
    return _SPELLED.sub(_plain, block)


def _plain(match: re.Match[bytes]) -> bytes:
    if match[1]:
        char = bytes.fromhex(match[1].decode())
        return b" " if char == b"\xa0" else b"\\" + char if char in b'"\\' else char
    if match[2] or match[0][:1] != b"\\":
        return b"-" if (match[2] or match[0]) in _HYPHENS else b" "
    return b"/" if match[0] == _SLASH else match[0]


def _is_spelled(block: bytes, escapes: list[int]) -> bool:
    """Whether something in a block is spelled in a way that hides it from a look at the bytes."""
    automata = _automata()
    if automata.slash.find_matches_as_indexes(block) or any(block.startswith(_WRITTEN, p) for p in escapes):
        return True
    return not block.isascii() and bool(automata.typed.find_matches_as_indexes(block))


def _suspects(block: bytes, escapes: list[int]) -> Iterator[int]:
    automata = _automata()
    yield from _places(automata.markup, block)
    yield from (place for place in escapes if block.startswith(_ESCAPED, place))
    if not block.isascii():
        yield from _places(automata.hidden, block)
        yield from (p for p in _places(automata.latin, block) if block[p + 1 : p + 2] and block[p + 1] in _C1)


def _escapes(block: bytes) -> list[int]:
    """Where rare escapes stand: most text has few of any kind, and one mark is found faster than many."""
    automata = _automata()
    if block.count(_ESCAPE, 0, _SAMPLE) <= _FEW:
        places = automata.escape.find_matches_as_indexes(block)
        if len(places) <= len(block) // _SAMPLE * _FEW:
            return [start for _, start, _ in places]
    return list(_places(automata.escaped, block))


def _privates(block: bytes, shape: bytes) -> Iterator[tuple[int, int]]:
    yield from ((place, SECRET) for place in _secrets(block))
    yield from _mails(block)
    automata = _automata()
    for place in _places(automata.plus, block):
        if _ABROAD.match(block, place):
            yield place, NUMBER
    for start, end in _windows(_places(automata.numbers, shape)):
        for match in NUMBERS.finditer(block, start, end):
            named = block.find(b":", match.start(), match.end() + 12) >= 0
            yield match.start(), NUMBER | SECRET if named else NUMBER


def _secrets(block: bytes) -> Iterator[int]:
    automata = _automata()
    for automaton in automata.tokens:
        for place in _places(automaton, block):
            if _TOKEN.match(block, place) or block.startswith(_ALWAYS, place):
                yield place
    for place in _places(automata.ends, block):
        if _HEX.match(block, max(0, place - 32), place):
            yield place
    for place in _places(automata.starts, block):
        if STARTED.match(block, place):
            yield place
    for names, pattern in ((automata.passwords, _PASSWORD), (automata.keys, _KEY)):
        for place in _places(names, block):
            if pattern.match(block, place):
                yield place


def _mails(block: bytes) -> Iterator[tuple[int, int]]:
    for place in _places(_automata().mail, block):
        if _MAIL.match(block, place):
            yield place, MAIL
        login = block.rfind(b"://", max(0, place - 320), place)
        if login >= 0 and _LOGIN.match(block, login, place):
            yield place, SECRET


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
