"""Trigger ids, which live three seconds and work once, and response URLs, which work five times."""

import secrets
from dataclasses import replace

from .errors import SlackError
from .records import App, ResponseUrl, Trigger
from .state import Workspace

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60
RESPONSE_USES = 5


def issue_trigger(
    ws: Workspace, app: App, user: str, channel: str | None, view_id: str | None = None
) -> Trigger:
    """A trigger for one interaction; `view_id` is the modal it came from, onto which it may push."""
    identifier = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
    return ws.triggers.put(Trigger(identifier, app.id, user, channel, ws.clock(), view_id=view_id))


def exchange(ws: Workspace, app: App, trigger_id: str) -> Trigger:
    """Uses a trigger up, or raises what Slack answers to a wrong, late or used one."""
    trigger = ws.triggers.get(trigger_id)
    if trigger is None or trigger.app_id != app.id:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if ws.clock() - trigger.issued > TRIGGER_SECONDS:
        raise SlackError("expired_trigger_id")
    ws.triggers.put(replace(trigger, used=True))
    return trigger


def issue_response_url(
    ws: Workspace,
    app: App,
    user: str,
    channel: str,
    message_ts: str | None = None,
    thread_ts: str | None = None,
    is_ephemeral: bool = False,
) -> str:
    """The URL at which the app may answer; `message_ts` is the message that the interaction came from."""
    key = f"{ws.team.id}/{secrets.randbelow(10**13)}/{secrets.token_urlsafe(18)}"
    record = ResponseUrl(
        key,
        app.id,
        user,
        channel,
        ws.clock(),
        message_ts=message_ts,
        thread_ts=thread_ts,
        is_ephemeral=is_ephemeral,
    )
    ws.response_urls.put(record)
    return f"{ws.base_url}/{'actions' if message_ts else 'commands'}/{key}"


def use_response_url(ws: Workspace, key: str) -> ResponseUrl:
    """Counts one use; `no_such_url`, `expired_url` or `used_url` otherwise."""
    record = ws.response_urls.get(key)
    if record is None:
        raise SlackError("no_such_url")
    if ws.clock() - record.issued > RESPONSE_SECONDS:
        raise SlackError("expired_url")
    if record.uses >= RESPONSE_USES:
        raise SlackError("used_url")
    return ws.response_urls.put(replace(record, uses=record.uses + 1))
