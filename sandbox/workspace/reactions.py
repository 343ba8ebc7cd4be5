"""Emoji reactions: who put which on what."""

from .errors import SlackError
from .messages import change_quietly
from .records import Message
from .state import Workspace


def add(ws: Workspace, message: Message, name: str, user: str) -> Message:
    current = dict(message.reactions)
    if user in current.get(name, ()):
        raise SlackError("already_reacted")
    current[name] = (*current.get(name, ()), user)
    return _store(ws, message, current, name, user, "reaction_added")


def remove(ws: Workspace, message: Message, name: str, user: str) -> Message:
    current = dict(message.reactions)
    if user not in current.get(name, ()):
        raise SlackError("no_reaction")
    left = tuple(each for each in current.pop(name) if each != user)
    return _store(ws, message, current | ({name: left} if left else {}), name, user, "reaction_removed")


def _store(
    ws: Workspace, message: Message, current: dict[str, tuple[str, ...]], name: str, user: str, kind: str
) -> Message:
    changed = change_quietly(ws, message, reactions=tuple(current.items()))
    event = {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "item_user": message.user,
        "event_ts": ws.timestamps.next(),
    }
    ws.notify(event, ws.channels[message.channel], None)
    return changed
