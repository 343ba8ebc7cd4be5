"""A small client of the control API, for tests and the demo: acts as a person and waits for what happens."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

JSON = dict[str, Any]


class ControlError(Exception):
    """The sandbox refused; `answer` is all that it said."""

    def __init__(self, path: str, answer: JSON) -> None:
        super().__init__(f"{path}: {answer.get('error')} {_rest(answer)}".strip())
        self.error = str(answer.get("error"))
        self.answer = answer


def _rest(answer: JSON) -> str:
    rest = {key: value for key, value in answer.items() if key not in ("ok", "error")}
    return str(rest) if rest else ""


class Control:
    """`async with Control(url) as control: ana = control.person("ana")`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Control":
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    def person(self, name: str) -> "Person":
        return Person(self, name)

    async def get(self, path: str, **query: Any) -> JSON:
        given = {key: str(value) for key, value in query.items() if value is not None}
        return await self._call("GET", path, params=given)

    async def post(self, path: str, /, **body: Any) -> JSON:
        return await self._call("POST", path, json=body)

    async def _call(self, method: str, path: str, **options: Any) -> JSON:
        if self._session is None:
            raise RuntimeError("use the client in an `async with` block")
        async with self._session.request(method, f"{self.url}/control/{path}", **options) as response:
            answer: JSON = await response.json()
        if response.status >= 400:
            raise ControlError(path, answer)
        return answer

    async def state(self) -> JSON:
        return await self.get("state")

    async def channel(self, channel: str, who: str | None = None) -> list[JSON]:
        """The messages of a channel, oldest first, with the notes that `who` was shown."""
        return list((await self.get(f"channels/{channel.lstrip('#')}", **{"as": who}))["messages"])

    async def thread(self, channel: str, ts: str, who: str | None = None) -> list[JSON]:
        """Root and replies, oldest first."""
        return list(
            (await self.get(f"channels/{channel.lstrip('#')}/threads/{ts}", **{"as": who}))["messages"]
        )

    async def log(self, since: int = 0, wait: float = 0) -> list[JSON]:
        """What happened after entry `since`; waits up to `wait` seconds for the first."""
        return list((await self.get("log", since=since, wait=wait))["entries"])

    async def last(self) -> int:
        """The number of the latest entry of the log: where to start watching from."""
        return int((await self.state())["last"])

    async def follow(self, since: int, found: Callable[[JSON], bool], seconds: float = 10) -> JSON:
        """The first entry after `since` for which `found(entry)` holds; TimeoutError otherwise."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for entry in await self.log(since, min(left, 30)):
                since = entry["seq"]
                if found(entry):
                    return entry
        raise TimeoutError(f"nothing of the kind within {seconds} s after entry {since}")

    async def exchanges(self, direction: str | None = None, name: str | None = None) -> list[JSON]:
        """Every request and event so far, oldest first."""
        found = (await self.get("exchanges"))["exchanges"]
        return [e for e in found if direction in (None, e["direction"]) and name in (None, e["name"])]

    async def fault(self, method: str, kind: str, **how: Any) -> JSON:
        """Orders a fault; see docs/sandbox.md for the kinds."""
        return dict((await self.post("faults", method=method, kind=kind, **how))["fault"])

    async def clear_faults(self) -> None:
        await self._call("DELETE", "faults")

    async def redeliver(self, exchange: str) -> JSON:
        """Sends a recorded event, command or click once more, by exchange id or event_id."""
        return await self.post("redeliver", id=exchange)

    async def sockets(self, how: str, app: str | None = None) -> int:
        """`refresh` or `drop` the app's Socket Mode connections; returns how many there were."""
        return int((await self.post(f"sockets/{how}", app=app))["connections"])

    async def revoke(self, app: str | None = None, kind: str = "bot", restore: bool = False) -> None:
        await self.post("tokens/revoke", app=app, kind=kind, restore=restore)

    async def connected(self, seconds: float = 10) -> None:
        """Waits until the first app has a Socket Mode connection."""
        await until(lambda: self._has_connection(), seconds)

    async def _has_connection(self) -> bool:
        return any(app["connections"] for app in (await self.state())["apps"])


async def until(check: Callable[[], Awaitable[Any]], seconds: float = 10, pause: float = 0.05) -> Any:
    """Polls until `check` returns something true, and returns that; TimeoutError otherwise."""
    deadline = time.monotonic() + seconds
    while not (result := await check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not so after {seconds} s")
        await asyncio.sleep(pause)
    return result


class Person:
    """Somebody in the workspace. `channel` is an id, a name, or `@name` for a direct conversation."""

    def __init__(self, control: Control, name: str) -> None:
        self.control = control
        self.name = name

    async def _post(self, path: str, **body: Any) -> JSON:
        return await self.control.post(path, **{"as": self.name, **body})

    async def say(self, channel: str, text: str, thread_ts: str | None = None) -> JSON:
        """Posts a message; `@ben` and `#general` become mentions. Returns the message."""
        return dict((await self._post("say", channel=channel, text=text, thread_ts=thread_ts))["message"])

    async def drop(
        self, channel: str, name: str, data: bytes, comment: str = "", thread_ts: str | None = None
    ) -> JSON:
        """Drops a file. Returns the message that carries it."""
        query = {"as": self.name, "channel": channel, "name": name, "comment": comment}
        if thread_ts:
            query["thread_ts"] = thread_ts
        return dict((await self.control._call("POST", "drop", params=query, data=data))["message"])

    async def command(self, channel: str, name: str, text: str = "") -> JSON:
        """Runs a slash command. Returns {"ok", "error", "body"}: how the app acknowledged."""
        return await self.control._call(
            "POST", "command", json={"as": self.name, "channel": channel, "text": f"{name} {text}".strip()}
        )

    async def press(
        self, source: JSON, action_id: str, value: Any = None, block_id: str | None = None, query: str = ""
    ) -> JSON:
        """Presses a button or chooses `value`; `source` is a message, or a view."""
        where = _where(source) | ({"block_id": block_id} if block_id else {})
        return await self._post("press", **where, action_id=action_id, value=value, query=query)

    async def suggest(self, source: JSON, action_id: str, query: str = "") -> list[JSON]:
        """The options that an external select offers for a query."""
        return list(
            (await self._post("suggest", **_where(source), action_id=action_id, query=query))["options"]
        )

    async def fill(self, values: JSON, view_id: str | None = None, query: str = "") -> JSON:
        """Fills inputs of the topmost modal without submitting; keys are block ids or action ids."""
        return dict((await self._post("fill", view_id=view_id, values=values, query=query))["view"])

    async def submit(self, values: JSON | None = None, view_id: str | None = None, query: str = "") -> JSON:
        """Submits the topmost modal. Returns {"ok", "errors", "error", "modals"}."""
        return await self._post("submit", view_id=view_id, values=values or {}, query=query)

    async def close(self, view_id: str | None = None, whole_stack: bool = False) -> JSON:
        return await self._post("close", view_id=view_id, all=whole_stack)

    async def open_home(self, app: str | None = None) -> JSON:
        """Opens the app's Home tab; the app publishes in answer."""
        return await self._post("home", app=app)

    async def react(self, message: JSON, name: str, remove: bool = False) -> None:
        await self._post("react", **_where(message), name=name, remove=remove)

    async def edit(self, message: JSON, text: str) -> JSON:
        return await self._post("edit", **_where(message), text=text)

    async def delete(self, message: JSON) -> None:
        await self._post("delete", **_where(message))

    async def modals(self) -> list[JSON]:
        """The modals that are open, the topmost last."""
        return list((await self.control.get(f"people/{self.name}/modals"))["modals"])

    async def modal(self, callback_id: str | None = None, seconds: float = 10) -> JSON:
        """Waits for a modal to be on top, and returns it."""

        async def top() -> JSON | None:
            found = await self.modals()
            return found[-1] if found and callback_id in (None, found[-1]["callback_id"]) else None

        return dict(await until(top, seconds))

    async def home(self, app: str | None = None) -> JSON | None:
        """The Home tab as published for this person, or None."""
        view: JSON | None = (await self.control.get(f"people/{self.name}/home", app=app))["view"]
        return view

    async def notes(self) -> list[JSON]:
        """The ephemeral messages that this person was shown, oldest first."""
        return list((await self.control.get(f"people/{self.name}/ephemerals"))["messages"])

    async def channel(self, channel: str) -> list[JSON]:
        return await self.control.channel(channel, self.name)

    async def thread(self, channel: str, ts: str) -> list[JSON]:
        return await self.control.thread(channel, ts, self.name)


def _where(source: JSON) -> JSON:
    """Message or view, as the control API names it."""
    if "channel" in source and "ts" in source:
        return {"channel": source["channel"], "ts": source["ts"]}
    return {"view_id": source["id"]}
