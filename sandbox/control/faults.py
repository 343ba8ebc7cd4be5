"""Faults to order: the next calls of a method fail in a chosen way, so that a bot's courage can be tested."""

from dataclasses import dataclass, field
from typing import Any

from ..workspace.errors import SlackError
from ..workspace.ids import new_id

KINDS = ("error", "ratelimited", "status", "drop_before", "drop_after", "slow", "not_json")


@dataclass
class Fault:
    """One order. `times` counts down; `match` limits it to calls with these arguments.

    - error: answers `error` without doing the work
    - ratelimited: 429 with Retry-After `retry_after`
    - status: HTTP `status` with an empty body; not_json: 200 with a page of HTML
    - drop_before, drop_after: closes the connection before or after doing the work
    - slow: waits `seconds`, then does the work
    """

    method: str
    kind: str
    times: int = 1
    error: str = "internal_error"
    retry_after: int = 1
    status: int = 500
    seconds: float = 1.0
    match: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("X"))

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SlackError("invalid_fault", allowed=list(KINDS))


class Faults:
    """The orders that are still open."""

    def __init__(self) -> None:
        self.open: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.open.append(fault)
        return fault

    def take(self, method: str, args: dict[str, Any]) -> Fault | None:
        """The fault that this call must suffer, counted down."""
        for fault in self.open:
            named = fault.method in ("*", method)
            if named and all(str(args.get(key)) == str(value) for key, value in fault.match.items()):
                fault.times -= 1
                if fault.times <= 0:
                    self.open.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self.open.clear()
