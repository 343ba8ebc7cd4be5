"""E-mail addresses and phone numbers of people in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuning.datasets.hits import Hit
from tuning.datasets.samples import RESERVED_HOST, is_fictional_phone

_MAIL_HOST = re.compile(r"@((?:[\w-]{1,63}\.)+[a-zA-Z]{2,24})(?![a-zA-Z0-9_(])")
# Pictures for fine screens (logo@2x.png), versions of packages (core@17.0.0.tgz).
_NO_MAIL = re.compile(r"[1-4]x\.[a-z]{2,4}$|(?:\d+\.)+[a-z]+$")
# Scripts that write no spaces would have the words before it in its name.
_MAIL_NAME = re.compile(r"(?:(?![\u0e00-\u109f\u1780-\u17ff\u2e80-\uffef])[\w.+-]){1,64}$")
_NOBODY = re.compile(r"git|(?:do-?)?not?-?reply", re.IGNORECASE)
# Who logs in at an address (https://me@host), and where a file is on another machine (scp a me@host:/tmp).
_LOGIN = re.compile(r"://[^\s{}/]{0,100}:$")
_REMOTE = re.compile(r":(?:[/~]|[\w.~/-]{1,100}\.git\b)")
_COMMAND = re.compile(
    r"\b(?:ssh|scp|sftp|rsync|mosh|ssh-copy-id|git clone)(?: {1,4}-\w{1,4}(?: [\w./~:-]{1,40})?){0,6} {1,4}$"
)

_PHONE = re.compile(
    r"\+\d|\(\d{3}\) ?\d{3}[-. ]\d{4}|(?<![\w.-])\d{3}[-. ]\d{3}[-. ]\d{4}(?![\w-])", re.ASCII
)
_WITH_ZEROS = re.compile(
    r"(?<![\w.,:/+-])(?<!\d )00(?P<rest>[1-9]\d{0,2}[ -](?:\d{1,4}[ -]\d{1,8}|\d{5,10})(?:[ -]\d{1,8}){0,5})"
    r"(?![\w-])(?! \d)",
    re.ASCII,
)
# What makes a number with a plus an amount: digits after a comma, a unit, a currency, a type of numbers.
_DECIMALS = re.compile(r"\.\d", re.ASCII)
_NUMBER = re.compile(r"\+\d+(?:[.,]\d{1,2})?", re.ASCII)
_AMOUNT = re.compile(
    r",\d{1,2}(?!\d)|\s?(?:[%€$£]|(?:bytes?|bits?|[kmg]i?b|points?|pts?|rows?|lines?|items?|units?|users?|people|votes"
    r"|[mnu]?s|sec(?:ond)?s?|minutes?|hours?|days?|px|pixels?|steps?|tokens?|samples?|cycles|hz|k?m|kg"
    r"|eur|usd|gbp|chf|dollars?|euros?|met(?:er|re)s?)\b)",
    re.IGNORECASE | re.ASCII,
)
_AMOUNT_BEFORE = re.compile(
    r"(?:[€$£%]|\b(?:EUR|USD|GBP|CHF|offset|delta|Decimal|float|int)) ?[=(:]?['\"]? ?$", re.ASCII
)


def mails(text: str) -> Iterator[Hit]:
    """E-mail addresses, but for those of documentation, of machines, and of nobody."""
    for host in _MAIL_HOST.finditer(text):
        name = _MAIL_NAME.search(text, max(0, host.start() - 64), host.start())
        if name and not _is_nobody(text, name, host) and not _is_login(text, name.start(), host.end()):
            yield Hit("email_address", name.start(), host.end(), "an e-mail address")


def _is_nobody(text: str, name: re.Match[str], host: re.Match[str]) -> bool:
    """Whether this is no address of mail or one that nobody reads: a handle, a package, a picture."""
    return bool(
        _NOBODY.fullmatch(name[0])
        or host[1].startswith(("noreply.", "users.noreply."))
        or RESERVED_HOST.search(host[1])
        or _NO_MAIL.match(host[1])
        or text.startswith("@", name.start() - 1 if name.start() else len(text))
    )


def _is_login(text: str, start: int, end: int) -> bool:
    """Whether this is who logs in at a machine."""
    return bool(
        text.startswith("://", start - 3 if start > 2 else len(text))
        or _REMOTE.match(text, end)
        or _LOGIN.search(text, max(0, start - 110), start)
        or _COMMAND.search(text, max(0, start - 120), start)
    )


def phones(text: str) -> Iterator[Hit]:
    """Phone numbers that a numbering plan allows: with a plus, with 00 and spaces, or as in North America."""
    import phonenumbers

    if _PHONE.search(text):
        for match in phonenumbers.PhoneNumberMatcher(text, "US", leniency=phonenumbers.Leniency.VALID):
            number = f"+{match.number.country_code}{match.number.national_number}"
            if _PHONE.match(match.raw_string) and _is_phone(text, match.start, match.end, number):
                yield Hit("phone_number", match.start, match.end, "a phone number")
    for found in _WITH_ZEROS.finditer(text):
        try:
            parsed = phonenumbers.parse(f"+{found['rest']}")
        except phonenumbers.NumberParseException:
            continue
        number = f"+{parsed.country_code}{parsed.national_number}"
        if phonenumbers.is_valid_number(parsed) and _is_phone(text, *found.span(), number):
            yield Hit("phone_number", *found.span(), "a phone number")


def _is_phone(text: str, start: int, end: int, number: str) -> bool:
    """Whether what stands around a number lets it be a phone's, and it isn't kept for fiction."""
    if _DECIMALS.match(text, end) or is_fictional_phone(number):
        return False
    number_alone = _NUMBER.fullmatch(text, start, end)
    if not number_alone:
        return True
    if "." in number_alone[0] or "," in number_alone[0]:
        return False
    return not _AMOUNT.match(text, end) and not _AMOUNT_BEFORE.search(text, max(0, start - 12), start)
