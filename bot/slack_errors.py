"""What Slack's refusals mean for a message that is owed."""

from __future__ import annotations

from enum import Enum, auto

from slack_sdk.errors import SlackApiError

from handlers.slack_trouble import FAILURES, UNSURE, word

__all__ = ["FAILURES", "Fate", "fate", "retry_after", "word"]


class Fate(Enum):
    """What to do with the message."""

    slower = auto()  # asked to wait; it was not posted
    elsewhere = auto()  # the channel can't be written to
    plainer = auto()  # text or blocks were refused
    rootless = auto()  # the thread's root, or the message to edit, is gone
    closed = auto()  # the whole workspace refuses us: wait for the administrator
    unknown = auto()  # it may have been posted
    refused = auto()  # anything else


MEANINGS = {
    Fate.slower: {"ratelimited", "rate_limited", "message_limit_exceeded"},
    Fate.elsewhere: {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "cannot_dm_bot",
        "user_not_found",
    },
    Fate.plainer: {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "metadata_too_large",
        "invalid_metadata_format",
    },
    Fate.rootless: {
        "thread_not_found",
        "cannot_reply_to_message",
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "restricted_action_thread_locked",
    },
    Fate.closed: {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_authed",
        "token_expired",
        "token_revoked",
        "team_access_not_granted",
        "ekm_access_denied",
    },
    Fate.unknown: UNSURE,
}


def fate(error: BaseException) -> Fate:
    """What this failure of a post or an edit means."""
    if not isinstance(error, SlackApiError):
        return Fate.unknown
    said, status = word(error), getattr(error.response, "status_code", 200)
    if status == 429:
        return Fate.slower
    for meaning, words in MEANINGS.items():
        if said in words:
            return meaning
    return Fate.unknown if said.startswith("http_") else Fate.refused


def retry_after(error: BaseException) -> float:
    """Seconds that Slack asks us to wait."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), None)
    value = value[0] if isinstance(value, list) else value
    try:
        return max(1.0, float(value)) if value is not None else 5.0
    except ValueError:
        return 5.0
