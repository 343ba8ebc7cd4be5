"""Ids of our own: short enough to read aloud, and the same again for the same request."""

from __future__ import annotations

import base64
import hashlib
import secrets

_SEPARATOR = "\x1f"


def new_id(prefix: str) -> str:
    """A random id such as `drop_k3v9x2m4q7ab` (60 bits)."""
    return f"{prefix}_{_letters(secrets.token_bytes(8))}"


def request_id(prefix: str, *request: str) -> str:
    """The id of what this request makes: a request that arrives twice makes one thing."""
    return f"{prefix}_{_letters(hashlib.sha256(_SEPARATOR.join(request).encode()).digest())}"


def _letters(raw: bytes) -> str:
    return base64.b32encode(raw).decode().lower()[:12]
