"""The aiohttp application: routes, and what starts and stops with the server."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from trainer.api import chat, files, jobs, models, responses, unsupported, uploads
from trainer.api.context import ANSWERER, API_KEY, SETTINGS, STORE, SUPERVISOR, WRITERS
from trainer.api.expiry import sweep_forever
from trainer.api.middleware import add_headers, authenticate, only_this_machine, outermost
from trainer.jobs.executors.chosen import chosen
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.webhooks import Courier
from trainer.serve.engines import Engines
from trainer.settings import Settings
from trainer.store import Model, Store

LARGEST_JSON = 8 * 2**20
WARM_SECONDS = 0.5
WRITERS_AT_ONCE = 2


def build_app(store: Store, settings: Settings, api_key: str) -> web.Application:
    """Wire the server; the store is closed with it."""
    app = web.Application(
        middlewares=[outermost, only_this_machine, authenticate], client_max_size=LARGEST_JSON
    )
    app[STORE], app[SETTINGS], app[API_KEY] = store, settings, api_key
    app[WRITERS] = asyncio.Semaphore(WRITERS_AT_ONCE)
    app[SUPERVISOR] = Supervisor(store, settings, *chosen(settings, store.home / "logs"))
    app[ANSWERER] = Engines(store.home, settings)
    app.add_routes([web.get("/healthz", healthz)])
    for module in (files, uploads, jobs, models, chat, responses, unsupported):
        app.add_routes(module.routes())
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_background)
    return app


async def healthz(request: web.Request) -> web.Response:
    """Alive, and the database answers."""
    request.app[STORE].db.execute("SELECT 1")
    return web.json_response({"status": "ok"})


async def _get_ready(store: Store, settings: Settings, answerer: Engines) -> None:
    """Start the answering process when a job leaves its first checkpoint: soon someone will ask."""
    known = {model.id for model in store.where(Model)}
    while True:
        await asyncio.sleep(WARM_SECONDS)
        now = {model.id: model for model in store.where(Model)}
        new = [model for id, model in now.items() if id not in known and model.base in settings.bases]
        if new:
            model = max(new, key=lambda model: model.created)
            await answerer.get_ready(settings.bases[model.base].as_dict(), str(store.home / model.folder))
        known = set(now)


async def _background(app: web.Application) -> AsyncIterator[None]:
    courier = Courier(app[STORE], app[SETTINGS].webhooks)
    running = (
        app[SUPERVISOR].run(),
        courier.run(),
        _get_ready(app[STORE], app[SETTINGS], app[ANSWERER]),
        sweep_forever(app[STORE]),
    )
    loops = [asyncio.create_task(loop) for loop in running]
    yield
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    app[SUPERVISOR].stop()
    await app[ANSWERER].stop()
    app[STORE].close()
