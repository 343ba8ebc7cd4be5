"""The manifest, the help and the README against what is really registered."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient
from typer.main import get_command

from bot.__main__ import cli
from bot.settings import Settings
from handlers import commands, routes

ROOT = Path(__file__).resolve().parents[3]

#: The scopes of each Web API method that the code calls: any one of them will do where there are several.
SCOPES: dict[str, set[str]] = {
    "apps_connections_open": set(),
    "auth_test": set(),
    "chat_delete": {"chat:write"},
    "chat_appendStream": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "chat_stream": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "files_info": {"files:read"},
    "files_upload_v2": {"files:write"},
    "views_open": set(),
    "views_publish": set(),
    "views_push": set(),
    "views_update": set(),
}
#: The scope that Slack demands for a subscription.
EVENT_SCOPES = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "file_shared": {"files:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
}

#: Modals without a button to send them.
ONLY_READ = {"fix_problem"}

_URL = {"type": "string", "pattern": "^https://", "maxLength": 3000}
_SWITCH = {"type": "boolean"}


def _closed(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required or [],
        "properties": properties,
        "additionalProperties": False,
    }


def _text(shortest: int, longest: int, pattern: str = "") -> dict[str, Any]:
    return {"type": "string", "minLength": shortest, "maxLength": longest, "pattern": pattern}


#: The part of Slack's schema for app manifests (v2) that this one uses, with Slack's own limits.
SCHEMA = _closed(
    ["display_information"],
    _metadata=_closed(major_version={"const": 2}, minor_version={"type": "integer"}),
    display_information=_closed(
        ["name"],
        name=_text(1, 35),
        description=_text(1, 140),
        long_description=_text(175, 4000),
        background_color=_text(4, 7, "^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$"),
    ),
    features=_closed(
        app_home=_closed(
            home_tab_enabled=_SWITCH, messages_tab_enabled=_SWITCH, messages_tab_read_only_enabled=_SWITCH
        ),
        bot_user=_closed(["display_name"], display_name=_text(1, 80), always_online=_SWITCH),
        slash_commands={
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": _closed(
                ["command", "description"],
                command=_text(2, 32, "^/"),
                description=_text(1, 2000),
                usage_hint=_text(1, 1000),
                should_escape=_SWITCH,
                url=_URL,
            ),
        },
    ),
    oauth_config=_closed(
        scopes=_closed(
            bot={"type": "array", "maxItems": 255, "uniqueItems": True, "items": {"type": "string"}}
        )
    ),
    settings=_closed(
        event_subscriptions=_closed(
            bot_events={"type": "array", "maxItems": 100, "uniqueItems": True, "items": _text(1, 50)},
            request_url=_URL,
        ),
        interactivity=_closed(
            ["is_enabled"], is_enabled=_SWITCH, request_url=_URL, message_menu_options_url=_URL
        ),
        org_deploy_enabled=_SWITCH,
        socket_mode_enabled=_SWITCH,
        token_rotation_enabled=_SWITCH,
    ),
)


@cache
def manifest() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
    return read


def http_variant() -> dict[str, Any]:
    """As the README says: Socket Mode off, and the comments off the lines with a URL."""
    text = (
        (ROOT / "manifest.yml").read_text().replace("socket_mode_enabled: true", "socket_mode_enabled: false")
    )
    read: dict[str, Any] = yaml.safe_load(re.sub(r"# (\w*url: https://)", r"\1", text))
    return read


@cache
def trees(*folders: str) -> tuple[ast.Module, ...]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(ast.parse(path.read_text(encoding="utf-8")) for path in paths)


def first_texts(name: str, position: int, *words: str) -> Iterator[str]:
    """What the views hand to a builder at this position, as text; with `words`, where they stand too."""
    for tree in trees("views"):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name):
                continue
            if not {*words} <= {word.arg for word in node.keywords}:
                continue
            given = node.args[position] if len(node.args) > position else None
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value


def web_api_calls() -> set[str]:
    """Every Web API method that the code names, as an attribute or as text."""
    found = set()
    for tree in trees("bot", "handlers", "gateways"):
        for node in ast.walk(tree):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and re.fullmatch(r"[a-z]+_[a-zA-Z_0-9]+", name):
                found |= {name} if _is_method(name) else set()
    return found


def _is_method(name: str) -> bool:
    families = {"api", "apps", "auth", "bots", "chat", "conversations", "files", "reactions", "team", "users"}
    return name.partition("_")[0] in families | {"views"} and callable(getattr(AsyncWebClient, name, None))


@pytest.mark.parametrize("variant", [manifest, http_variant])
def test_the_manifest_fits_slack_s_schema(variant: Any) -> None:
    jsonschema.validate(variant(), SCHEMA)


def test_the_http_variant_names_a_url_wherever_slack_needs_one() -> None:
    variant = http_variant()
    assert variant["settings"]["socket_mode_enabled"] is False
    urls = [command["url"] for command in variant["features"]["slash_commands"]]
    urls += [variant["settings"]["event_subscriptions"]["request_url"]]
    urls += [variant["settings"]["interactivity"][key] for key in ("request_url", "message_menu_options_url")]
    assert len(urls) == 3 + len(routes.COMMANDS)
    assert set(urls) == {"https://YOUR-HOST/slack/events"}


def test_its_commands_and_events_are_those_that_are_handled() -> None:
    declared = [command["command"] for command in manifest()["features"]["slash_commands"]]
    assert declared == list(routes.COMMANDS)
    assert sorted(manifest()["settings"]["event_subscriptions"]["bot_events"]) == sorted(routes.EVENTS)


def test_its_scopes_are_those_that_the_code_needs_and_no_more() -> None:
    called = web_api_calls()
    assert called <= set(SCOPES), "a new method: put it into the table, with its scope"
    needed = {"commands"}.union(*(SCOPES[name] for name in called), *(EVENT_SCOPES[e] for e in routes.EVENTS))
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_every_button_has_its_handler_and_every_handler_its_button() -> None:
    shown = {*first_texts("button", 1), *first_texts("more", 0), *first_texts("_sent_by_enter", 0)}
    assert {*shown, *first_texts("_input", 0, "told")} == set(routes.ACTIONS)


def test_every_select_that_searches_has_its_handler() -> None:
    assert set(first_texts("_search", 0)) == set(routes.OPTIONS)


def test_every_form_that_can_be_sent_has_its_handler() -> None:
    shown = [
        {
            key.value: value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        for tree in trees("views")
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
    ]
    forms = [one for one in shown if "callback_id" in one and "submit" in one]
    named = {one["callback_id"].value for one in forms if isinstance(one["callback_id"], ast.Constant)}
    assert (named | set(first_texts("_modal", 0))) - ONLY_READ == set(routes.VIEWS)


def test_the_help_names_every_word_of_ft_and_ask() -> None:
    text = commands.help_text().text
    assert all(f"/ft {word}" in text for word in commands.WORDS)
    assert all(command in text for command in routes.COMMANDS)


def test_the_usage_hint_names_every_word() -> None:
    (ft,) = (c for c in manifest()["features"]["slash_commands"] if c["command"] == "/ft")
    assert {hint.split()[0] for hint in ft["usage_hint"].split(" | ")} == set(commands.WORDS)


def readme_rows(start: str) -> list[str]:
    """The first code span of each row, in the README's tables, that begins like this."""
    rows = re.findall(r"^\| *`([^`]+)`.*\|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return [row for row in rows if row.startswith(start)]


def test_the_readme_s_table_of_commands_is_complete() -> None:
    words = {row.split()[1] for row in readme_rows("/ft ")}
    assert words == set(commands.WORDS)
    assert {row.split()[0] for row in readme_rows("/")} == set(routes.COMMANDS)


def test_the_readme_s_table_of_the_command_line_is_complete() -> None:
    known = get_command(cli).commands  # type: ignore[attr-defined]
    assert sorted({row.split()[1] for row in readme_rows("ft-bot ")}) == sorted(known)
    for row in readme_rows("ft-bot "):
        options = {option for each in known[row.split()[1]].params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", row)) <= options, row


def test_the_readme_s_table_of_settings_is_complete() -> None:
    named = [row for row in readme_rows("") if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", row)]
    assert {name.upper() for name in Settings.model_fields} <= set(named)
    others = set(named) - {name.upper() for name in Settings.model_fields}
    assert all(name.startswith("FT_TRAINER_") for name in others), others
    assert len(named) == len(set(named))
