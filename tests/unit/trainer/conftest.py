"""A server that never trains: its queue has no places, so that a test of the wire costs no processor."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from openai import OpenAI

from tests.fakes.trainer_process import TrainerProcess, running_trainer, settings_text
from trainer import settings
from trainer.api import chat, responses
from trainer.api.context import ANSWERER, API_KEY, SETTINGS, STORE
from trainer.api.middleware import authenticate, outermost
from trainer.store import Store


@pytest.fixture(scope="session")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    home = tmp_path_factory.mktemp("trainer") / "home"
    config = settings_text(limits={"file_bytes": 2_000_000})
    with running_trainer(home, key="sk-the-right-key", config=config, idle=True) as process:
        yield process


@pytest.fixture
def client(trainer: TrainerProcess) -> OpenAI:
    return trainer.client()


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Any]:
    """The routes that answer, over an answerer of the test's own; the key is sk-key."""
    runners, store = [], Store(tmp_path)

    async def serve(answerer: Any) -> str:
        app = web.Application(middlewares=[outermost, authenticate])
        app[STORE], app[SETTINGS], app[API_KEY] = store, settings.load(), "sk-key"
        app[ANSWERER] = answerer
        app.add_routes([*chat.routes(), *responses.routes()])
        runner = web.AppRunner(app, handler_cancellation=True)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/v1"

    yield serve
    for runner in runners:
        await runner.cleanup()
    store.close()
