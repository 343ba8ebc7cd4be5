"""How people, apps and conversations look in Slack's answers, and who is a member of what."""

import hashlib
from dataclasses import replace

from .errors import SlackError
from .ids import new_id
from .records import JSON, App, Channel, Person
from .state import Workspace

CHANNEL_TYPES = {"channel": "public_channel", "group": "private_channel", "im": "im", "mpim": "mpim"}


def user_json(ws: Workspace, person: Person) -> JSON:
    """The user object of users.info."""
    digest = hashlib.sha256(person.id.encode()).hexdigest()
    profile: JSON = {
        "title": person.title,
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": "" if person.is_bot else person.name,
        "display_name_normalized": "" if person.is_bot else person.name,
        "team": ws.team.id,
        "avatar_hash": digest[:12],
    }
    if person.is_bot:
        profile |= {"api_app_id": person.app_id, "bot_id": person.bot_id, "always_active": True}
    return {
        "id": person.id,
        "team_id": ws.team.id,
        "name": person.name,
        "deleted": person.deleted,
        "color": digest[:6],
        "real_name": person.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": person.is_admin,
        "is_owner": person.is_admin,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 0,
    }


def email_of(ws: Workspace, person: Person) -> str:
    return f"{person.name}@{ws.team.domain}.example"


def bot_profile(ws: Workspace, app: App) -> JSON:
    return {
        "id": app.bot_id,
        "app_id": app.id,
        "user_id": app.bot_user_id,
        "name": app.name,
        "icons": {},
        "deleted": False,
        "updated": 0,
        "team_id": ws.team.id,
    }


def channel_json(ws: Workspace, channel: Channel, viewer: str) -> JSON:
    """The conversation object as `viewer` gets it."""
    common: JSON = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_im": channel.kind == "im",
        "is_org_shared": False,
        "context_team_id": ws.team.id,
        "updated": channel.created * 1000,
    }
    if channel.kind == "im":
        other = next((m for m in channel.members if m != viewer), viewer)
        return {**common, "user": other, "is_user_deleted": False, "priority": 0}
    return {
        **common,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "channel",
        "is_general": channel.is_general,
        "is_member": viewer in channel.members,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "unlinked": 0,
        "creator": channel.creator,
        "shared_team_ids": [ws.team.id],
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
        "previous_names": [],
        "num_members": len(channel.members),
    }


def visible(ws: Workspace, key: str, viewer: str) -> Channel:
    """The conversation, unless it is private and `viewer` is not in it: then it does not exist."""
    channel = ws.channel(key)
    if channel.kind != "channel" and viewer not in channel.members:
        raise SlackError("channel_not_found")
    return channel


def join(ws: Workspace, channel: Channel, user: str, inviter: str | None = None) -> Channel:
    """Makes `user` a member and tells the apps in the channel."""
    if user in channel.members:
        return channel
    joined = ws.channels.put(replace(channel, members=(*channel.members, user)))
    event: JSON = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.kind == "group" else "C",
        "team": ws.team.id,
        "event_ts": ws.timestamps.next(),
    }
    ws.journal.add("joined", channel=channel.id, user=user)
    ws.notify({**event, "inviter": inviter} if inviter else event, joined, None)
    return joined


def leave(ws: Workspace, channel: Channel, user: str) -> Channel:
    if user not in channel.members:
        raise SlackError("not_in_channel")
    left = ws.channels.put(replace(channel, members=tuple(m for m in channel.members if m != user)))
    event = {
        "type": "member_left_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.kind == "group" else "C",
        "team": ws.team.id,
        "event_ts": ws.timestamps.next(),
    }
    ws.journal.add("left", channel=channel.id, user=user)
    ws.notify(event, channel, None)
    return left


def open_direct(ws: Workspace, users: tuple[str, ...]) -> Channel:
    """The direct conversation of exactly these people, made if there is none yet."""
    members = tuple(sorted(set(users)))
    found = next(
        (c for c in ws.channels.values() if c.is_direct and tuple(sorted(c.members)) == members), None
    )
    if found:
        return found
    kind = "im" if len(members) <= 2 else "mpim"
    names = "--".join(ws.person(m).name for m in members)
    channel = Channel(
        id=new_id("D" if kind == "im" else "G"),
        name="" if kind == "im" else f"mpdm-{names}-1",
        kind=kind,
        creator=users[0],
        created=int(ws.clock()),
        members=members,
    )
    ws.journal.add("channel", channel=channel.id)
    return ws.channels.put(channel)
