"""A job's end is told to those who asked, signed so that the SDK accepts it."""

import asyncio
import base64
from dataclasses import replace
from pathlib import Path

import aiohttp
import openai
import pytest
from aiohttp import web
from openai import OpenAI

from trainer.jobs.webhooks import Courier
from trainer.settings import SettingsError, Webhook, load
from trainer.store import Delivery, Job, Store

SECRET = "whsec_" + base64.b64encode(b"a secret that is long enough").decode()
JOB = Job(
    id="ftjob-1",
    project="default",
    status="succeeded",
    created_at=1,
    model="tiny-chat",
    base="tiny-chat",
    training_file="file-1",
    validation_file=None,
    seed=1,
    suffix=None,
    method={"type": "supervised"},
    hyperparameters={},
    metadata=None,
)


class Receiver:
    """Another server's hook, which refuses as often as it is told to."""

    def __init__(self) -> None:
        self.refusals = 0
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.called = asyncio.Event()

    async def start(self) -> str:
        app = web.Application()
        app.add_routes([web.post("/hook", self.take)])
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}/hook"

    async def take(self, request: web.Request) -> web.Response:
        self.received.append((await request.read(), dict(request.headers)))
        self.called.set()
        self.refusals -= 1
        return web.Response(status=500 if self.refusals >= 0 else 204)


@pytest.fixture
async def receiver():
    receiver = Receiver()
    receiver.url = await receiver.start()
    yield receiver
    await receiver.runner.cleanup()


async def rounds(store: Store, receiver: Receiver, count: int) -> None:
    courier = Courier(store, (Webhook(receiver.url, "HOOK_SECRET"),))
    async with aiohttp.ClientSession() as session:
        for _ in range(count):
            courier.announce()
            for delivery in store.where(Delivery):
                store.db.execute("UPDATE deliveries SET next_at = 0 WHERE id = ?", [delivery.id])
            await courier.deliver(session)


async def test_an_end_is_told_until_it_is_accepted_with_one_id(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    store = Store(tmp_path)
    store.add(JOB)
    store.add(replace(JOB, id="ftjob-2", status="running"))
    store.add(replace(JOB, id="ftjob-3", project="another"))
    receiver.refusals = 1
    await rounds(store, receiver, 4)
    store.close()
    assert len(receiver.received) == 2
    client = OpenAI(api_key="any", webhook_secret=SECRET)
    told = [client.webhooks.unwrap(body, headers) for body, headers in receiver.received]
    assert told[0] == told[1]
    assert (told[0].type, told[0].data.id) == ("fine_tuning.job.succeeded", "ftjob-1")
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(receiver.received[0][0] + b" ", receiver.received[0][1])


async def test_a_server_that_cannot_be_reached_is_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    store = Store(tmp_path)
    store.add(JOB)
    courier = Courier(store, (Webhook("http://127.0.0.1:9/hook", "HOOK_SECRET"),))
    courier.announce()
    async with aiohttp.ClientSession() as session:
        await courier.deliver(session)
        await courier.deliver(session)
    assert [delivery.attempts for delivery in store.where(Delivery)] == [1]
    store.close()


async def test_what_was_due_to_a_hook_that_is_gone_is_dropped_and_never_sent_unsigned(
    tmp_path: Path, receiver: Receiver
) -> None:
    store = Store(tmp_path)
    store.add(Delivery("evt_1", receiver.url, "{}", 1, 1))
    async with aiohttp.ClientSession() as session:
        await Courier(store, ()).deliver(session)
    assert store.where(Delivery) == []
    assert receiver.received == []
    store.close()


async def test_a_round_that_fails_is_followed_by_the_next(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    store = Store(tmp_path)
    store.add(JOB)
    courier, failures = Courier(store, (Webhook(receiver.url, "HOOK_SECRET"),)), [OSError("disk")]
    announce = courier.announce

    def failing() -> None:
        if failures:
            raise failures.pop()
        announce()

    monkeypatch.setattr(courier, "announce", failing)
    running = asyncio.create_task(courier.run(pause_seconds=0.01))
    async with asyncio.timeout(10):
        await receiver.called.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()


def test_a_webhook_without_a_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    path = tmp_path / "trainer.toml"
    path.write_text(
        '[[webhooks]]\nurl = "http://x"\nsecret_env = "HOOK_SECRET"\n[bases.a]\nsource = "tiny"\n'
    )
    with pytest.raises(SettingsError, match="HOOK_SECRET must hold a secret"):
        load(path)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    assert load(path).webhooks[0].url == "http://x"
