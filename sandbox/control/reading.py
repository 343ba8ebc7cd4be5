"""What a person can see: channels with their messages, threads, notes for their eyes only, modals, Home."""

from ..workspace import manifest, messages, views
from ..workspace.people import channel_json, open_direct, user_json, visible
from ..workspace.records import JSON, Channel, Message
from ..workspace.state import Workspace


def overview(ws: Workspace) -> JSON:
    """Team, people, channels and apps; no secrets."""
    return {
        "team": {"id": ws.team.id, "name": ws.team.name, "domain": ws.team.domain},
        "people": [user_json(ws, person) for person in ws.people.values()],
        "channels": [
            {**channel_json(ws, c, ""), "members": list(c.members), "latest": _latest(ws, c)}
            for c in ws.channels.values()
        ],
        "apps": [
            {
                "id": app.id,
                "name": app.name,
                "bot_user_id": app.bot_user_id,
                "bot_id": app.bot_id,
                "commands": manifest.commands(app),
                "socket_mode": manifest.socket_mode(app),
                "request_url": app.request_url,
                "home_tab": manifest.home_tab(app),
                "messages_tab": manifest.messages_tab(app),
                "scopes": list(manifest.bot_scopes(app) or ()),
            }
            for app in ws.apps.values()
        ],
        "last": ws.journal.last,
    }


def channel(
    ws: Workspace,
    key: str,
    who: str | None = None,
    limit: int = 1000,
    before: str = "inf",
    with_notes: bool = True,
) -> JSON:
    """The messages of a channel outside threads, oldest first, with the notes that `who` was shown."""
    viewer = ws.person(who).id if who else ""
    place = _place(ws, key, viewer)
    roots = [m for m in ws.in_channel(place.id) if not m.thread_ts or m.thread_ts == m.ts or m.broadcast]
    notes = [m for m in _notes(ws, place, viewer, with_notes) if not m.thread_ts]
    earlier = sorted((m for m in [*roots, *notes] if float(m.ts) < float(before)), key=_ts)
    return {"channel": place.id, "messages": _shown(ws, earlier[-limit:]), "has_more": len(earlier) > limit}


def _place(ws: Workspace, key: str, viewer: str) -> Channel:
    """The conversation, as far as the viewer may see it; without a viewer everything is visible."""
    if key.startswith("@") and viewer:
        return open_direct(ws, (viewer, ws.person(key.removeprefix("@")).id))
    return visible(ws, key, viewer) if viewer else ws.channel(key)


def _notes(ws: Workspace, place: Channel, viewer: str, wanted: bool) -> list[Message]:
    """The ephemeral messages of the viewer here; a page that is loaded anew asks for none."""
    return [m for m in ws.ephemerals.values() if wanted and (m.channel, m.seen_by) == (place.id, viewer)]


def _shown(ws: Workspace, found: list[Message]) -> list[JSON]:
    return [{**messages.render(ws, m, with_metadata=True), "channel": m.channel} for m in found]


def thread(ws: Workspace, key: str, ts: str, who: str | None = None, with_notes: bool = True) -> JSON:
    """A thread's root and replies, oldest first, with the notes that `who` was shown in it."""
    viewer = ws.person(who).id if who else ""
    place = _place(ws, key, viewer)
    root = ws.messages.get(f"{place.id}/{ts}")
    notes = [m for m in _notes(ws, place, viewer, with_notes) if m.thread_ts == ts]
    below = sorted([*ws.in_thread(place.id, ts), *notes], key=_ts)
    found = [root, *below] if root else below
    return {"channel": place.id, "messages": _shown(ws, found)}


def _latest(ws: Workspace, channel: Channel) -> str:
    """The timestamp of the newest message outside threads, or nothing."""
    stamps = reversed(ws.timeline.get(channel.id, ()))
    return next((ts for ts in stamps if not ws.messages[f"{channel.id}/{ts}"].thread_ts), "")


def _ts(message: Message) -> float:
    return float(message.ts)


def ephemerals(ws: Workspace, who: str) -> list[JSON]:
    person = ws.person(who)
    mine = sorted((m for m in ws.ephemerals.values() if m.seen_by == person.id), key=_ts)
    return [{**messages.render(ws, m), "channel": m.channel} for m in mine]


def modals(ws: Workspace, who: str) -> list[JSON]:
    """The modals a person has open, the topmost last."""
    return [views.render(ws, view) for view in views.stack(ws, ws.person(who).id)]


def home(ws: Workspace, who: str, app: str | None = None) -> JSON | None:
    """The Home tab that an app has published for a person."""
    chosen = ws.app(app) if app else next(iter(ws.apps.values()))
    view = ws.homes.get(f"{chosen.id}/{ws.person(who).id}")
    return views.render(ws, view) if view else None
