"""What looks private and is nobody's: samples, test numbers, numbers kept for fiction, placeholders.

The constants are data (samples.toml), read when the first thing is found that looks private.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from ipaddress import ip_address
from typing import NamedTuple

_FICTION = re.compile(r"\+1\d{3}55501\d\d")
_RUN = re.compile(r"([xX0*.])\1{5,}|(.)\2{7,}")
_DIGITS_AT_END = re.compile(r"[\d!]{1,6}$")
_LEET = str.maketrans("@$013457", "asoieast")
#: Host names that no company has: RFC 2606, and machines nearby.
RESERVED_HOST = re.compile(
    r"(?:^|\.)(?:example(?:\.[a-z]{2,6}){1,2}|test|example|invalid|localhost|local|lan|internal)$",
    re.IGNORECASE,
)


class _Samples(NamedTuple):
    cards: frozenset[str]
    card_prefixes: tuple[str, ...]
    phone_prefixes: tuple[str, ...]
    social_security: frozenset[str]
    pieces: tuple[str, ...]
    words: tuple[str, ...]
    passwords: frozenset[str]
    inside: tuple[str, ...]


@cache
def _samples() -> _Samples:
    told = tomllib.loads(resources.files("tuning.datasets").joinpath("samples.toml").read_text("utf-8"))
    return _Samples(
        cards=frozenset(told["cards"]["numbers"]),
        card_prefixes=tuple(told["cards"]["prefixes"]),
        phone_prefixes=tuple(told["phones"]["prefixes"]),
        social_security=frozenset(told["social_security"]["numbers"]),
        pieces=tuple(told["tokens"]["pieces"]),
        words=tuple(told["tokens"]["words"]),
        passwords=frozenset(told["logins"]["passwords"]),
        inside=tuple(told["logins"]["inside"]),
    )


def is_test_card(digits: str) -> bool:
    """Whether a payment service publishes this card for tests."""
    return digits in _samples().cards or digits.startswith(_samples().card_prefixes)


def is_fictional_phone(number: str) -> bool:
    """Whether a number (+ and digits) is kept for fiction."""
    return bool(_FICTION.fullmatch(number)) or number.startswith(_samples().phone_prefixes)


def is_sample_ssn(number: str) -> bool:
    """Whether a US social security number was printed on a sample card."""
    return number in _samples().social_security


def is_sample_token(token: str) -> bool:
    """Whether a token stands in documentation, or stands for one that somebody has."""
    run = _RUN.search(token)
    if token.endswith("EXAMPLE") or (run and 5 * len(run[0]) >= len(token)):
        return True
    lower = token.lower()
    return any(word in lower for word in _samples().words) or any(p in token for p in _samples().pieces)


def is_sample_password(password: str) -> bool:
    """Whether a password is a word that stands for one, such as changeme, guest1 or P@ssw0rd!."""
    lower = password.lower()
    if lower in _samples().passwords or _DIGITS_AT_END.sub("", lower) in _samples().passwords:
        return True
    return not lower.strip("x*.-_#")


def has_sample_inside(password: str) -> bool:
    """Whether a password says inside that it is none."""
    lower = password.lower()
    return any(word in lower or word in lower.translate(_LEET) for word in _samples().inside)


def is_nearby(host: str) -> bool:
    """Whether a host is this machine, one of a private network, or one of documentation."""
    name = host.strip("[]").lower()
    if name in ("localhost", "host.docker.internal", "0.0.0.0") or name.endswith(".localhost"):  # noqa: S104
        return True
    try:
        return ip_address(name).is_private
    except ValueError:
        return bool(re.search(r"(?:^|\.)example(?:\.[a-z]+){0,2}$|\.(?:test|invalid)$", name))
