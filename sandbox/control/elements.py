"""Finding an element in blocks, and what Slack reports when a person uses it."""

from typing import Any

from ..workspace.errors import SlackError
from ..workspace.records import JSON
from ..workspace.views import INITIAL, MANY, elements

ECHOED = ("text", "placeholder", "style", "confirm", "initial_option", "initial_options", "initial_date")


def find(blocks: list[JSON], action_id: str, block_id: str | None = None) -> tuple[JSON, JSON]:
    """The block and the element with this action id; `element_not_found` lists what there is instead.

    A block id that is gone doesn't matter while the action id is the only one of its kind: the message
    was edited between the look and the press, and blocks without an id of their own got new ones.
    """
    there = elements(blocks)
    alike = [(block, element) for block, element in there if element["action_id"] == action_id]
    for block, element in alike:
        if block_id in (None, block["block_id"]):
            return block, element
    if len(alike) == 1:
        return alike[0]
    raise SlackError("element_not_found", action_ids=[element["action_id"] for _, element in there])


def options_of(element: JSON) -> list[JSON]:
    groups = element.get("option_groups") or [{"options": element.get("options") or []}]
    return [option for group in groups for option in group["options"]]


def pick(options: list[JSON], wanted: Any) -> JSON:
    """The option with this value or this text, or the option itself."""
    if isinstance(wanted, dict):
        wanted = wanted.get("value")
    for option in options:
        if wanted in (option["value"], option["text"]["text"]):
            return option
    raise SlackError("option_not_found", wanted=wanted, options=[option["value"] for option in options])


def given_whole(wanted: Any) -> list[JSON]:
    """The options themselves, where the caller (the page) has them and gives them whole."""
    given = wanted if isinstance(wanted, list) else [wanted]
    return given if all(isinstance(option, dict) and "text" in option for option in given) else []


def state_of(element: JSON, wanted: Any, options: list[JSON] | None = None) -> JSON:
    """The state value of an input for what the person chose; `options` are those of an external select."""
    kind = element["type"]
    if kind not in INITIAL:
        raise SlackError("element_has_no_state", type=kind)
    field = INITIAL[kind][0]
    offered = options if options is not None else options_of(element)
    value: Any = wanted
    if field == "selected_option":
        value = pick(offered, wanted) if wanted not in (None, "") else None
    elif field == "selected_options":
        value = [pick(offered, each) for each in wanted or []]
    elif field in MANY:
        value = list(wanted or [])
    elif field == "selected_date_time":
        value = int(wanted) if wanted else None
    elif wanted is not None:
        value = str(wanted) or None
    return {"type": kind, field: value}


def action_of(block: JSON, element: JSON, wanted: Any, ts: str, options: list[JSON] | None = None) -> JSON:
    """The entry of `actions` for a press or a choice."""
    kind = element["type"]
    base: JSON = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": kind,
        "action_ts": ts,
    }
    base |= {key: element[key] for key in ECHOED if key in element}
    if kind in ("button", "icon_button"):
        return base | ({"value": element["value"]} if "value" in element else {})
    if kind == "overflow":
        return {**base, "selected_option": pick(element["options"], wanted)}
    if kind == "feedback_buttons":
        return base | _feedback(element, wanted)
    if kind == "workflow_button":
        return base
    return base | state_of(element, wanted, options)


def _feedback(element: JSON, wanted: Any) -> JSON:
    buttons = [element["positive_button"], element["negative_button"]]
    chosen = pick(buttons, wanted)
    return {"text": chosen["text"], "value": chosen["value"]}
