"""views.*: modals and Home tabs."""

from ..blockkit import check
from ..workspace import triggers, views
from ..workspace.errors import SlackError, invalid_arguments
from ..workspace.manifest import home_tab
from ..workspace.records import JSON
from .call import Call


def _body(call: Call, kind: str | None = None) -> JSON:
    body = call.data("view", "invalid_arguments")
    if body is None:
        raise invalid_arguments("missing required field: view")
    return check.view(body, kind)


def _trigger_id(call: Call) -> str:
    return call.text("trigger_id") or call.text("interactivity_pointer") or call.need("trigger_id")


def open_view(call: Call) -> JSON:
    trigger_id, body = _trigger_id(call), _body(call, "modal")
    trigger = triggers.exchange(call.ws, call.app, trigger_id)
    view = views.open_modal(call.ws, call.app, trigger.user, body)
    return {"view": views.render(call.ws, view)}


def push(call: Call) -> JSON:
    trigger_id, body = _trigger_id(call), _body(call, "modal")
    trigger = triggers.exchange(call.ws, call.app, trigger_id)
    below = call.ws.views.get(trigger.view_id)
    if below is None:
        raise SlackError("not_found")
    view = views.open_modal(
        call.ws, call.app, trigger.user, body, below=views.stack(call.ws, trigger.user)[-1]
    )
    return {"view": views.render(call.ws, view)}


def update(call: Call) -> JSON:
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id")
    body = _body(call)
    view = views.find(call.ws, call.app, view_id, external_id)
    if body["type"] != view.type:
        raise invalid_arguments("the type of a view cannot change [json-pointer:/view/type]")
    if call.text("hash") and call.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    return {"view": views.render(call.ws, views.update(call.ws, view, body))}


def publish(call: Call) -> JSON:
    user = call.need("user_id")
    body = _body(call, "home")
    if not home_tab(call.app):
        raise SlackError("not_enabled")
    if user not in call.ws.people:
        raise invalid_arguments("user_id is invalid")
    current = call.ws.homes.get(f"{call.app.id}/{user}")
    if call.text("hash") and (current is None or call.text("hash") != current.hash):
        raise SlackError("hash_conflict")
    return {"view": views.render(call.ws, views.publish(call.ws, call.app, user, body))}
