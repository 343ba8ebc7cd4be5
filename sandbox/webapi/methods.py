"""Every method that the sandbox knows, with its scopes and its rate-limit tier, in one table."""

from collections.abc import Callable
from dataclasses import dataclass

from ..workspace.records import JSON
from . import (
    assistant,
    chat,
    conversations,
    directory,
    files,
    manifests,
    reactions,
    rooms,
    shelf,
    streams,
    views,
)
from .call import Call


@dataclass(frozen=True)
class Method:
    """`scopes` are all needed; methods on conversations check the scope of the kind themselves."""

    run: Callable[[Call], JSON]
    scopes: tuple[str, ...] = ()
    per_minute: int = 50
    token: str = "bot"  # noqa: S105 - the kind of token, not a token


TIER_1, TIER_2, TIER_3, TIER_4, POSTING = 1, 20, 50, 100, 600

METHODS: dict[str, Method] = {
    "api.test": Method(directory.api_test, per_minute=TIER_4, token="none"),  # noqa: S106
    "apps.connections.open": Method(directory.open_connection, ("connections:write",), TIER_1 * 30, "app"),
    "apps.manifest.validate": Method(manifests.validate, per_minute=TIER_3, token="any"),  # noqa: S106
    "assistant.threads.setStatus": Method(assistant.set_status, ("chat:write",), POSTING),
    "assistant.threads.setSuggestedPrompts": Method(assistant.set_prompts, ("chat:write",), TIER_4),
    "assistant.threads.setTitle": Method(assistant.set_title, ("chat:write",), TIER_4),
    "auth.revoke": Method(directory.auth_revoke, per_minute=TIER_3, token="any"),  # noqa: S106
    "auth.test": Method(directory.auth_test, per_minute=POSTING, token="any"),  # noqa: S106
    "bookmarks.add": Method(shelf.add_bookmark, ("bookmarks:write",), TIER_2),
    "bookmarks.edit": Method(shelf.edit_bookmark, ("bookmarks:write",), TIER_2),
    "bookmarks.list": Method(shelf.list_bookmarks, ("bookmarks:read",), TIER_3),
    "bookmarks.remove": Method(shelf.remove_bookmark, ("bookmarks:write",), TIER_2),
    "bots.info": Method(directory.bot_info, ("users:read",), TIER_3),
    "chat.appendStream": Method(streams.append, ("chat:write",), TIER_4),
    "chat.delete": Method(chat.delete, ("chat:write",), TIER_3),
    "chat.getPermalink": Method(chat.get_permalink, per_minute=POSTING),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("chat:write",), TIER_4),
    "chat.postMessage": Method(chat.post_message, ("chat:write",), POSTING),
    "chat.startStream": Method(streams.start, ("chat:write",), TIER_2),
    "chat.stopStream": Method(streams.stop, ("chat:write",), TIER_2),
    "chat.update": Method(chat.update, ("chat:write",), TIER_3),
    "conversations.archive": Method(rooms.archive, per_minute=TIER_2),
    "conversations.create": Method(rooms.create, per_minute=TIER_2),
    "conversations.history": Method(conversations.history, per_minute=TIER_3),
    "conversations.info": Method(conversations.info, per_minute=TIER_3),
    "conversations.invite": Method(conversations.invite, per_minute=TIER_3),
    "conversations.join": Method(conversations.join_channel, ("channels:join",), TIER_3),
    "conversations.kick": Method(rooms.kick, per_minute=TIER_3),
    "conversations.leave": Method(conversations.leave_channel, ("channels:manage",), TIER_3),
    "conversations.list": Method(conversations.list_all, per_minute=TIER_2),
    "conversations.members": Method(conversations.members, per_minute=TIER_4),
    "conversations.open": Method(conversations.open_conversation, per_minute=TIER_3),
    "conversations.rename": Method(rooms.rename, per_minute=TIER_2),
    "conversations.replies": Method(conversations.replies, per_minute=TIER_3),
    "conversations.setPurpose": Method(rooms.set_purpose, per_minute=TIER_2),
    "conversations.setTopic": Method(rooms.set_topic, per_minute=TIER_2),
    "files.completeUploadExternal": Method(files.complete_upload, ("files:write",), TIER_4),
    "files.delete": Method(files.delete, ("files:write",), TIER_3),
    "files.getUploadURLExternal": Method(files.get_upload_url, ("files:write",), TIER_4),
    "files.info": Method(files.info, ("files:read",), TIER_4),
    "files.list": Method(files.list_all, ("files:read",), TIER_3),
    "pins.add": Method(shelf.add_pin, ("pins:write",), TIER_2),
    "pins.list": Method(shelf.list_pins, ("pins:read",), TIER_2),
    "pins.remove": Method(shelf.remove_pin, ("pins:write",), TIER_2),
    "reactions.add": Method(reactions.add, ("reactions:write",), TIER_3),
    "reactions.get": Method(reactions.get, ("reactions:read",), TIER_3),
    "reactions.remove": Method(reactions.remove, ("reactions:write",), TIER_2),
    "team.info": Method(directory.team_info, ("team:read",), TIER_3),
    "users.conversations": Method(conversations.of_user, per_minute=TIER_3),
    "users.info": Method(directory.user_info, ("users:read",), TIER_4),
    "users.getPresence": Method(directory.presence, ("users:read",), TIER_3),
    "users.list": Method(directory.user_list, ("users:read",), TIER_2),
    "users.lookupByEmail": Method(directory.by_email, ("users:read.email",), TIER_3),
    "users.profile.get": Method(directory.profile, ("users.profile:read",), TIER_4),
    "views.open": Method(views.open_view, per_minute=TIER_4),
    "views.publish": Method(views.publish, per_minute=TIER_4),
    "views.push": Method(views.push, per_minute=TIER_4),
    "views.update": Method(views.update, per_minute=TIER_4),
}
