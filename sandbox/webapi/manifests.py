"""apps.manifest.validate: what Slack would say to a manifest before it made an app of it."""

from typing import Any

from ..blockkit.rules import Check, Report, anything, array, boolean, matching, one_of, shape, string
from ..workspace.errors import SlackError
from ..workspace.manifest import EVENT_SCOPES
from ..workspace.records import JSON
from .call import Call

URL = matching(r"https?://\S+", "URL")
SCOPES = array(string(), 255, least=0)
COMMAND = shape(
    {"command": matching(r"/[^\s/]{1,31}", "slash command"), "description": string(2000)},
    {"usage_hint": string(1000), "url": URL, "should_escape": boolean},
)
SHORTCUT = shape(
    {
        "name": string(24),
        "callback_id": string(255),
        "description": string(150),
        "type": one_of("message", "global"),
    }
)
HOME = {
    "home_tab_enabled": boolean,
    "messages_tab_enabled": boolean,
    "messages_tab_read_only_enabled": boolean,
}
FEATURES = shape(
    {},
    {
        "app_home": shape({}, HOME),
        "bot_user": shape({"display_name": string(80)}, {"always_online": boolean}),
        "slash_commands": array(COMMAND, 50, least=0),
        "shortcuts": array(SHORTCUT, 10, least=0),
        "unfurl_domains": array(string(), 5, least=0),
        "assistant_view": anything,
        "agent_view": anything,
    },
)
SETTINGS = shape(
    {},
    {
        "event_subscriptions": shape(
            {},
            {
                "request_url": URL,
                "bot_events": array(string(), 100, least=0),
                "user_events": array(string(), 100, least=0),
                "metadata_subscriptions": anything,
            },
        ),
        "interactivity": shape(
            {"is_enabled": boolean}, {"request_url": URL, "message_menu_options_url": URL}
        ),
        "org_deploy_enabled": boolean,
        "socket_mode_enabled": boolean,
        "token_rotation_enabled": boolean,
        "allowed_ip_address_ranges": anything,
        "is_hosted": boolean,
    },
)
LONG: Check = string(4000, 175)
MANIFEST = shape(
    {
        "display_information": shape(
            {"name": string(35)},
            {
                "description": string(140),
                "long_description": LONG,
                "background_color": matching(r"#([0-9a-fA-F]{3}){1,2}", "colour"),
            },
        )
    },
    {
        "_metadata": anything,
        "features": FEATURES,
        "oauth_config": shape(
            {},
            {
                "redirect_urls": array(URL, 1000, least=0),
                "scopes": shape({}, {"bot": SCOPES, "user": SCOPES}),
            },
        ),
        "settings": SETTINGS,
        "functions": anything,
    },
)


def problems(manifest: Any) -> list[JSON]:
    """What is wrong with a manifest, each with a pointer."""
    report = Report()
    MANIFEST(report, manifest, "")
    if not report.problems:
        _check_together(report, manifest)
    found = (problem.rpartition(" [json-pointer:") for problem in report.problems)
    return [{"message": text, "pointer": pointer.removesuffix("]")} for text, _, pointer in found]


def _check_together(report: Report, manifest: JSON) -> None:
    """Rules across sections: events need scopes and a way to be delivered, commands need theirs."""
    settings, features = manifest.get("settings") or {}, manifest.get("features") or {}
    scopes = ((manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot") or []
    socket_mode = bool(settings.get("socket_mode_enabled"))
    subscriptions = settings.get("event_subscriptions") or {}
    for index, event in enumerate(subscriptions.get("bot_events") or []):
        if event in EVENT_SCOPES and EVENT_SCOPES[event] not in scopes:
            where = f"/settings/event_subscriptions/bot_events/{index}"
            report.add(f"Event Subscription requires the scope {EVENT_SCOPES[event]}", where)
    if subscriptions.get("bot_events") and not socket_mode and not subscriptions.get("request_url"):
        report.add(
            "Event Subscription requires either Request URL or Socket Mode Enabled",
            "/settings/event_subscriptions",
        )
    for index, command in enumerate(features.get("slash_commands") or []):
        if "commands" not in scopes:
            report.add("Slash commands require the scope commands", f"/features/slash_commands/{index}")
        if not socket_mode and not command.get("url"):
            report.add("Slash commands require a URL or Socket Mode", f"/features/slash_commands/{index}/url")


def validate(call: Call) -> JSON:
    manifest = call.data("manifest", "invalid_manifest")
    found = problems(manifest)
    if found:
        raise SlackError("invalid_manifest", errors=found)
    return {"errors": []}
