"""The aiohttp application: routes, and what starts and stops with the server."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from trainer.api import chat, files, jobs, models, unsupported, uploads
from trainer.api.context import ANSWERER, API_KEY, SETTINGS, STORE, SUPERVISOR
from trainer.api.expiry import sweep_forever
from trainer.api.middleware import add_headers, authenticate, only_this_machine, outermost
from trainer.jobs.executors.chosen import chosen
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.webhooks import Courier
from trainer.serve.client import Answerer
from trainer.settings import Settings
from trainer.store import Model, Store

LARGEST_JSON = 8 * 2**20
WARM_SECONDS = 0.5


def build_app(store: Store, settings: Settings, api_key: str) -> web.Application:
    """Wire the server; the store is closed with it."""
    app = web.Application(
        middlewares=[outermost, only_this_machine, authenticate], client_max_size=LARGEST_JSON
    )
    app[STORE], app[SETTINGS], app[API_KEY] = store, settings, api_key
    app[SUPERVISOR] = Supervisor(store, settings, *chosen(settings, store.home / "logs"))
    app[ANSWERER] = Answerer(store.home / "logs" / "serve.log", settings.serving)
    app.add_routes([web.get("/healthz", healthz)])
    for module in (files, uploads, jobs, models, chat, unsupported):
        app.add_routes(module.routes())
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_background)
    return app


async def healthz(request: web.Request) -> web.Response:
    """Alive, and the database answers."""
    request.app[STORE].db.execute("SELECT 1")
    return web.json_response({"status": "ok"})


async def _get_ready(store: Store, answerer: Answerer) -> None:
    """Start the answering process when a job leaves its first checkpoint: soon someone will ask."""
    known = len(store.where(Model))
    while True:
        await asyncio.sleep(WARM_SECONDS)
        now = len(store.where(Model))
        if now > known:
            await answerer.start()
        known = now


async def _background(app: web.Application) -> AsyncIterator[None]:
    courier = Courier(app[STORE], app[SETTINGS].webhooks)
    running = (
        app[SUPERVISOR].run(),
        courier.run(),
        _get_ready(app[STORE], app[ANSWERER]),
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
