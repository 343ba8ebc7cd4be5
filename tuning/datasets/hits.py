"""What private data is called, and where in a text it stands."""

from __future__ import annotations

from typing import NamedTuple

PLACEHOLDERS = {
    "secret": "[SECRET]",
    "email_address": "[EMAIL]",
    "phone_number": "[PHONE]",
    "card_number": "[CARD]",
    "bank_account": "[IBAN]",
    "social_security_number": "[SSN]",
}
CODES = tuple(PLACEHOLDERS)


class Hit(NamedTuple):
    """`text[start:end]` is private; `name` says what it is, never what it says."""

    code: str
    start: int
    end: int
    name: str


def secret(kind: str, span: tuple[int, int]) -> Hit:
    """A secret of this kind."""
    return Hit("secret", *span, f"a secret ({kind})")
