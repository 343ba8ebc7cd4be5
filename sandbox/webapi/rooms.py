"""conversations.*, the part that makes and changes channels."""

import re
from dataclasses import replace

from ..workspace.errors import SlackError
from ..workspace.ids import new_id
from ..workspace.people import channel_json, leave, visible
from ..workspace.records import JSON, Channel
from .call import Call

NAME = re.compile(r"[a-z0-9_-]{1,80}")


def _free_name(call: Call) -> str:
    name = call.text("name")
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > 80:
        raise SlackError("invalid_name_maxlength")
    if not NAME.fullmatch(name):
        raise SlackError("invalid_name_specials")
    if any(channel.name == name for channel in call.ws.channels.values()):
        raise SlackError("name_taken")
    return name


def create(call: Call) -> JSON:
    private = call.flag("is_private")
    call.require("groups:write" if private else "channels:manage")
    channel = Channel(
        id=new_id("C"),
        name=_free_name(call),
        kind="group" if private else "channel",
        creator=call.bot,
        created=int(call.ws.clock()),
        members=(call.bot,),
    )
    return {"channel": _changed(call, channel)}


def _changed(call: Call, channel: Channel) -> JSON:
    call.ws.channels.put(channel)
    call.ws.journal.add("channel", channel=channel.id)
    return channel_json(call.ws, channel, call.bot)


def _own(call: Call, member: bool = True) -> Channel:
    """A channel, no direct conversation, that the app may change."""
    channel = visible(call.ws, call.need("channel"), call.bot)
    if channel.is_direct:
        raise SlackError("method_not_supported_for_channel_type")
    call.require("groups:write" if channel.kind == "group" else "channels:manage")
    if member and call.bot not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def rename(call: Call) -> JSON:
    channel, name = _own(call), _free_name(call)
    shown = _changed(call, replace(channel, name=name))
    event = {"id": channel.id, "name": name, "created": channel.created}
    stamp = call.ws.timestamps.next()
    call.ws.notify({"type": "channel_rename", "channel": event, "event_ts": stamp}, channel, None)
    return {"channel": shown}


def set_topic(call: Call) -> JSON:
    channel = _own(call)
    if len(call.text("topic")) > 250:
        raise SlackError("too_long")
    return {"channel": _changed(call, replace(channel, topic=call.text("topic")))}


def set_purpose(call: Call) -> JSON:
    channel = _own(call)
    if len(call.text("purpose")) > 250:
        raise SlackError("too_long")
    _changed(call, replace(channel, purpose=call.text("purpose")))
    return {"purpose": call.text("purpose")}


def archive(call: Call) -> JSON:
    channel = _own(call)
    if channel.is_general:
        raise SlackError("cant_archive_general")
    if channel.is_archived:
        raise SlackError("already_archived")
    _changed(call, replace(channel, is_archived=True))
    stamp = call.ws.timestamps.next()
    event = {"type": "channel_archive", "channel": channel.id, "user": call.bot, "event_ts": stamp}
    call.ws.notify(event, channel, None)
    return {}


def kick(call: Call) -> JSON:
    channel, user = _own(call), call.need("user")
    call.ws.person(user)
    if user == call.bot:
        raise SlackError("cant_kick_self")
    if channel.is_general:
        raise SlackError("cant_kick_from_general")
    leave(call.ws, channel, user)
    return {}
