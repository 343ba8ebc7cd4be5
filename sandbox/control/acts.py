"""What a person does: say, drop a file, run a command, react, edit, delete, open the Home tab."""

from typing import Any

from ..delivery import payloads, responses
from ..delivery.ack import Ack
from ..delivery.courier import Courier
from ..workspace import files, manifest, messages, mrkdwn, reactions, sharing, triggers, views
from ..workspace.errors import SlackError
from ..workspace.people import open_direct, visible
from ..workspace.records import JSON, App, Channel, File, Message, Person
from ..workspace.state import Workspace


class Acts:
    """Each method takes the acting person's name or id first."""

    def __init__(self, ws: Workspace, courier: Courier) -> None:
        self.ws = ws
        self.courier = courier

    def _place(self, who: str, where: str) -> tuple[Person, Channel]:
        """The person and a conversation that the person is in; `@name` and app names mean direct ones."""
        person = self.ws.person(who)
        channel = self._direct(person, where) or visible(self.ws, where, person.id)
        if person.id not in channel.members:
            raise SlackError("not_in_channel")
        return person, channel

    def _direct(self, person: Person, where: str) -> Channel | None:
        if not where.startswith("@"):
            return None
        other = self.ws.person(where.removeprefix("@"))
        return open_direct(self.ws, (person.id, other.id))

    def _thread(self, channel: Channel, thread_ts: str | None) -> str | None:
        if not thread_ts:
            return None
        root = self.ws.message(channel.id, thread_ts)
        return root.thread_ts or root.ts

    def say(self, who: str, where: str, text: str, thread_ts: str | None = None) -> Message:
        person, channel = self._place(who, where)
        if not text.strip():
            raise SlackError("no_text")
        thread = self._thread(channel, thread_ts)
        typed = mrkdwn.typed(self.ws, text)
        return messages.post(self.ws, messages.by_person(self.ws, channel, person, typed, thread_ts=thread))

    def reserve(self, who: str, name: str) -> File:
        """A file whose bytes are about to be written to `files.path`."""
        return files.reserve(self.ws, self.ws.person(who).id, name, 0)

    def share(
        self, who: str, where: str, file_ids: list[str], comment: str = "", thread_ts: str | None = None
    ) -> Message:
        """Posts files that have arrived, with Slack's three events for each."""
        person, channel = self._place(who, where)
        thread = self._thread(channel, thread_ts)
        arrived = [self.ws.files[file_id] for file_id in file_ids]
        return sharing.share(self.ws, arrived, channel, person.id, mrkdwn.typed(self.ws, comment), thread)

    def edit(self, who: str, where: str, ts: str, text: str) -> Message:
        person, channel = self._place(who, where)
        message = self._own(person, channel, ts, "cant_update_message")
        typed = mrkdwn.typed(self.ws, text)
        block = mrkdwn.rich_text(typed, str(message.blocks[0]["block_id"]) if message.blocks else "edited")
        stamp = {"edited_ts": self.ws.timestamps.next(), "edited_by": person.id}
        return messages.change(self.ws, message, text=typed, blocks=(block,), **stamp)

    def delete(self, who: str, where: str, ts: str) -> None:
        person, channel = self._place(who, where)
        message = self._own(person, channel, ts, "cant_delete_message")
        for file_id in message.files:
            files.delete(self.ws, self.ws.files[file_id])
        messages.delete(self.ws, message)

    def _own(self, person: Person, channel: Channel, ts: str, refusal: str) -> Message:
        message = self.ws.message(channel.id, ts)
        if message.user != person.id and not person.is_admin:
            raise SlackError(refusal)
        return message

    def react(self, who: str, where: str, ts: str, name: str, remove: bool = False) -> None:
        person, channel = self._place(who, where)
        act = reactions.remove if remove else reactions.add
        act(self.ws, self.ws.message(channel.id, ts), name.strip(":"), person.id)

    async def command(self, who: str, where: str, line: str) -> Ack:
        """Runs `/name text`; whatever goes wrong is also told to the person, as Slack's client does."""
        person, channel = self._place(who, where)
        name, _, text = line.strip().partition(" ")
        app = self._app_of(name)
        if app is None:
            self.tell(person, channel, f"{name} is not a valid command.")
            raise SlackError("invalid_command", command=name)
        entry = manifest.command(app, name) or {}
        trigger = triggers.issue_trigger(self.ws, app, person.id, channel.id)
        url = triggers.issue_response_url(self.ws, app, person.id, channel.id)
        escaped = payloads.escaped_text(self.ws, text.strip(), bool(entry.get("should_escape")))
        body = payloads.slash_command(self.ws, app, person, channel, name, escaped, trigger.id, url)
        ack = await self.courier.deliver(app, "command", body)
        error = ack.error or self._answer(url, ack.body)
        if error:
            self.tell(person, channel, f"{name} failed with the error “{error}”")
        return Ack(error, ack.body, ack.status)

    def _app_of(self, command: str) -> App | None:
        if not command.startswith("/"):
            raise SlackError("invalid_command", command=command)
        return next((a for a in self.ws.apps.values() if manifest.command(a, command)), None)

    def _answer(self, url: str, body: Any) -> str | None:
        """Shows what came with the acknowledgement; the error if it is not acceptable."""
        if not body:
            return None
        record = self.ws.response_urls[url.split("/commands/", 1)[1]]
        try:
            responses.apply(self.ws, record, body if isinstance(body, dict) else {"text": str(body)})
        except SlackError:
            return "invalid_command_response"
        return None

    def tell(self, person: Person, channel: Channel, text: str) -> Message:
        """A note from Slackbot that only this person sees."""
        note = Message(channel.id, self.ws.timestamps.next(), "USLACKBOT", text, seen_by=person.id)
        return messages.show(self.ws, note)

    def open_home(self, who: str, app_key: str | None = None, tab: str = "home") -> JSON:
        """Opens an app's Home tab; the app hears of it and may publish."""
        person = self.ws.person(who)
        app = self.ws.app(app_key) if app_key else next(iter(self.ws.apps.values()))
        channel = open_direct(self.ws, (app.bot_user_id, person.id))
        event: JSON = {"type": "app_home_opened", "user": person.id, "channel": channel.id, "tab": tab}
        view = self.ws.homes.get(f"{app.id}/{person.id}")
        if view:
            event["view"] = views.render(self.ws, view)
        self.ws.notify({**event, "event_ts": self.ws.timestamps.next()}, channel, app.id)
        return {"app_id": app.id, "channel": channel.id}

    async def shortcut(
        self, who: str, callback_id: str, where: str | None = None, ts: str | None = None
    ) -> Ack:
        """Runs a global shortcut, or a message shortcut on one message."""
        person = self.ws.person(who)
        app = self._app_with_shortcut(callback_id)
        trigger = triggers.issue_trigger(self.ws, app, person.id, where)
        if where is None or ts is None:
            body = payloads.shortcut(self.ws, app, person, callback_id, trigger.id)
            return await self.courier.deliver(app, "shortcut", body)
        message = self.ws.message(self.ws.channel(where).id, ts)
        url = triggers.issue_response_url(
            self.ws, app, person.id, message.channel, message.ts, message.thread_ts
        )
        body = payloads.message_shortcut(self.ws, app, person, message, callback_id, trigger.id, url)
        return await self.courier.deliver(app, "shortcut", body)

    def _app_with_shortcut(self, callback_id: str) -> App:
        for app in self.ws.apps.values():
            known = ((app.manifest or {}).get("features") or {}).get("shortcuts") or []
            if app.manifest is None or any(entry.get("callback_id") == callback_id for entry in known):
                return app
        raise SlackError("invalid_shortcut", callback_id=callback_id)
