"""Faults to order: the next calls of a method fail in a chosen way, so that a bot's courage can be tested."""

from collections.abc import Awaitable, Callable
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


Hook = Callable[[str, dict[str, Any]], Awaitable[None]]


class Faults:
    """The orders that are still open.

    A program that runs the sandbox may also set `before` and `after`: they are awaited at each call, with
    its method and arguments, before its work and between its work and its answer. One that raises
    ConnectionResetError ends the call there.
    """

    def __init__(self) -> None:
        self.open: list[Fault] = []
        self.before: Hook | None = None
        self.after: Hook | None = None

    async def reached(self, hook: Hook | None, method: str, args: dict[str, Any]) -> None:
        if hook:
            await hook(method, args)

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
