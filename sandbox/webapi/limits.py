"""Slack's rate limits: so many calls of a method a minute, and about one message a second a channel."""

import math
from dataclasses import dataclass, field

from ..workspace.ids import Clock

POST_BURST = 4


@dataclass
class Limits:
    """Both are off unless switched on; `wait` answers how long a caller must wait, 0 if not at all."""

    clock: Clock
    tiers: bool = False
    posting: bool = False
    _calls: dict[str, list[float]] = field(default_factory=dict)
    _posts: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, app_id: str, method: str, per_minute: int, channel: str | None) -> int:
        if self.posting and method == "chat.postMessage" and channel:
            return self._wait_to_post(f"{app_id}/{channel}")
        return self._wait_for_tier(f"{app_id}/{method}", per_minute) if self.tiers else 0

    def _wait_for_tier(self, key: str, per_minute: int) -> int:
        """Counts the calls of the last minute."""
        now = self.clock()
        recent = [at for at in self._calls.get(key, ()) if now - at < 60]
        if len(recent) >= per_minute:
            self._calls[key] = recent
            return max(1, math.ceil(60 - (now - recent[0])))
        self._calls[key] = [*recent, now]
        return 0

    def _wait_to_post(self, key: str) -> int:
        """One message a second, a few at once being tolerated."""
        now = self.clock()
        tokens, at = self._posts.get(key, (float(POST_BURST), now))
        tokens = min(float(POST_BURST), tokens + (now - at))
        if tokens < 1:
            self._posts[key] = (tokens, now)
            return max(1, math.ceil(1 - tokens))
        self._posts[key] = (tokens - 1, now)
        return 0
