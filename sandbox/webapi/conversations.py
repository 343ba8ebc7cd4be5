"""conversations.*: what there is, what was said, who is in."""

from ..workspace import messages
from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.people import CHANNEL_TYPES, channel_json, join, leave, open_direct, visible
from ..workspace.records import JSON, Channel, Message
from .call import SCOPE_PREFIX, Call

KINDS = {name: kind for kind, name in CHANNEL_TYPES.items()}


def _wanted(call: Call) -> list[str]:
    """The kinds of conversation that `types` asks for, each with its scope checked."""
    types = call.text("types", "public_channel").replace(" ", "").split(",")
    if unknown := [name for name in types if name not in KINDS]:
        raise SlackError("invalid_types", types=unknown)
    for name in types:
        call.require(f"{SCOPE_PREFIX[KINDS[name]]}:read")
    return [KINDS[name] for name in types]


def _listed(call: Call, user: str, only_own: bool) -> JSON:
    kinds, skip_archived = _wanted(call), call.flag("exclude_archived")
    found = [
        channel
        for channel in call.ws.channels.values()
        if channel.kind in kinds
        and (user in channel.members or (channel.kind == "channel" and not only_own))
        and not (skip_archived and channel.is_archived)
    ]
    page, metadata = call.page(found, 100, 1000)
    return {"channels": [channel_json(call.ws, c, user) for c in page], "response_metadata": metadata}


def list_all(call: Call) -> JSON:
    return _listed(call, call.bot, only_own=False)


def of_user(call: Call) -> JSON:
    user = call.text("user") or call.bot
    call.ws.person(user)
    return _listed(call, user, only_own=True)


def info(call: Call) -> JSON:
    channel = call.readable(call.need("channel"), "read")
    shown = channel_json(call.ws, channel, call.bot)
    if not call.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown}


def members(call: Call) -> JSON:
    channel = call.readable(call.need("channel"), "read")
    page, metadata = call.page(list(channel.members), 100, 1000)
    return {"members": page, "response_metadata": metadata}


def _within(call: Call, found: list[Message]) -> list[Message]:
    """The messages between `oldest` and `latest`; both ends excluded unless `inclusive`."""
    try:
        oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    except ValueError:
        raise SlackError("invalid_ts_latest" if call.text("latest") else "invalid_ts_oldest") from None
    if call.flag("inclusive"):
        return [m for m in found if oldest <= float(m.ts) <= latest]
    return [m for m in found if oldest < float(m.ts) < latest]


def _rendered(call: Call, page: list[Message]) -> list[JSON]:
    with_metadata = call.flag("include_all_metadata")
    return [messages.render(call.ws, message, with_metadata) for message in page]


def history(call: Call) -> JSON:
    channel = call.readable(call.need("channel"))
    roots = [
        m for m in call.ws.in_channel(channel.id) if not m.thread_ts or m.thread_ts == m.ts or m.broadcast
    ]
    page, metadata = call.page(_within(call, roots)[::-1], 100, 999)
    shown = {"messages": _rendered(call, page), "has_more": bool(metadata["next_cursor"]), "pin_count": 0}
    return shown | ({"response_metadata": metadata} if metadata["next_cursor"] else {})


def replies(call: Call) -> JSON:
    channel = call.readable(call.need("channel"))
    ts = call.need("ts")
    root = call.ws.messages.get(f"{channel.id}/{ts}")
    if root is None:
        raise SlackError("thread_not_found")
    below = _within(call, call.ws.in_thread(channel.id, ts))
    # The root leads the first page whatever the bounds are.
    page, metadata = call.page([root, *below], 1000, 1000)
    shown = {"messages": _rendered(call, page), "has_more": bool(metadata["next_cursor"])}
    return shown | ({"response_metadata": metadata} if metadata["next_cursor"] else {})


def open_conversation(call: Call) -> JSON:
    if call.text("channel"):
        channel = visible(call.ws, call.text("channel"), call.bot)
    else:
        users = [user for user in call.text("users").replace(" ", "").split(",") if user]
        if not users:
            raise SlackError("users_list_not_supplied")
        for user in users:
            call.ws.person(user)
        call.require("im:write" if len(users) == 1 else "mpim:write")
        known = set(call.ws.channels)
        channel = open_direct(call.ws, (call.bot, *users))
        if channel.id in known and call.flag("return_im"):
            return {"no_op": True, "already_open": True, "channel": _opened(call, channel)}
    return {"channel": _opened(call, channel)}


def _opened(call: Call, channel: Channel) -> JSON:
    return channel_json(call.ws, channel, call.bot) if call.flag("return_im") else {"id": channel.id}


def join_channel(call: Call) -> JSON:
    channel = visible(call.ws, call.need("channel"), call.bot)
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    already = call.bot in channel.members
    joined = join(call.ws, channel, call.bot)
    shown: JSON = {"channel": channel_json(call.ws, joined, call.bot)}
    if already:
        shown |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return shown


def leave_channel(call: Call) -> JSON:
    channel = visible(call.ws, call.need("channel"), call.bot)
    if channel.is_general:
        raise SlackError("cant_leave_general")
    if call.bot not in channel.members:
        return {"not_in_channel": True}
    leave(call.ws, channel, call.bot)
    return {}


def invite(call: Call) -> JSON:
    channel = visible(call.ws, call.need("channel"), call.bot)
    call.require("groups:write" if channel.kind == "group" else "channels:manage")
    users = [user for user in call.text("users").replace(" ", "").split(",") if user]
    if not users:
        raise invalid_arguments("missing required field: users")
    for user in users:
        call.ws.person(user)
        if user in channel.members:
            raise SlackError("already_in_channel")
    for user in users:
        channel = join(call.ws, channel, user, inviter=call.bot)
    return {"channel": channel_json(call.ws, channel, call.bot)}
