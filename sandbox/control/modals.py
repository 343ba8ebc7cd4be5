"""Filling in, submitting and closing modals, and what the app may answer to that."""

import re
from typing import Any

from ..blockkit import check
from ..delivery import payloads
from ..delivery.courier import Courier
from ..workspace import triggers, views
from ..workspace.errors import SlackError
from ..workspace.records import JSON, Person, View
from ..workspace.state import Workspace
from . import elements
from .interact import Interactions

REQUIRED = "Please complete this required field."
TROUBLE = "We had some trouble connecting. Try again?"


class Modals:
    def __init__(self, ws: Workspace, courier: Courier, interactions: Interactions) -> None:
        self.ws = ws
        self.courier = courier
        self.interactions = interactions

    async def fill(self, who: str, view_id: str | None, values: JSON, query: str = "") -> View:
        """Puts values into inputs; keys are block ids or action ids."""
        person = self.ws.person(who)
        view = self.interactions.view(person, view_id)
        for key, wanted in values.items():
            block, element = self._input(view, key)
            options = None
            if "external_select" in element["type"]:
                options = await self._options(person, view, block, element, wanted, query)
            view = self.interactions.store(view, block, element, elements.state_of(element, wanted, options))
        return view

    def _input(self, view: View, key: str) -> tuple[JSON, JSON]:
        there = [(b, e) for b, e in views.elements(view.body["blocks"]) if e["type"] in views.INITIAL]
        for block, element in there:
            if key in (block["block_id"], element["action_id"]):
                return block, element
        raise SlackError("input_not_found", key=key, inputs=[e["action_id"] for _, e in there])

    async def _options(
        self, person: Person, view: View, block: JSON, element: JSON, wanted: Any, query: str
    ) -> list[JSON]:
        if complete := elements.given_whole(wanted):
            return complete
        where = {"view_id": view.id, "block_id": block["block_id"]}
        return await self.interactions.suggest(person.id, where, element["action_id"], query)

    async def submit(
        self, who: str, view_id: str | None = None, values: JSON | None = None, query: str = ""
    ) -> JSON:
        """Submits a modal. Returns {"ok", "errors", "error"} and what is open now under "modals"."""
        person = self.ws.person(who)
        view = await self.fill(who, view_id, values or {}, query)
        errors = missing_or_wrong(view)
        if errors:
            return self._result(person, errors=errors)
        app = self.ws.apps[view.app_id]
        trigger = triggers.issue_trigger(self.ws, app, person.id, None, view.id)
        body = payloads.view_submission(self.ws, app, person, view, trigger.id)
        ack = await self.courier.deliver(app, "view_submission", body)
        if not ack.ok:
            return self._result(person, error=ack.error, message=TROUBLE)
        try:
            return self._result(person, errors=self._react(view, ack.body))
        except SlackError as problem:
            details = problem.extra.get("response_metadata", {}).get("messages", [])
            return self._result(person, error=problem.code, message=TROUBLE, details=details)

    def _result(self, person: Person, **fields: Any) -> JSON:
        open_now = [views.render(self.ws, view) for view in views.stack(self.ws, person.id)]
        return {"ok": not fields.get("errors") and not fields.get("error"), **fields, "modals": open_now}

    def _react(self, view: View, body: Any) -> JSON:
        """Does what the app's response_action says; returns the errors to show."""
        action = body.get("response_action") if isinstance(body, dict) else None
        current = self.ws.views.get(view.id)
        if action == "errors":
            return _known_errors(view, body.get("errors"))
        if action == "update" and current:
            views.update(self.ws, current, check.view(body.get("view"), "modal"))
        elif action == "push" and current:
            app = self.ws.apps[view.app_id]
            views.open_modal(self.ws, app, view.user, check.view(body.get("view"), "modal"), below=current)
        elif action == "clear":
            views.close(self.ws, view, whole_stack=True)
        elif action is None and current:
            views.close(self.ws, current)
        elif action not in (None, "update", "push"):
            raise SlackError("invalid_response_action", response_action=action)
        return {}

    async def close(self, who: str, view_id: str | None = None, whole_stack: bool = False) -> JSON:
        """Closes a modal; the app hears of it where it asked to."""
        person = self.ws.person(who)
        view = self.interactions.view(person, view_id)
        cleared = whole_stack or bool(view.body.get("clear_on_close"))
        for gone in views.close(self.ws, view, cleared):
            if gone.body.get("notify_on_close"):
                app = self.ws.apps[gone.app_id]
                await self.courier.deliver(
                    app, "view_closed", payloads.view_closed(self.ws, app, person, gone, cleared)
                )
        return self._result(person)


def _known_errors(view: View, errors: Any) -> JSON:
    blocks = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
    if (
        not isinstance(errors, dict)
        or not errors
        or not all(isinstance(each, str) for each in errors.values())
    ):
        raise SlackError("invalid_errors")
    unknown = sorted(set(errors) - blocks)
    if unknown:
        raise SlackError(
            "invalid_errors", response_metadata={"messages": [f"no input block {u}" for u in unknown]}
        )
    return errors


def missing_or_wrong(view: View) -> dict[str, str]:
    """What Slack's client complains about before it sends anything, by block id."""
    found = {}
    for block in view.body["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = view.state.get(block["block_id"], {}).get(element["action_id"], {})
        value = state.get(views.INITIAL[element["type"]][0])
        problem = _problem(element, value) if value not in (None, "", []) else None
        if value in (None, "", []) and not block.get("optional"):
            problem = REQUIRED
        if problem:
            found[block["block_id"]] = problem
    return found


def _problem(element: JSON, value: Any) -> str | None:
    kind = element["type"]
    if kind == "number_input":
        return _number_problem(element, value)
    if kind == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if not least <= len(value) <= most:
            return f"Please enter between {least} and {most} characters."
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not re.fullmatch(r"https?://\S+", value):
        return "Please enter a valid URL."
    most_items = element.get("max_selected_items")
    if most_items and isinstance(value, list) and len(value) > most_items:
        return f"Please select no more than {most_items} items."
    return None


def _number_problem(element: JSON, value: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Please enter a valid number."
    if "min_value" in element and float(value) < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and float(value) > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None
