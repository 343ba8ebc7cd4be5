"""What an app's manifest allows: commands, events, scopes. Without a manifest everything is allowed."""

from typing import Any

from .records import App

EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "file_created": "files:read",
    "file_shared": "files:read",
    "file_change": "files:read",
    "file_deleted": "files:read",
    "file_public": "files:read",
    "file_unshared": "files:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "channel_created": "channels:read",
    "channel_rename": "channels:read",
    "channel_archive": "channels:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "team_join": "users:read",
    "user_change": "users:read",
    "pin_added": "pins:read",
    "pin_removed": "pins:read",
}


def _section(app: App, *path: str) -> Any:
    value: Any = app.manifest or {}
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def commands(app: App) -> list[dict[str, Any]]:
    """The slash commands of the manifest, each with command, description, usage_hint, url, should_escape."""
    return list(_section(app, "features", "slash_commands") or [])


def command(app: App, name: str) -> dict[str, Any] | None:
    """The manifest's entry for one slash command, or None where it has no such command."""
    if app.manifest is None:
        return {"command": name}
    return next((entry for entry in commands(app) if entry.get("command") == name), None)


def bot_scopes(app: App) -> tuple[str, ...] | None:
    """The bot scopes that installing grants; None where there is no manifest to say."""
    if app.manifest is None:
        return None
    return tuple(_section(app, "oauth_config", "scopes", "bot") or ())


def subscribes(app: App, event: str) -> bool:
    """Whether the app asked for this event (`message.channels`, `app_mention`, ...) and may have it."""
    if app.manifest is None:
        return True
    if event not in (_section(app, "settings", "event_subscriptions", "bot_events") or ()):
        return False
    scope = EVENT_SCOPES.get(event)
    return scope is None or scope in (bot_scopes(app) or ())


def socket_mode(app: App) -> bool:
    """Whether payloads go over Socket Mode rather than to a request URL."""
    if app.request_url:
        return False
    return app.manifest is None or bool(_section(app, "settings", "socket_mode_enabled"))


def is_interactive(app: App) -> bool:
    return app.manifest is None or bool(_section(app, "settings", "interactivity", "is_enabled"))


def home_tab(app: App) -> bool:
    return app.manifest is None or bool(_section(app, "features", "app_home", "home_tab_enabled"))


def messages_tab(app: App) -> bool:
    if app.manifest is None:
        return True
    home = _section(app, "features", "app_home") or {}
    return bool(home.get("messages_tab_enabled")) and not home.get("messages_tab_read_only_enabled")


def url_for(app: App, kind: str, command_name: str | None = None) -> str | None:
    """Where this kind of payload goes over HTTP: the app's one URL, or the manifest's own for the kind."""
    if app.request_url:
        return app.request_url
    found: Any
    if kind == "events":
        found = _section(app, "settings", "event_subscriptions", "request_url")
    elif kind == "command":
        found = (command(app, command_name or "") or {}).get("url")
    elif kind == "options":
        interactivity = _section(app, "settings", "interactivity") or {}
        found = interactivity.get("message_menu_options_url") or interactivity.get("request_url")
    else:
        found = _section(app, "settings", "interactivity", "request_url")
    return str(found) if found else None
