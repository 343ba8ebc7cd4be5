"""Modals and Home tabs: opening, stacking, updating, closing, and the state of their inputs."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from .errors import SlackError
from .ids import new_id
from .records import JSON, App, View
from .state import Workspace

MAX_STACK = 3


def render(ws: Workspace, view: View) -> JSON:
    """The view object of views.open and of every view payload."""
    app = ws.apps[view.app_id]
    return {
        "id": view.id,
        "team_id": ws.team.id,
        "type": view.type,
        **{key: view.body.get(key) for key in ("blocks", "private_metadata", "callback_id")},
        "state": {"values": view.state},
        "hash": view.hash,
        **{
            key: view.body.get(key)
            for key in ("title", "clear_on_close", "notify_on_close", "close", "submit")
        },
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": view.app_id,
        "external_id": view.body.get("external_id", ""),
        "app_installed_team_id": ws.team.id,
        "bot_id": app.bot_id,
    }


def _hash(ws: Workspace, body: JSON) -> str:
    digest = hashlib.sha256((json.dumps(body, sort_keys=True) + ws.timestamps.next()).encode()).hexdigest()
    return f"{int(ws.clock())}.{digest[:8]}"


def complete(body: JSON) -> JSON:
    """The view as sent, with the defaults that Slack fills in."""
    defaults: JSON = {
        "private_metadata": "",
        "callback_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
    }
    defaults |= {"close": None, "submit": None, "external_id": ""}
    return defaults | body


def stack(ws: Workspace, user: str) -> list[View]:
    """The modals that a person has open, the topmost last."""
    return [view for view in ws.views.values() if view.user == user]


def _claim_external_id(ws: Workspace, app: App, body: JSON, own: str | None = None) -> None:
    external = body.get("external_id")
    taken = (v for v in [*ws.views.values(), *ws.homes.values()] if v.app_id == app.id and v.id != own)
    if external and any(view.body.get("external_id") == external for view in taken):
        raise SlackError("duplicate_external_id")


def open_modal(ws: Workspace, app: App, user: str, body: JSON, below: View | None = None) -> View:
    """Opens a modal, or pushes it onto `below`. Opening replaces whatever stack the person had."""
    _claim_external_id(ws, app, body)
    if below is None:
        for view in stack(ws, user):
            ws.views.remove(view.id)
    elif len(stack(ws, user)) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    full = complete(body)
    identifier = new_id("V")
    root = below.root_id if below else identifier
    view = View(identifier, app.id, user, "modal", full, _hash(ws, full), root, below.id if below else None)
    ws.views.put(replace(view, state=initial_state(full["blocks"])))
    ws.journal.add("view_opened", user=user, view=render(ws, ws.views[identifier]))
    return ws.views[identifier]


def update(ws: Workspace, view: View, body: JSON) -> View:
    """Replaces a view's body; what was typed stays where the ids stay the same."""
    _claim_external_id(ws, ws.apps[view.app_id], body, own=view.id)
    full = complete(body)
    fresh = initial_state(full["blocks"])
    kept = {
        block: {action: view.state.get(block, {}).get(action, value) for action, value in actions.items()}
        for block, actions in fresh.items()
    }
    changed = replace(view, body=full, hash=_hash(ws, full), state=kept)
    table = ws.homes if view.type == "home" else ws.views
    table.put(changed)
    ws.journal.add("view_updated", user=view.user, view=render(ws, changed))
    return changed


def publish(ws: Workspace, app: App, user: str, body: JSON) -> View:
    """Puts a Home tab up for one person."""
    existing = ws.homes.get(f"{app.id}/{user}")
    if existing:
        return update(ws, existing, body)
    _claim_external_id(ws, app, body)
    full = complete(body)
    identifier = new_id("V")
    view = View(identifier, app.id, user, "home", full, _hash(ws, full), identifier, None)
    view = ws.homes.put(replace(view, state=initial_state(full["blocks"])))
    ws.journal.add("view_updated", user=user, view=render(ws, view))
    return view


def close(ws: Workspace, view: View, whole_stack: bool = False) -> list[View]:
    """Takes a modal away, or its whole stack; returns those that are gone, the topmost first."""
    gone = [v for v in reversed(stack(ws, view.user)) if whole_stack or v.id == view.id]
    for each in gone:
        ws.views.remove(each.id)
    ws.journal.add("view_closed", user=view.user, view_ids=[each.id for each in gone])
    return gone


def find(ws: Workspace, app: App, view_id: str | None, external_id: str | None) -> View:
    """The app's open view by either id; `not_found` otherwise."""
    for view in [*ws.views.values(), *ws.homes.values()]:
        if view.app_id == app.id and (
            view.id == view_id or (external_id and view.body.get("external_id") == external_id)
        ):
            return view
    raise SlackError("not_found")


INITIAL = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}
MANY = ("selected_options", "selected_users", "selected_conversations", "selected_channels", "files")


def elements(blocks: list[JSON]) -> list[tuple[JSON, JSON]]:
    """Every interactive element with its block, in reading order."""
    found: list[tuple[JSON, JSON]] = []
    for block in blocks:
        inner: list[Any] = [block.get("element"), block.get("accessory"), *(block.get("elements") or ())]
        inner += block.get("actions") or ()
        found += [(block, e) for e in inner if isinstance(e, dict) and "action_id" in e]
        found += elements([b for b in block.get("child_blocks") or () if isinstance(b, dict)])
        if block.get("type") == "carousel":
            found += elements(block.get("elements") or [])
    return found


def initial_state(blocks: list[JSON]) -> JSON:
    """The state that Slack reports before anybody touched the inputs."""
    state: JSON = {}
    for block, element in elements(blocks):
        if element["type"] in INITIAL:
            field, initial = INITIAL[element["type"]]
            value = element.get(initial, [] if field in MANY else None)
            state.setdefault(block["block_id"], {})[element["action_id"]] = {
                "type": element["type"],
                field: value,
            }
    return state
