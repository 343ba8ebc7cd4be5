"""Props for the stage: records put there at once, answers to a command, and strangers' requests."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncBoltRequest

from sandbox.client import Person, until
from tests.fakes.records import make_job, make_plan, make_report
from tests.fakes.stage import CHANNEL, Message, Stage, rows
from tuning.ids import new_id
from tuning.records import Dataset, Job, Model, Version

TEAM, ANA, BEN = "T0SANDBOX1", "U0ANA00001", "U0BEN00001"
#: What Slack gives a meaning inside mrkdwn; of these only mentions of people, channels and dates are ours.
TOKEN = re.compile(r"<[^<>\s][^<>]*>")
OURS = re.compile(r"<(?:@U0[A-Z0-9]+|#C0[A-Z0-9]+|!date\^\d+\^[^<>]*)>")
LINK = re.compile(r"https?://|mailto:|www\.[a-z]|\]\(", re.IGNORECASE)
#: What a rich text may hold that calls somebody or can be clicked.
LIVE = re.compile(r"'type': '(?:broadcast|link|usergroup)'")
SECRET = re.compile(r"xox[a-z]-|xapp-|sk-[\w-]{6}|Bearer ")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


async def put_dataset(
    stage: Stage, name: str = "news", *, workspace: str = TEAM, owner: str = ANA, **report: Any
) -> Dataset:
    """A dataset with its bytes, as a drop leaves it, without the time that a check takes."""
    data = rows(12, name)
    digest = hashlib.sha256(data).hexdigest()
    files = stage.bot.services.drops.files
    temporary = files.temporary(new_id("prop"))
    temporary.write_bytes(data)
    await files.keep(temporary, digest)
    made = make_report(**{"rows": 12, "sha256": digest, "bytes": len(data), "billable_tokens": 200} | report)
    now, ident = datetime.now(UTC), new_id("ds")
    version = Version(new_id("ver"), ident, 1, digest, len(data), made, owner, now)
    dataset = Dataset(ident, workspace, name, owner, now, (version,))
    async with stage.bot.store.begin() as tx:
        await tx.datasets.add(dataset)
    return dataset


async def put_job(stage: Stage, *, workspace: str = TEAM, owner: str = ANA, **more: Any) -> Job:
    """A job that ended long ago."""
    plan = make_plan(workspace=workspace, owner=owner, id=new_id("ftp"), channel="C0FINETUNE")
    job = make_job(plan=plan, workspace=workspace, owner=owner, channel="C0FINETUNE", status="succeeded")
    job = Job(**{name: getattr(job, name) for name in Job.__slots__} | {"closed": True} | more)
    async with stage.bot.store.begin() as tx:
        await tx.jobs.add(job)
    return job


async def put_model(
    stage: Stage, name: str, *, workspace: str = TEAM, owner: str = ANA, at_backend: bool = True
) -> Model:
    """A model of a job that ended, here and at the backend."""
    job = await put_job(stage, workspace=workspace, owner=owner, model=name)
    model = Model(name, workspace, owner, job.id, "gpt-4o-mini-2024-07-18", datetime.now(UTC))
    async with stage.bot.store.begin() as tx:
        await tx.models.add(model)
    if at_backend:
        body = {"object": "model", "id": name, "created": 1, "owned_by": "org-fake"}
        stage.backend.models[name] = body
    return model


async def reply(person: Person, line: str, channel: str = CHANNEL) -> Message:
    """The answer that only this person sees to what they type."""
    before = len(await person.notes())
    name, _, rest = line.partition(" ")
    assert (await person.command(channel, name, rest))["ok"]
    return await note_after(person, before)


async def note_after(person: Person, before: int, seconds: float = 10) -> Message:
    """The newest private message, once there are more than `before`."""

    async def look() -> Message | None:
        notes = await person.notes()
        return notes[-1] if len(notes) > before else None

    found: Message = await until(look, seconds, pause=0.02)
    return found


async def pressed(person: Person, source: Message, action_id: str, value: Any = None) -> Message:
    """The private answer to a pressed button."""
    before = len(await person.notes())
    await person.press(source, action_id, value)
    return await note_after(person, before)


def shown(message: Message) -> str:
    """All that a reader may see of a message, the fallback text included."""
    return "\n".join(_texts(message.get("blocks"))) + "\n" + str(message.get("text"))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        if value.get("type") == "rich_text":
            # read already: its words mean nothing more, and what is live in it has a type of its own
            return []
        found = [value["text"]] if isinstance(value.get("text"), str) else []
        return found + [text for item in value.values() for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def assert_harmless(message: Message) -> None:
    """Nobody is called, nothing can be clicked that isn't ours, no secret, no control characters."""
    text = shown(message)
    foreign = [token for token in TOKEN.findall(text) if not OURS.fullmatch(token)]
    assert not foreign, foreign
    for pattern in (LINK, SECRET, CONTROL):
        assert not pattern.search(text), (pattern.pattern, text)
    assert not LIVE.search(str(message.get("blocks")))
    assert "@channel" not in text
    assert "@here" not in text


@dataclass
class Stranger:
    """Somebody of another workspace, whose requests reach this bot all the same."""

    stage: Stage
    url: str
    answers: list[Message] = field(default_factory=list)
    team: str = "T0OTHER001"
    user: str = "U0EVE00001"

    async def command(self, name: str, text: str) -> Message:
        """The private answer to a slash command."""
        body = {
            "command": name,
            "text": text,
            "team_id": self.team,
            "user_id": self.user,
            "channel_id": "C0OTHER001",
            "trigger_id": new_id("trigger"),
            "response_url": self.url,
        }
        return await self._answer(body)

    async def press(self, action_id: str, value: str, **more: Any) -> Message:
        return await self._answer(
            self._interaction("block_actions")
            | {
                "channel": {"id": "C0OTHER001", "name": "other"},
                "response_url": self.url,
                "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}],
            }
            | more
        )

    async def suggest(self, action_id: str) -> list[Message]:
        body = self._interaction("block_suggestion")
        answer = await self.send(body | {"action_id": action_id, "block_id": action_id, "value": ""})
        options: list[Message] = json.loads(answer.body)["options"]
        return options

    async def submit(self, values: dict[str, str]) -> dict[str, str]:
        """The errors beneath a form's fields."""
        state = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()}
        view = {
            "id": "V1",
            "type": "modal",
            "callback_id": "train",
            "private_metadata": json.dumps({"plan_id": new_id("ftp"), "channel": "C0OTHER001"}),
            "state": {"values": state},
        }
        answer = await self.send(self._interaction("view_submission") | {"view": view})
        errors: dict[str, str] = json.loads(answer.body)["errors"]
        return errors

    async def send(self, body: dict[str, Any]) -> BoltResponse:
        return await self.stage.bot.app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))

    def _interaction(self, kind: str) -> dict[str, Any]:
        return {
            "type": kind,
            "team": {"id": self.team, "domain": "other"},
            "user": {"id": self.user, "team_id": self.team},
            "trigger_id": new_id("trigger"),
        }

    async def _answer(self, body: dict[str, Any]) -> Message:
        before = len(self.answers)
        await self.send(body)

        async def look() -> Message | None:
            return self.answers[-1] if len(self.answers) > before else None

        found: Message = await until(look, pause=0.02)
        return found


@asynccontextmanager
async def stranger(stage: Stage) -> AsyncIterator[Stranger]:
    """A stranger whose response URLs we listen at."""
    answers: list[Message] = []

    async def respond(request: web.Request) -> web.Response:
        answers.append(await request.json())
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/respond", respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Stranger(stage, f"http://127.0.0.1:{runner.addresses[0][1]}/respond", answers)
    finally:
        await runner.cleanup()
