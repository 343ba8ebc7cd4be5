"""reactions.*: emoji on messages."""

import re

from ..workspace import messages, reactions
from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.records import JSON, Message
from .call import Call

NAME = re.compile(r"[a-z0-9_+'\-]+(::skin-tone-[2-6])?")


def _target(call: Call) -> Message:
    if not call.text("channel") or not call.text("timestamp"):
        raise SlackError("no_item_specified")
    channel = call.writable(call.text("channel"))
    return call.ws.message(channel.id, call.text("timestamp"))


def _name(call: Call) -> str:
    name = call.text("name").strip(":")
    if not NAME.fullmatch(name):
        raise SlackError("invalid_name")
    return name


def add(call: Call) -> JSON:
    name = _name(call)
    reactions.add(call.ws, _target(call), name, call.bot)
    return {}


def remove(call: Call) -> JSON:
    name = _name(call)
    reactions.remove(call.ws, _target(call), name, call.bot)
    return {}


def get(call: Call) -> JSON:
    if not call.text("channel"):
        raise invalid_arguments("missing required field: channel")
    message = _target(call)
    shown = messages.render(call.ws, message)
    return {"type": "message", "channel": message.channel, "message": shown}
