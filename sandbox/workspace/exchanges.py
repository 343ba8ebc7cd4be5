"""Every request between Slack and the app, with payload, answer and timing: what the inspector shows."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from .ids import new_id
from .journal import Journal

SECRET_KEYS = ("token", "access_token", "client_secret", "authorization", "code")


@dataclass
class Exchange:
    """`direction` is call (app to Slack), or from Slack to the app event, command, action,
    view_submission, view_closed, options or shortcut."""

    direction: str
    name: str
    app_id: str
    payload: Any
    transport: str = "http"
    attempt: int = 0
    retry_reason: str | None = None
    started: float = field(default_factory=time.time)
    ms: float | None = None
    ok: bool | None = None
    error: str | None = None
    response: Any = None
    status: int | None = None
    id: str = field(default_factory=lambda: new_id("X", 12))
    _clock: float = field(default_factory=time.perf_counter, repr=False)

    def to_json(self) -> dict[str, Any]:
        shown = asdict(self)
        shown.pop("_clock")
        return shown


def redacted(value: Any) -> Any:
    """A copy without tokens and secrets."""
    if isinstance(value, dict):
        return {k: "(hidden)" if k in SECRET_KEYS else redacted(v) for k, v in value.items()}
    return [redacted(each) for each in value] if isinstance(value, list) else value


class Exchanges:
    """The latest exchanges; each start and each end is an entry of the journal."""

    def __init__(self, journal: Journal, keep: int = 5_000) -> None:
        self._journal = journal
        self._kept: deque[Exchange] = deque(maxlen=keep)

    def start(self, exchange: Exchange) -> Exchange:
        exchange.payload = redacted(exchange.payload)
        self._kept.append(exchange)
        return exchange

    def end(
        self, exchange: Exchange, ok: bool, error: str | None, response: Any, status: int | None = None
    ) -> None:
        exchange.ms = round((time.perf_counter() - exchange._clock) * 1000, 2)
        exchange.ok, exchange.error, exchange.status = ok, error, status
        exchange.response = redacted(response)
        self._journal.add("exchange", exchange=exchange.to_json())

    def find(self, key: str) -> Exchange | None:
        """By its own id, or by the event_id or envelope that it carried."""
        return next((e for e in reversed(self._kept) if key in (e.id, _event_id(e))), None)

    def all(self) -> list[Exchange]:
        return list(self._kept)


def _event_id(exchange: Exchange) -> str | None:
    return exchange.payload.get("event_id") if isinstance(exchange.payload, dict) else None
