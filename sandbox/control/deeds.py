"""The control API's acting side: whatever a person does."""

from typing import Any

from aiohttp import web

from ..delivery.courier import Courier
from ..webapi.transfer import save
from ..workspace import files, messages, people, views
from ..workspace.state import Workspace
from .acts import Acts
from .answers import Handler, ack_json, body_of, need
from .interact import Interactions
from .modals import Modals


class Deeds:
    def __init__(self, ws: Workspace, courier: Courier) -> None:
        self.ws = ws
        self.acts = Acts(ws, courier)
        self.interactions = Interactions(ws, courier)
        self.modals = Modals(ws, courier, self.interactions)

    def table(self) -> list[tuple[str, str, Handler]]:
        named: dict[str, Handler] = {
            "say": self.say,
            "drop": self.drop,
            "upload": self.upload,
            "share": self.share,
            "edit": self.edit,
            "delete": self.delete,
            "react": self.react,
            "dm": self.dm,
            "join": self.join,
            "leave": self.leave,
            "command": self.command,
            "shortcut": self.shortcut,
            "press": self.press,
            "suggest": self.suggest,
            "fill": self.fill,
            "submit": self.submit,
            "close": self.close,
            "home": self.home,
        }
        return [("POST", f"/control/{name}", handler) for name, handler in named.items()]

    async def say(self, request: web.Request) -> Any:
        body = await body_of(request)
        message = self.acts.say(
            need(body, "as"), need(body, "channel"), need(body, "text"), body.get("thread_ts")
        )
        return {"message": {**messages.render(self.ws, message), "channel": message.channel}}

    async def upload(self, request: web.Request) -> Any:
        """The bytes of one file, which `share` posts afterwards."""
        asked = request.query
        file = self.acts.reserve(need(asked, "as"), need(asked, "name"))
        done = files.received(self.ws, file, await save(request, files.path(self.ws, file)))
        return {"file": files.file_json(self.ws, done)}

    async def drop(self, request: web.Request) -> Any:
        """Upload and share in one: the body is the file."""
        asked = request.query
        uploaded = await self.upload(request)
        message = self.acts.share(
            asked["as"],
            asked["channel"],
            [uploaded["file"]["id"]],
            asked.get("comment", ""),
            asked.get("thread_ts"),
        )
        return {"message": {**messages.render(self.ws, message), "channel": message.channel}}

    async def share(self, request: web.Request) -> Any:
        body = await body_of(request)
        message = self.acts.share(
            need(body, "as"),
            need(body, "channel"),
            body["files"],
            body.get("comment", ""),
            body.get("thread_ts"),
        )
        return {"message": {**messages.render(self.ws, message), "channel": message.channel}}

    async def edit(self, request: web.Request) -> Any:
        body = await body_of(request)
        names = ("as", "channel", "ts", "text")
        return {"message": messages.render(self.ws, self.acts.edit(*(need(body, name) for name in names)))}

    async def delete(self, request: web.Request) -> Any:
        body = await body_of(request)
        self.acts.delete(*(need(body, name) for name in ("as", "channel", "ts")))
        return {}

    async def react(self, request: web.Request) -> Any:
        body = await body_of(request)
        who, place, ts, name = (need(body, key) for key in ("as", "channel", "ts", "name"))
        self.acts.react(who, place, ts, name, bool(body.get("remove")))
        return {}

    async def dm(self, request: web.Request) -> Any:
        """The direct conversation of two or more people."""
        body = await body_of(request)
        users = [self.ws.person(name).id for name in (need(body, "as"), *body.get("users", ()))]
        return {"channel": people.open_direct(self.ws, tuple(users)).id}

    async def join(self, request: web.Request) -> Any:
        body = await body_of(request)
        channel, person = self.ws.channel(need(body, "channel")), self.ws.person(need(body, "as"))
        people.join(self.ws, channel, person.id)
        return {}

    async def leave(self, request: web.Request) -> Any:
        body = await body_of(request)
        channel, person = self.ws.channel(need(body, "channel")), self.ws.person(need(body, "as"))
        people.leave(self.ws, channel, person.id)
        return {}

    async def command(self, request: web.Request) -> Any:
        body = await body_of(request)
        return ack_json(await self.acts.command(need(body, "as"), need(body, "channel"), need(body, "text")))

    async def shortcut(self, request: web.Request) -> Any:
        body = await body_of(request)
        who, callback_id = need(body, "as"), need(body, "callback_id")
        return ack_json(await self.acts.shortcut(who, callback_id, body.get("channel"), body.get("ts")))

    async def press(self, request: web.Request) -> Any:
        body = await body_of(request)
        who, action_id = need(body, "as"), need(body, "action_id")
        return ack_json(await self.interactions.press(who, body, action_id, body.get("value")))

    async def suggest(self, request: web.Request) -> Any:
        body = await body_of(request)
        who, action_id = need(body, "as"), need(body, "action_id")
        return {
            "options": await self.interactions.suggest(who, body, action_id, str(body.get("query") or ""))
        }

    async def fill(self, request: web.Request) -> Any:
        body = await body_of(request)
        view = await self.modals.fill(
            need(body, "as"), body.get("view_id"), body.get("values") or {}, body.get("query") or ""
        )
        return {"view": views.render(self.ws, view)}

    async def submit(self, request: web.Request) -> Any:
        body = await body_of(request)
        return await self.modals.submit(
            need(body, "as"), body.get("view_id"), body.get("values"), body.get("query") or ""
        )

    async def close(self, request: web.Request) -> Any:
        body = await body_of(request)
        return await self.modals.close(need(body, "as"), body.get("view_id"), bool(body.get("all")))

    async def home(self, request: web.Request) -> Any:
        body = await body_of(request)
        return self.acts.open_home(need(body, "as"), body.get("app"), body.get("tab") or "home")
