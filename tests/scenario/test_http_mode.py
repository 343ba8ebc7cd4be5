"""The bot over HTTP: signatures, handshakes, health, the main job, and what is delivered twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from bot.web import MAX_REQUEST_BYTES, site
from sandbox.client import until
from sandbox.delivery.http_mode import signature
from tests.fakes.stage import CHANNEL, Stage, rows

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CHALLENGE = json.dumps({"type": "url_verification", "token": "x", "challenge": "c3VyZQ"})


class Door:
    """The bot's HTTP site, and a client that signs as Slack does."""

    def __init__(self, url: str, secret: str, session: aiohttp.ClientSession) -> None:
        self.url, self._secret, self._session = url, secret, session

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._session.get(self.url + path) as response:
            return response.status, await response.json()

    async def post(
        self, body: str | bytes, kind: str = JSON, *, secret: str = "", age: int = 0, signed: bool = True
    ) -> tuple[int, str]:
        """Post to the request URL; (status, body)."""
        data = body.encode() if isinstance(body, str) else body
        stamp = int(time.time()) - age
        headers = {"Content-Type": kind}
        if signed:
            headers["X-Slack-Request-Timestamp"] = str(stamp)
            headers["X-Slack-Signature"] = signature(secret or self._secret, stamp, data)
        async with self._session.post(f"{self.url}/slack/events", data=data, headers=headers) as response:
            return response.status, await response.text()


@pytest.fixture
async def door(stage: Stage) -> AsyncIterator[Door]:
    """The stage's bot, served over HTTP; the workspace delivers there."""
    runner = web.AppRunner(site(stage.bot), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await stage.control.post("request_url", url=f"{url}/slack/events")
    async with aiohttp.ClientSession() as session:
        yield Door(url, stage.sandbox.credentials.signing_secret, session)
    await runner.cleanup()


async def delivered(stage: Stage, direction: str, name: str = "") -> dict[str, Any]:
    """The latest exchange of this direction, once it was acknowledged."""

    async def look() -> dict[str, Any] | None:
        found = await stage.control.exchanges(direction, name or None)
        return found[-1] if found and found[-1]["ok"] else None

    return dict(await until(look))


async def again(stage: Stage, exchange: dict[str, Any]) -> dict[str, Any]:
    """Deliver it a second time; the second exchange, acknowledged."""
    before = len(await stage.control.exchanges(exchange["direction"], exchange["name"]))
    await stage.control.redeliver(exchange["id"])

    async def look() -> dict[str, Any] | None:
        found = await stage.control.exchanges(exchange["direction"], exchange["name"])
        return found[-1] if len(found) > before and found[-1]["ok"] is not None else None

    second = dict(await until(look))
    assert second["ok"], second
    return second


async def test_the_main_job_over_http(stage: Stage, door: Door) -> None:
    card = await stage.dataset()
    await stage.ana.press(card, "train_dataset")
    modal = await stage.ana.modal("train")
    assert [option["text"]["text"] for option in await stage.ana.suggest(modal, "dataset", "ne")] == ["news"]
    assert "n_epochs" in (await stage.ana.submit({"n_epochs": "many"}))["errors"]
    assert (await stage.ana.submit({"n_epochs": "3", "suffix": "news"}))["ok"]
    (root,) = await stage.roots()
    await stage.seen(stage._job_is_there)
    model = stage.backend.finish(stage.backend_job())
    await stage.settle(10)
    assert model in [message["text"] for message in await stage.replies(root, 2)][-1]
    await stage.ben.command(CHANNEL, "/ask", f"{model} Who won?")
    question = (await stage.roots(2))[-1]
    assert "<@U0BEN00001>" in question["text"]
    assert (await stage.replies(question))[0]["text"]

    async def deliveries() -> list[dict[str, Any]]:
        """All that went to the bot, once nothing is under way."""
        sent = [e for e in await stage.control.exchanges() if e["direction"] != "call"]
        return sent if all(e["ok"] is not None for e in sent) else []

    sent = await until(deliveries)
    assert {e["transport"] for e in sent} == {"http"}
    assert all(e["ok"] for e in sent)


async def test_the_home_tab_and_a_mention_are_answered(stage: Stage, door: Door) -> None:
    await stage.ana.open_home()
    home = await until(stage.ana.home)
    assert home["type"] == "home"
    spoken = await stage.ana.say(CHANNEL, "@ft-bot what can you do?")
    assert "/ft train" in (await stage.replies(spoken))[0]["text"]


async def test_only_slack_s_signature_opens_the_door(door: Door) -> None:
    assert (await door.post(CHALLENGE))[0] == 200
    assert (await door.post(CHALLENGE, signed=False))[0] == 401
    assert (await door.post(CHALLENGE, secret="another"))[0] == 401
    assert (await door.post(CHALLENGE, age=301))[0] == 401
    assert (await door.post(CHALLENGE, age=-301))[0] == 401
    assert (await door.post(CHALLENGE, age=240))[0] == 200


async def test_the_handshakes_are_answered(door: Door) -> None:
    status, answer = await door.post(CHALLENGE)
    assert (status, json.loads(answer)) == (200, {"challenge": "c3VyZQ"})
    status, _ = await door.post(urlencode({"ssl_check": "1", "token": "x"}), FORM, signed=False)
    assert status == 200


async def test_nonsense_is_refused_without_a_traceback(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    bodies = (b"{", b"[]", b'"text"', b"null", b"\xff\xfe{}", b'{"event": 5, "team": [1]}', b"payload=5", b"")
    for kind in (JSON, FORM, "text/plain; charset=nonsense"):
        for body in bodies:
            status, _ = await door.post(body, kind, signed=False)
            assert status in (400, 401), (kind, body)
    assert (await door.post('{"type": "unheard_of"}'))[0] == 404
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_request_that_is_too_large_is_refused(door: Door) -> None:
    assert (await door.post(b"x" * (MAX_REQUEST_BYTES + 1), FORM))[0] == 413


async def test_health_and_readiness_follow_the_database(stage: Stage, door: Door) -> None:
    assert await door.get("/healthz") == (200, {"ok": True})
    assert await door.get("/readyz") == (200, {"ok": True})
    with sqlite3.connect(stage.settings.ft_data_dir / "ft-bot.db") as database:
        database.execute("DELETE FROM alembic_version")
    status, answer = await door.get("/readyz")
    assert status == 503
    assert "version" in answer["database"]
    await stage.bot.store.close()
    shutil.rmtree(stage.settings.ft_data_dir)
    stage.settings.ft_data_dir.write_text("no folder any more")
    assert (await door.get("/readyz"))[0] == 503
    assert (await door.get("/healthz"))[0] == 200


async def test_an_event_that_slack_repeats_does_its_work_once(stage: Stage, door: Door) -> None:
    spoken = await stage.ana.say(CHANNEL, "@ft-bot hello")
    await stage.replies(spoken)
    second = await again(stage, await delivered(stage, "event", "app_mention"))
    assert second["attempt"] == 1
    await stage.settle()
    assert len(await stage.control.thread(CHANNEL, spoken["ts"])) == 2


async def test_a_file_told_of_again_is_answered_once(stage: Stage, door: Door) -> None:
    dropped = await stage.ana.drop(CHANNEL, "news.jsonl", rows())
    await stage.replies(dropped)
    for name in ("file_shared", "message/file_share"):
        await again(stage, await delivered(stage, "event", name))
    await stage.settle()
    assert len(await stage.control.thread(CHANNEL, dropped["ts"])) == 2


async def test_a_command_and_a_form_delivered_twice_start_one_job_each(stage: Stage, door: Door) -> None:
    card = await stage.dataset()
    await stage.ana.command(CHANNEL, "/ft", "train news suffix=one")
    await again(stage, await delivered(stage, "command"))
    await stage.ana.press(card, "train_dataset")
    await stage.ana.modal("train")
    assert (await stage.ana.submit({"suffix": "two"}))["ok"]
    await again(stage, await delivered(stage, "view_submission"))
    await stage.settle()
    assert sorted(job.request["suffix"] for job in stage.backend.jobs.values()) == ["one", "two"]
    assert len(await stage.roots(2)) == 2


async def test_a_click_delivered_twice_cancels_once(stage: Stage, door: Door) -> None:
    await stage.dataset()
    await stage.job()
    await stage.seen(stage._job_is_there)
    await stage.ana.command(CHANNEL, "/ft", f"cancel {stage.backend_job()}")
    await stage.ana.press(await stage.note(stage.ana, "Cancel"), "cancel_job_yes")
    await again(stage, await delivered(stage, "action", "cancel_job_yes"))
    await stage.settle()
    assert stage.backend.count("POST /fine_tuning/jobs/{id}/cancel") == 1
