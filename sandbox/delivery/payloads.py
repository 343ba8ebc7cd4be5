"""The payloads that an app receives, field by field as Slack documents them."""

from typing import Any

from ..workspace import messages, views
from ..workspace.ids import new_id
from ..workspace.mrkdwn import NAMED, escape
from ..workspace.people import channel_json
from ..workspace.records import JSON, App, Channel, Message, Person, View
from ..workspace.state import Workspace


def event_callback(ws: Workspace, app: App, event: JSON) -> JSON:
    """The outer envelope of the Events API."""
    return {
        "token": app.verification_token,
        "team_id": ws.team.id,
        "context_team_id": ws.team.id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev", 12),
        "event_time": int(ws.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": ws.team.id,
                "user_id": app.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{new_id('ctx', 24)}",
    }


def channel_name(channel: Channel) -> str:
    return {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name)


def slash_command(
    ws: Workspace, app: App, person: Person, channel: Channel, command: str, text: str, trigger: str, url: str
) -> JSON:
    """The form of a slash command; the text is escaped as all typed text is."""
    return {
        "token": app.verification_token,
        "team_id": ws.team.id,
        "team_domain": ws.team.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": app.id,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": trigger,
    }


def escaped_text(ws: Workspace, text: str, should_escape: bool) -> str:
    """The text of a command; with `should_escape` names of people and channels become mentions."""
    if not should_escape:
        return escape(text)

    def mention(match: Any) -> str:
        person = next((p for p in ws.people.values() if p.name == match["person"]), None)
        channel = next((c for c in ws.channels.values() if c.name == match["channel"] and c.name), None)
        if person:
            return f"<@{person.id}|{person.name}>"
        return f"<#{channel.id}|{channel.name}>" if channel else str(match.group())

    return NAMED.sub(mention, escape(text))


def _user(ws: Workspace, person: Person) -> JSON:
    return {"id": person.id, "username": person.name, "name": person.name, "team_id": ws.team.id}


def _interaction(ws: Workspace, app: App, person: Person, kind: str) -> JSON:
    return {
        "type": kind,
        "team": {"id": ws.team.id, "domain": ws.team.domain},
        "user": _user(ws, person),
        "api_app_id": app.id,
        "token": app.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_source(ws: Workspace, message: Message) -> JSON:
    """Where an interaction with a message came from: container, channel, message."""
    channel = ws.channels[message.channel]
    container: JSON = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.seen_by is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    source: JSON = {"container": container, "channel": {"id": channel.id, "name": channel_name(channel)}}
    if message.seen_by is None:
        source["message"] = messages.render(ws, message)
    return source


def view_source(ws: Workspace, view: View) -> JSON:
    return {"container": {"type": "view", "view_id": view.id}, "view": views.render(ws, view)}


def block_actions(ws: Workspace, app: App, person: Person, source: JSON, action: JSON, trigger: str) -> JSON:
    """A press of a button or a choice; `source` comes from message_source or view_source."""
    payload = _interaction(ws, app, person, "block_actions")
    return {**payload, **source, "trigger_id": trigger, "actions": [action]}


def block_suggestion(
    ws: Workspace, app: App, person: Person, source: JSON, block_id: str, action_id: str, value: str
) -> JSON:
    payload = _interaction(ws, app, person, "block_suggestion")
    return {**payload, **source, "block_id": block_id, "action_id": action_id, "value": value}


def view_submission(ws: Workspace, app: App, person: Person, view: View, trigger: str) -> JSON:
    payload = _interaction(ws, app, person, "view_submission")
    shown = views.render(ws, view)
    return {**payload, "trigger_id": trigger, "view": shown, "response_urls": list(view.response_urls)}


def view_closed(ws: Workspace, app: App, person: Person, view: View, is_cleared: bool) -> JSON:
    payload = _interaction(ws, app, person, "view_closed")
    return {**payload, "view": views.render(ws, view), "is_cleared": is_cleared}


def shortcut(ws: Workspace, app: App, person: Person, callback_id: str, trigger: str) -> JSON:
    payload = _interaction(ws, app, person, "shortcut")
    return {**payload, "callback_id": callback_id, "trigger_id": trigger, "action_ts": ws.timestamps.next()}


def message_shortcut(
    ws: Workspace, app: App, person: Person, message: Message, callback_id: str, trigger: str, url: str
) -> JSON:
    payload = _interaction(ws, app, person, "message_action")
    channel = ws.channels[message.channel]
    return {
        **payload,
        "callback_id": callback_id,
        "trigger_id": trigger,
        "response_url": url,
        "action_ts": ws.timestamps.next(),
        "message_ts": message.ts,
        "channel": {
            "id": channel.id,
            "name": channel_json(ws, channel, person.id).get("name", "directmessage"),
        },
        "message": messages.render(ws, message),
    }
