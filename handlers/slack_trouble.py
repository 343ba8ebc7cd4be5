"""What may go wrong between us and Slack, and Slack's own word for it."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

#: A call failed: refused, unreachable, or cut off with its fate unknown.
FAILURES = (SlackClientError, aiohttp.ClientError, OSError)

#: The bot can't write here.
CLOSED = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
    }
)
#: Slack had trouble itself: the work may be done.
UNSURE = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})


def word(error: BaseException) -> str:
    """Slack's word for what it refused, `http_503` where it gave none, else what broke."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    data = getattr(error.response, "data", error.response)
    if isinstance(data, dict) and data.get("error"):
        return str(data["error"])
    return f"http_{getattr(error.response, 'status_code', 'unknown')}"


def fate_unknown(error: BaseException) -> bool:
    """Whether the call may have done its work all the same."""
    said = word(error)
    return not isinstance(error, SlackApiError) or said.startswith("http_") or said in UNSURE
