"""Secrets and personal data in a text: what, and where, so that it can be told or redacted.

Secrets are found by their shape (`credentials`, `vendors`) and by what a text calls them (`named`). Numbers
count only when their checksum or numbering plan holds, and samples of documentation don't (`samples`).
Nothing here looks anything up: no network, no verification of a token.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from tuning.datasets.contacts import mails, phones
from tuning.datasets.credentials import credentials
from tuning.datasets.hits import CODES, PLACEHOLDERS, Hit, secret
from tuning.datasets.named import is_named, named
from tuning.datasets.samples import is_sample_ssn, is_test_card
from tuning.datasets.triggers import MAIL, NUMBER, SECRET
from tuning.datasets.vendors import tokens

__all__ = ["CODES", "PLACEHOLDERS", "Hit", "find", "find_in", "is_card", "is_iban", "redact", "replaced"]

# With re.ASCII a word ends where Chinese or Japanese begins, which put no spaces between them.
_CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)", re.ASCII)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", re.ASCII)
LONGEST_NAMED = 1000
"""A longer value is no key or password, whatever it is called."""
_EVERYTHING = SECRET | MAIL | NUMBER
#: What typography puts in the place of a space or a hyphen, one for one.
_TYPED = str.maketrans("\u00a0\u2007\u2009\u202f\u2010\u2011", "    --")


def find(text: str, kinds: int = _EVERYTHING) -> list[Hit]:
    """What of these kinds is private in a text, in order and without overlaps."""
    if not text.isascii():
        text = text.translate(_TYPED)
    hits = [
        *(credentials(text) if kinds & (SECRET | NUMBER) else ()),
        *((*tokens(text), *named(text)) if kinds & SECRET else ()),
        *(mails(text) if kinds & MAIL else ()),
        *(_numbers(text) if kinds & NUMBER else ()),
    ]
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def find_in(key: str, text: str, kinds: int = _EVERYTHING) -> list[Hit]:
    """What is private in a value that stands under this key: a password may have no other shape."""
    found = find(text, kinds)
    if found or not key or not kinds & SECRET or len(text) > LONGEST_NAMED:
        return found
    if is_named(key, text):
        return [secret("password", (0, len(text)))]
    before = len(key) + 2
    hits = find(f'{key}="{text}"', SECRET)
    inside = [h._replace(start=max(0, h.start - before), end=min(len(text), h.end - before)) for h in hits]
    return [hit for hit in inside if hit.end > hit.start]


def redact(text: str, codes: Iterable[str] = CODES) -> tuple[str, list[str]]:
    """The text with a placeholder for everything private, and the codes of what was replaced."""
    return replaced(text, find(text), set(codes))


def replaced(text: str, hits: Iterable[Hit], wanted: Collection[str]) -> tuple[str, list[str]]:
    """The text with placeholders for those of the hits that are wanted, and their codes."""
    pieces, done, end = [], [], 0
    for hit in hits:
        if hit.code in wanted:
            pieces += [text[end : hit.start], PLACEHOLDERS[hit.code]]
            done.append(hit.code)
            end = hit.end
    return "".join([*pieces, text[end:]]), done


def _numbers(text: str) -> Iterator[Hit]:
    for match in _CARD.finditer(text):
        if is_card(match[0]) and not is_test_card(re.sub(r"\D", "", match[0])):
            yield Hit("card_number", *match.span(), "a card number")
    for match in _IBAN.finditer(text):
        if is_iban(match[0]):
            yield Hit("bank_account", *match.span(), "an IBAN")
    for match in _SSN.finditer(text):
        if not is_sample_ssn(match[0]):
            yield Hit("social_security_number", *match.span(), "a US social security number")
    yield from phones(text)


def is_card(text: str) -> bool:
    """Whether a number has the length, the first digits and the checksum (Luhn) of a payment card."""
    digits = [int(char) for char in text if char.isdigit()]
    if len(digits) < 13 or len(set(digits)) < 2:
        return False
    lead = int("".join(map(str, digits[:4])))
    known = {
        4: lead // 1000 == 4 and len(digits) in (13, 16, 19),
        5: (5100 <= lead <= 5599 or 2221 <= lead <= 2720) and len(digits) == 16,
        3: lead // 100 in (34, 37) and len(digits) == 15,
        6: (lead == 6011 or lead // 100 in (62, 64, 65) or 3528 <= lead <= 3589) and len(digits) == 16,
        0: lead // 100 in (30, 36, 38) and len(digits) == 14,
    }
    doubled = [sum(divmod(digit * (1 + i % 2), 10)) for i, digit in enumerate(reversed(digits))]
    return any(known.values()) and sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the checksum (modulo 97) of an IBAN holds."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1
