"""pins.* and bookmarks.*: what a channel keeps in sight."""

from dataclasses import replace

from ..workspace import messages
from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.ids import new_id
from ..workspace.records import JSON, Bookmark, Message
from .call import Call


def _pinnable(call: Call) -> Message:
    channel = call.writable(call.need("channel"))
    if not call.text("timestamp"):
        raise SlackError("no_item_specified")
    return call.ws.message(channel.id, call.text("timestamp"))


def add_pin(call: Call) -> JSON:
    message = _pinnable(call)
    if message.pinned:
        raise SlackError("already_pinned")
    _pin(call, message, True, "pin_added")
    return {}


def remove_pin(call: Call) -> JSON:
    message = _pinnable(call)
    if not message.pinned:
        raise SlackError("no_pin")
    _pin(call, message, False, "pin_removed")
    return {}


def _pin(call: Call, message: Message, pinned: bool, kind: str) -> None:
    changed = messages.change_quietly(call.ws, message, pinned=pinned)
    item = {"type": "message", "channel": message.channel, "message": messages.render(call.ws, changed)}
    event = {"type": kind, "user": call.bot, "channel_id": message.channel, "item": item}
    channel = call.ws.channels[message.channel]
    call.ws.notify({**event, "event_ts": call.ws.timestamps.next()}, channel, None)


def list_pins(call: Call) -> JSON:
    channel = call.writable(call.need("channel"))
    pinned = [message for message in call.ws.in_channel(channel.id) if message.pinned]
    shown = [(message, messages.render(call.ws, message)) for message in reversed(pinned)]
    items = [
        {"type": "message", "channel": channel.id, "message": m, "created": int(float(r.ts))}
        for r, m in shown
    ]
    return {"items": items}


def _bookmark_json(bookmark: Bookmark) -> JSON:
    return {
        "id": bookmark.id,
        "channel_id": bookmark.channel,
        "title": bookmark.title,
        "link": bookmark.link,
        "emoji": bookmark.emoji,
        "icon_url": None,
        "type": "link",
        "entity_id": None,
        "date_created": bookmark.created,
        "date_updated": bookmark.updated,
        "rank": "",
        "last_updated_by_user_id": bookmark.user,
        "last_updated_by_team_id": bookmark.team,
        "shortcut_id": None,
        "app_id": None,
    }


def add_bookmark(call: Call) -> JSON:
    channel = call.writable(call.need("channel_id"))
    if call.need("type") != "link":
        raise SlackError("invalid_bookmark_type")
    now = int(call.ws.clock())
    bookmark = Bookmark(
        new_id("Bk"),
        channel.id,
        call.need("title"),
        _link(call),
        call.text("emoji"),
        call.bot,
        call.ws.team.id,
        now,
    )
    return {"bookmark": _bookmark_json(call.ws.bookmarks.put(bookmark))}


def _link(call: Call) -> str:
    link = call.need("link")
    if not link.startswith(("http://", "https://")):
        raise SlackError("invalid_link")
    return link


def _bookmark(call: Call) -> Bookmark:
    channel = call.writable(call.need("channel_id"))
    found = call.ws.bookmarks.get(call.need("bookmark_id"))
    if found is None or found.channel != channel.id:
        raise SlackError("not_found")
    return found


def edit_bookmark(call: Call) -> JSON:
    found = _bookmark(call)
    if not any(call.text(name) for name in ("title", "link", "emoji")):
        raise invalid_arguments("missing required field: title")
    changed = replace(
        found,
        title=call.text("title") or found.title,
        link=_link(call) if call.text("link") else found.link,
        emoji=call.text("emoji") or found.emoji,
        updated=int(call.ws.clock()),
    )
    return {"bookmark": _bookmark_json(call.ws.bookmarks.put(changed))}


def remove_bookmark(call: Call) -> JSON:
    call.ws.bookmarks.remove(_bookmark(call).id)
    return {}


def list_bookmarks(call: Call) -> JSON:
    channel = call.writable(call.need("channel_id"))
    return {"bookmarks": [_bookmark_json(b) for b in call.ws.bookmarks.values() if b.channel == channel.id]}
