"""The two doors: Socket Mode, and HTTP with its health checks."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.app import Bot, build
from bot.pace import USUAL, Pace
from bot.settings import Settings
from tuning.errors import FtBotError

log = logging.getLogger(__name__)

BOT: web.AppKey[Bot] = web.AppKey("bot", Bot)
#: Slack's largest request is a form of some hundred kilobytes.
MAX_REQUEST_BYTES = 4 * 1024 * 1024


async def run_socket(settings: Settings, pace: Pace = USUAL) -> None:
    """Serve over Socket Mode until the process is told to stop."""
    async with _running(settings, pace) as bot:
        handler = AsyncSocketModeHandler(bot.app, settings.slack_app_token.get_secret_value())
        await handler.connect_async()  # type: ignore[no-untyped-call]
        print("ft-bot is connected over Socket Mode", flush=True)
        try:
            await _told_to_stop()
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]


async def run_http(settings: Settings, host: str, port: int) -> None:
    """Serve over HTTP until the process is told to stop; port 0 takes a free one."""
    async with _running(settings) as bot:
        runner = web.AppRunner(site(bot), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        host, port = runner.addresses[0][:2]
        print(f"ft-bot listens on http://{host}:{port}/slack/events", flush=True)
        try:
            await _told_to_stop()
        finally:
            await runner.cleanup()


def site(bot: Bot) -> web.Application:
    """The HTTP application: Slack's requests, `/healthz` (the process) and `/readyz` (its database)."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app[BOT] = bot
    app.router.add_post("/slack/events", slack)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app


async def slack(request: web.Request) -> web.Response:
    """Events, commands and interactions; Bolt checks the signature."""
    app: AsyncApp = request.app[BOT].app
    return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))


async def healthz(request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def readyz(request: web.Request) -> web.Response:
    """200 when the database answers, else 503 with the reason."""
    try:
        await request.app[BOT].store.ping()
    except FtBotError as error:
        log.error("not ready: %s", error)
        return web.json_response({"ok": False, "database": error.message}, status=503)
    return web.json_response({"ok": True})


@asynccontextmanager
async def _running(settings: Settings, pace: Pace = USUAL) -> AsyncIterator[Bot]:
    bot = await build(settings, pace)
    try:
        await bot.app.client.auth_test()
        bot.schedule.start()
        yield bot
    finally:
        await bot.stop()


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()
    log.info("stopping")
