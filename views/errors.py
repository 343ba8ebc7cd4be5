"""The one translator from an error to words for people."""

from __future__ import annotations

from tuning.errors import FtBotError, Invalid
from tuning.policy import NotAllowedTo
from views.blocks import notice
from views.rendered import Rendered
from views.text import code, mention, prose


def problem(error: FtBotError) -> Rendered:
    """What went wrong, and what to do about it."""
    lines = _what(error)
    if isinstance(error, NotAllowedTo):
        lines.append(f"The owner is {mention(error.owner)}.")
    if error.remedy:
        lines.append(prose(error.remedy, 1000))
    return notice("\n".join(lines))


def unexpected(reference: str) -> Rendered:
    """An error that nobody foresaw: its number stands in the log too."""
    return notice(
        "⚠️ Something went wrong that I was not prepared for; it was not your doing. Try it once more. "
        f"If it stays so, give the reference {code(reference, 80)} to whoever runs me: "
        "the log has the details under it."
    )


_TRIGGER = "⚠️ That took a moment too long for Slack, so the form could not open. Press or type it again."
_REJECTED = "⚠️ Slack rejects me now. Tell whoever runs me: `ft-bot doctor` says what to renew."
_SLACK = {
    "expired_trigger_id": _TRIGGER,
    "trigger_expired": _TRIGGER,
    "invalid_trigger_id": _TRIGGER,
    "exchanged_trigger_id": _TRIGGER,
    "trigger_exchanged": _TRIGGER,
    "account_inactive": _REJECTED,
    "invalid_auth": _REJECTED,
    "token_revoked": _REJECTED,
    "token_expired": _REJECTED,
    "missing_scope": (
        "⚠️ My Slack app lacks a permission for this. Tell whoever runs me: `ft-bot doctor` names it."
    ),
    "not_in_channel": "⚠️ I am not in that channel: `/invite` me there, then try again.",
    "channel_not_found": "⚠️ I don't see that channel: `/invite` me there, then try again.",
    "ratelimited": "⚠️ Slack asks me to slow down. Try again in a minute.",
}


def slack_refused(word: str, reference: str) -> Rendered:
    """Slack itself refused what we sent; `word` is its own for it."""
    if word in _SLACK:
        return notice(_SLACK[word])
    return notice(
        f"⚠️ Slack didn't take my answer ({code(word, 80)}). If it stays so, give the reference "
        f"{code(reference, 80)} to whoever runs me."
    )


def broke_off(error: FtBotError) -> Rendered:
    """An answer ended before its end."""
    return notice(f"⚠️ The answer broke off: {prose(error.message, 1000)} {prose(error.remedy, 500)}".strip())


def _what(error: FtBotError) -> list[str]:
    if isinstance(error, Invalid) and error.fields:
        faults = [f"• {code(name, 60)}: {prose(why, 300)}" for name, why in error.fields.items()]
        return ["⚠️ Some of the values can't be used:", *faults[:10]]
    return [f"⚠️ {prose(error.message, 1500)}"]
