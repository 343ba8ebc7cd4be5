"""Secrets and personal data in a text: what, and where, so that it can be told or redacted.

Secrets are found by detect-secrets' detectors of known token shapes, but for those that take the square of a
text's length (its guesses by entropy and by keyword flag too much prose), and by shapes of our own. Numbers
count only when their checksum or numbering plan holds. Nothing here looks anything up: no network, no
verification of a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from tuning.datasets.triggers import MAIL, NUMBER, SECRET
from tuning.datasets.vendors import tokens

CODES = ("secret", "email_address", "phone_number", "card_number", "bank_account", "social_security_number")
PLACEHOLDERS = {
    "secret": "[SECRET]",
    "email_address": "[EMAIL]",
    "phone_number": "[PHONE]",
    "card_number": "[CARD]",
    "bank_account": "[IBAN]",
    "social_security_number": "[SSN]",
}


class Hit(NamedTuple):
    """`text[start:end]` is private; `name` says what it is, never what it says."""

    code: str
    start: int
    end: int
    name: str


_MAIL_HOST = re.compile(r"@((?:[\w-]{1,63}\.)+[a-zA-Z]{2,24})(?![a-zA-Z0-9_(])")
# Pictures for fine screens (logo@2x.png), and who logs in at an address (https://me@host).
_NO_MAIL = re.compile(r"[1-4]x\.[a-z]{2,4}$")
# Scripts that write no spaces would have the words before it in its name.
_MAIL_NAME = re.compile(r"(?:(?![\u0e00-\u109f\u1780-\u17ff\u2e80-\uffef])[\w.+-]){1,64}$")
_LOGIN = re.compile(r"://[^\s{}/]{0,100}:$")
_RESERVED = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net)|test|example|invalid|localhost|local|lan|internal)$", re.IGNORECASE
)
# With re.ASCII a word ends where Chinese or Japanese begins, which put no spaces between them.
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])", re.ASCII)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", re.ASCII)
_PHONE = re.compile(
    r"\+\d|\(\d{3}\) ?\d{3}[-. ]\d{4}|(?<![\w.-])\d{3}[-. ]\d{3}[-. ]\d{4}(?![\w-])", re.ASCII
)
_MORE_SECRETS = (
    (
        "API key",  # one run of letters and digits is long, which in words with hyphens none is
        re.compile(
            r"(?a)(?<![\w-])sk-(?:[a-z0-9]{2,8}-){0,2}(?=[\w-]{0,80}\d)(?=[\w-]{0,80}[A-Za-z0-9]{16})"
            r"(?!(.)\1{7})[A-Za-z0-9_-]{20,}"
        ),
    ),
    ("Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}(?![\w-])", re.ASCII)),
    ("Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{34}\b", re.ASCII)),
    ("GitHub token", re.compile(r"\bgithub_pat_[A-Za-z0-9_]{60,}", re.ASCII)),
    ("npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b", re.ASCII)),
    ("Databricks token", re.compile(r"\bdapi[0-9a-f]{32}\b", re.ASCII)),
    ("Slack token", re.compile(r"\b(?:xapp|xoxe(?:\.xox[bp])?)-\d-[A-Za-z0-9-]{20,}", re.ASCII)),
    ("Bearer token", re.compile(r"\bBearer\s+(?=\S*\d)[A-Za-z0-9._~+/-]{24,}=*", re.ASCII)),
    ("AWS secret key", re.compile(r"(?ia)\baws_?secret_?(?:access_?)?key\W{1,6}[A-Za-z0-9/+]{40}(?![\w/+])")),
    ("JSON Web Token", re.compile(r"(?a)(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w+/=-]*)?")),
    ("login", re.compile(r"://[^\s:/?#\[\]@{}\"\\]{0,100}:(?P<key>[^\s:/?#\[\]@{}<>$\"'`\\]{1,200})@")),
    (
        "npm token",
        re.compile(r"(?a)//\S{1,200}/:_authToken=\s{0,4}(?P<key>npm_\w+|[A-Fa-f0-9-]{36})"),
    ),
    (
        "Private key",
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[\s\S]*?(?:-----END[^-]*-----|$)"),
    ),
)
_NO_SECRET = re.compile(
    r"(?:user(?:name)?|pass(?:word|wd)?|pwd|secret|token|key|[*x.]+|<.*|\[.*|\$.*)", re.IGNORECASE
)
#: Detectors whose patterns have the secret in their first group, when they have groups.
_IN_GROUP = ("AWS Access Key",)
_EVERYTHING = SECRET | MAIL | NUMBER


def find(text: str, kinds: int = _EVERYTHING) -> list[Hit]:
    """What of these kinds is private in a text, in order and without overlaps."""
    hits = [
        *(_secrets(text) if kinds & (SECRET | NUMBER) else ()),
        *(_tokens(text) if kinds & SECRET else ()),
        *(_mails(text) if kinds & MAIL else ()),
        *(_numbers(text) if kinds & NUMBER else ()),
    ]
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def redact(text: str, codes: Iterable[str] = CODES) -> tuple[str, list[str]]:
    """The text with a placeholder for everything private, and the codes of what was replaced."""
    wanted = set(codes)
    pieces, done, end = [], [], 0
    for hit in find(text):
        if hit.code in wanted:
            pieces += [text[end : hit.start], PLACEHOLDERS[hit.code]]
            done.append(hit.code)
            end = hit.end
    return "".join([*pieces, text[end:]]), done


def _mails(text: str) -> Iterator[Hit]:
    for host in _MAIL_HOST.finditer(text):
        name = _MAIL_NAME.search(text, max(0, host.start() - 64), host.start())
        if (
            name
            and name[0] != "git"
            and not _RESERVED.search(host[1])
            and not _NO_MAIL.match(host[1])
            and not text.startswith("://", name.start() - 3)
            and not _LOGIN.search(text, max(0, name.start() - 110), name.start())
        ):
            yield Hit("email_address", name.start(), host.end(), "an e-mail address")


def _numbers(text: str) -> Iterator[Hit]:
    for match in _CARD.finditer(text):
        if is_card(match[0]):
            yield Hit("card_number", match.start(), match.end(), "a card number")
    for match in _IBAN.finditer(text):
        if is_iban(match[0]):
            yield Hit("bank_account", match.start(), match.end(), "an IBAN")
    for match in _SSN.finditer(text):
        yield Hit("social_security_number", match.start(), match.end(), "a US social security number")
    if _PHONE.search(text):
        yield from _phones(text)


def _phones(text: str) -> Iterator[Hit]:
    import phonenumbers

    for match in phonenumbers.PhoneNumberMatcher(text, "US", leniency=phonenumbers.Leniency.VALID):
        raw = match.raw_string
        if _PHONE.match(raw):
            yield Hit("phone_number", match.start, match.end, "a phone number")


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


def _secrets(text: str) -> Iterator[Hit]:
    for name, pattern in _MORE_SECRETS:
        key = "key" if "key" in pattern.groupindex else 0
        for match in pattern.finditer(text):
            if not _NO_SECRET.fullmatch(match[key]):
                yield Hit("secret", match.start(key), match.end(key), f"a secret ({name})")
    for name, pattern, group in _detectors():
        for match in pattern.finditer(text):
            if not _NO_SECRET.fullmatch(match[group]):
                yield Hit("secret", match.start(group), match.end(group), f"a secret ({name})")


def _tokens(text: str) -> Iterator[Hit]:
    for token in tokens(text):
        yield Hit("secret", token.start, token.end, f"a secret ({token.kind})")


@cache
def _detectors() -> list[tuple[str, re.Pattern[str], int]]:
    """Loaded only when a text has a mark of a secret: importing them takes a third of a second."""
    from detect_secrets.plugins import (
        aws,
        azure_storage_key,
        github_token,
        gitlab_token,
        mailchimp,
        private_key,
        pypi_token,
        sendgrid,
        slack,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )

    detectors: list[Any] = [
        aws.AWSKeyDetector(),
        azure_storage_key.AzureStorageKeyDetector(),
        github_token.GitHubTokenDetector(),
        gitlab_token.GitLabTokenDetector(),
        mailchimp.MailchimpDetector(),
        private_key.PrivateKeyDetector(),
        pypi_token.PypiTokenDetector(),
        sendgrid.SendGridDetector(),
        slack.SlackDetector(),
        square_oauth.SquareOAuthDetector(),
        stripe.StripeDetector(),
        telegram_token.TelegramBotTokenDetector(),
        twilio.TwilioKeyDetector(),
    ]
    return [
        (detector.secret_type, pattern, min(pattern.groups, 1) if detector.secret_type in _IN_GROUP else 0)
        for detector in detectors
        for pattern in detector.denylist
    ]
