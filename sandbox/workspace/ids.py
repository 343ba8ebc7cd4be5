"""Identifiers and timestamps in Slack's forms, unique within one workspace."""

import secrets
import string
import time
from collections.abc import Callable

ALPHABET = string.ascii_uppercase + string.digits
Clock = Callable[[], float]


def new_id(prefix: str, length: int = 10) -> str:
    """A fresh id such as `F0A1B2C3D4`: the kind's letter, a zero, then capitals and digits."""
    return f"{prefix}0{''.join(secrets.choice(ALPHABET) for _ in range(length - 1))}"


def new_block_id() -> str:
    """What Slack puts where a block came without an id: five characters."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))


class Timestamps:
    """Message timestamps: seconds and microseconds, each later than the one before."""

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self._last = 0

    def next(self) -> str:
        micros = max(int(self.clock() * 1_000_000), self._last + 1)
        self._last = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def seen(self, ts: str) -> None:
        """Makes every later timestamp greater than `ts` (one read back from disk)."""
        seconds, _, fraction = ts.partition(".")
        self._last = max(self._last, int(seconds) * 1_000_000 + int(fraction or 0))
