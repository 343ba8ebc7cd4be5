"""How an app answered: the outcome of one delivery, whichever road it took."""

from dataclasses import dataclass
from typing import Any

ACK_SECONDS = 3.0


@dataclass(frozen=True)
class Ack:
    """`error` is None when the app acknowledged in time; `body` is what it sent along."""

    error: str | None = None
    body: Any = None
    status: int | None = None
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None
