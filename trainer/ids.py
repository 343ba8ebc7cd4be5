"""Ids that look like OpenAI's and can't be guessed."""

import secrets
import string
import time

ALPHABET = string.ascii_letters + string.digits


def new(prefix: str, length: int = 24) -> str:
    """A fresh id, such as file-... or ftjob-..."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))


def now() -> int:
    """Unix time in whole seconds, as the wire has it."""
    return int(time.time())
