"""What becomes of an update that Slack didn't take: decided here, done by the courier."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.slack_errors import Fate, fate, retry_after
from tuning.records import Update, UpdateState

GIVE_UP_AFTER = 8
LONGEST_WAIT = timedelta(minutes=5)
#: The pause between two edits of one card: `chat.update` allows fifty a minute in a workspace.
EDIT_EVERY = timedelta(seconds=2)


def after(update: Update, error: BaseException, now: datetime) -> dict[str, Any]:
    """The fields that change; the courier handles `Fate.elsewhere` of a post itself."""
    meaning = fate(error)
    if update.ts:
        return _edit(update, meaning, error, now)
    tried = update.attempts + 1
    later = now + min(timedelta(seconds=2**tried), LONGEST_WAIT)
    if meaning is Fate.unknown:
        # it stays "sending": before the next try it is looked up in the channel
        return {"attempts": min(tried, GIVE_UP_AFTER), "not_before": later}
    pending: dict[str, Any] = {"state": UpdateState.pending}
    if meaning is Fate.slower:
        return pending | {"not_before": now + timedelta(seconds=retry_after(error))}
    if meaning is Fate.closed:
        return pending
    if meaning is Fate.rootless and (update.parent or update.thread_ts):
        return pending | {"parent": None, "thread_ts": None}
    if meaning is Fate.plainer and not update.payload.get("plain"):
        return pending | {"payload": {**update.payload, "plain": True}}
    if meaning is Fate.refused and tried < GIVE_UP_AFTER:
        return pending | {"attempts": tried, "not_before": later}
    return {"state": UpdateState.dead}


def after_search(update: Update, error: BaseException, now: datetime) -> dict[str, Any]:
    """When the channel couldn't be searched: it stays "sending", for it may have been posted."""
    meaning = fate(error)
    if meaning is Fate.slower:
        return {"not_before": now + timedelta(seconds=retry_after(error))}
    if meaning is Fate.closed:
        return {}
    tried = min(update.attempts + 1, GIVE_UP_AFTER)
    return {"attempts": tried, "not_before": now + min(timedelta(seconds=2**tried), LONGEST_WAIT)}


def unshowable(update: Update, now: datetime) -> dict[str, Any]:
    """When a view failed, which is our fault: others wait for this one only so long."""
    tried = update.attempts + 1
    if tried >= GIVE_UP_AFTER:
        return {"attempts": 0, "shown": update.revision} | ({} if update.ts else {"state": UpdateState.dead})
    return {"attempts": tried, "not_before": now + min(timedelta(seconds=2**tried), LONGEST_WAIT)}


def _edit(update: Update, meaning: Fate, error: BaseException, now: datetime) -> dict[str, Any]:
    """An edit may be tried again at any time; one that is refused for good waits for the next revision."""
    if meaning is Fate.slower:
        return {"not_before": now + timedelta(seconds=retry_after(error))}
    if meaning is Fate.closed:
        return {}
    if meaning is Fate.unknown:
        return {"not_before": now + EDIT_EVERY}
    if meaning is Fate.plainer and not update.payload.get("plain"):
        return {"payload": {**update.payload, "plain": True}}
    return {"shown": update.revision, "not_before": now + EDIT_EVERY}
