"""Pressing buttons and choosing options, in messages, modals and the Home tab."""

from dataclasses import replace
from typing import Any

from ..blockkit.objects import OPTION, OPTION_GROUP
from ..blockkit.rules import Report, array, only_one, shape
from ..delivery import payloads
from ..delivery.ack import Ack
from ..delivery.courier import Courier
from ..workspace import files, manifest, messages, triggers, views
from ..workspace.errors import SlackError
from ..workspace.people import visible
from ..workspace.records import JSON, App, Message, Person, View
from ..workspace.state import Workspace
from . import elements


class Interactions:
    """`where` names the source: channel and ts of a message, or view_id."""

    def __init__(self, ws: Workspace, courier: Courier) -> None:
        self.ws = ws
        self.courier = courier

    def view(self, person: Person, view_id: str | None) -> View:
        """A view that this person has open; without an id the topmost modal."""
        if view_id is None:
            stack = views.stack(self.ws, person.id)
            if not stack:
                raise SlackError("no_modal_open")
            return stack[-1]
        for view in [*self.ws.views.values(), *self.ws.homes.values()]:
            if view.id == view_id and view.user == person.id:
                return view
        raise SlackError("view_not_found")

    def _message(self, person: Person, where: JSON) -> Message:
        channel = visible(self.ws, where["channel"], person.id)
        return messages.find(self.ws, channel.id, where["ts"], person.id)

    async def press(self, who: str, where: JSON, action_id: str, wanted: Any = None) -> Ack:
        """Uses an element: presses a button, or chooses `wanted` (a value, a text, or a list of them)."""
        person = self.ws.person(who)
        if where.get("ts"):
            return await self._press_in_message(
                person, self._message(person, where), where, action_id, wanted
            )
        return await self._press_in_view(
            person, self.view(person, where.get("view_id")), where, action_id, wanted
        )

    async def _press_in_message(
        self, person: Person, message: Message, where: JSON, action_id: str, wanted: Any
    ) -> Ack:
        app = self._owner(message)
        blocks = [*message.blocks, *(b for a in message.attachments for b in a.get("blocks") or ())]
        block, element = elements.find(blocks, action_id, where.get("block_id"))
        source = payloads.message_source(self.ws, message)
        options = await self._external(person, app, source, block, element, where, wanted)
        action = elements.action_of(block, element, wanted, self.ws.timestamps.next(), options)
        source["state"] = {"values": self._message_state(message, person, block, element, wanted, options)}
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Ack()
        source["response_url"] = triggers.issue_response_url(
            self.ws,
            app,
            person.id,
            message.channel,
            message.ts,
            message.thread_ts,
            message.seen_by is not None,
        )
        return await self._deliver(app, person, source, action, message.channel, None)

    def _message_state(
        self,
        message: Message,
        person: Person,
        block: JSON,
        element: JSON,
        wanted: Any,
        options: list[JSON] | None,
    ) -> JSON:
        key = (f"{message.channel}/{message.ts}", person.id)
        values = self.ws.choices.get(key) or views.initial_state(list(message.blocks))
        if element["type"] in views.INITIAL:
            chosen = elements.state_of(element, wanted, options)
            values.setdefault(block["block_id"], {})[element["action_id"]] = chosen
            self.ws.choices[key] = values
        return values

    async def _press_in_view(
        self, person: Person, view: View, where: JSON, action_id: str, wanted: Any
    ) -> Ack:
        app = self.ws.apps[view.app_id]
        block, element = elements.find(view.body["blocks"], action_id, where.get("block_id"))
        source = payloads.view_source(self.ws, view)
        options = await self._external(person, app, source, block, element, where, wanted)
        action = elements.action_of(block, element, wanted, self.ws.timestamps.next(), options)
        if element["type"] in views.INITIAL:
            view = self.store(view, block, element, elements.state_of(element, wanted, options))
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Ack()
        source = payloads.view_source(self.ws, view)
        return await self._deliver(
            app, person, source, action, None, view.id if view.type == "modal" else None
        )

    def store(self, view: View, block: JSON, element: JSON, value: JSON) -> View:
        """Remembers what a person put into an input of a view."""
        if element["type"] == "file_input":
            value = {**value, "files": [self._file(view, file_id) for file_id in value["files"]]}
        actions = {**view.state.get(block["block_id"], {}), element["action_id"]: value}
        changed = replace(view, state={**view.state, block["block_id"]: actions})
        (self.ws.homes if view.type == "home" else self.ws.views).put(changed)
        return changed

    def _file(self, view: View, file_id: str) -> JSON:
        """A file that was put into a file_input: it exists for apps from then on."""
        file = self.ws.files.get(file_id)
        if file is None or file.user != view.user:
            raise SlackError("file_not_found")
        return files.file_json(self.ws, files.give(self.ws, file, self.ws.apps[view.app_id].bot_user_id))

    def _owner(self, message: Message) -> App:
        app = self.ws.apps.get(message.app_id)
        if app is None:
            raise SlackError("message_has_no_app")
        if not manifest.is_interactive(app):
            raise SlackError("interactivity_not_enabled")
        return app

    async def _deliver(
        self, app: App, person: Person, source: JSON, action: JSON, channel: str | None, view_id: str | None
    ) -> Ack:
        trigger = triggers.issue_trigger(self.ws, app, person.id, channel, view_id)
        body = payloads.block_actions(self.ws, app, person, source, action, trigger.id)
        return await self.courier.deliver(app, "action", body)

    async def suggest(self, who: str, where: JSON, action_id: str, query: str) -> list[JSON]:
        """The options that the app offers for a query in an external select."""
        person = self.ws.person(who)
        if where.get("ts"):
            message = self._message(person, where)
            app, blocks = self._owner(message), list(message.blocks)
            source = payloads.message_source(self.ws, message)
        else:
            view = self.view(person, where.get("view_id"))
            app, blocks = self.ws.apps[view.app_id], view.body["blocks"]
            source = payloads.view_source(self.ws, view)
        block, element = elements.find(blocks, action_id, where.get("block_id"))
        return await self._suggestions(person, app, source, block, element, query)

    async def _suggestions(
        self, person: Person, app: App, source: JSON, block: JSON, element: JSON, query: str
    ) -> list[JSON]:
        if "external_select" not in element["type"]:
            raise SlackError("not_an_external_select", type=element["type"])
        ids = (block["block_id"], element["action_id"])
        body = payloads.block_suggestion(self.ws, app, person, source, *ids, query)
        ack = await self.courier.deliver(app, "options", body)
        if not ack.ok:
            raise SlackError(ack.error or "options_failed")
        return _checked_options(ack.body)

    async def _external(
        self, person: Person, app: App, source: JSON, block: JSON, element: JSON, where: JSON, wanted: Any
    ) -> list[JSON] | None:
        """For an external select: the options among which `wanted` must be."""
        if "external_select" not in element["type"] or wanted in (None, "", []):
            return None
        if complete := elements.given_whole(wanted):
            return complete
        query = str(where.get("query") or "")
        return await self._suggestions(person, app, source, block, element, query)


def _checked_options(body: Any) -> list[JSON]:
    """The options of an answer, groups flattened; `invalid_options` says what is wrong with it."""
    report = Report()
    rules = {"options": array(OPTION, 100, least=0), "option_groups": array(OPTION_GROUP, 100, least=0)}
    shape({}, rules, [only_one("options", "option_groups")])(report, body, "")
    if report.problems:
        raise SlackError("invalid_options", errors=report.problems)
    groups = body.get("option_groups") or [{"options": body.get("options") or []}]
    return [option for group in groups for option in group["options"]]
