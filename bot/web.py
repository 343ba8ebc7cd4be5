"""The two doors: Socket Mode, and HTTP with its health checks."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.app import Bot, build
from bot.pace import USUAL, Pace
from bot.settings import Settings
from bot.slack_errors import FAILURES
from bot.trouble import make_room, no_port, slack_refused
from tuning.errors import FtBotError

log = logging.getLogger(__name__)

BOT: web.AppKey[Bot] = web.AppKey("bot", Bot)
#: Slack's largest request is a form of some hundred kilobytes.
MAX_REQUEST_BYTES = 4 * 1024 * 1024
#: What Bolt raises for a body that isn't what Slack sends: it parses before it checks the signature.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


async def run_socket(settings: Settings, pace: Pace = USUAL) -> None:
    """Serve over Socket Mode until the process is told to stop."""
    async with _running(settings, pace) as (bot, stop):
        handler = AsyncSocketModeHandler(bot.app, settings.slack_app_token.get_secret_value())
        handler.client.proxy = bot.app.client.proxy
        try:
            await _connect(handler, settings)
            print("ft-bot is connected over Socket Mode", flush=True)
            await stop.wait()
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]


async def run_http(settings: Settings, host: str, port: int) -> None:
    """Serve over HTTP until the process is told to stop; port 0 takes a free one."""
    async with _running(settings) as (bot, stop):
        runner = web.AppRunner(site(bot), access_log=None)
        await runner.setup()
        try:
            print(f"ft-bot listens on {await _listen(runner, host, port)}/slack/events", flush=True)
            await stop.wait()
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
    try:
        asked = await to_bolt_request(request)
    except UNREADABLE as error:
        log.info("a request that isn't Slack's was refused: %s", type(error).__name__)
        return web.Response(status=400, text="This isn't a request of Slack's.")
    return await to_aiohttp_response(await app.async_dispatch(asked))


async def healthz(request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def readyz(request: web.Request) -> web.Response:
    """200 when the database answers, else 503 with the kind of reason; hosts and paths stand in the log."""
    try:
        await request.app[BOT].store.ping()
    except FtBotError as error:
        log.error("not ready: %s", error)
        return web.json_response({"ok": False, "database": type(error).__doc__}, status=503)
    return web.json_response({"ok": True})


@asynccontextmanager
async def _running(settings: Settings, pace: Pace = USUAL) -> AsyncIterator[tuple[Bot, asyncio.Event]]:
    """A bot at work, and the event that is set when the process is told to stop."""
    stop, before = _told_to_stop(), asyncio.all_tasks()
    make_room(settings.ft_data_dir)
    bot = await build(settings, pace)
    try:
        await _introduce(bot, settings)
        bot.schedule.start()
        yield bot, stop
    finally:
        await bot.schedule.finish()
        await _cut_short(before)
        await bot.stop()


async def _cut_short(before: set[asyncio.Task[Any]]) -> None:
    """End what was begun since, while there is a database to note it in; the next start goes on."""
    others = asyncio.all_tasks() - before - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _introduce(bot: Bot, settings: Settings) -> None:
    """See that Slack knows our token, before anything is promised."""
    try:
        await bot.app.client.auth_test()
    except FAILURES as error:
        raise slack_refused(error, "SLACK_BOT_TOKEN", settings.slack_api_url) from error


async def _connect(handler: AsyncSocketModeHandler, settings: Settings) -> None:
    """Open the connection. Its address is asked for here: the SDK would ask for ever with a wrong token."""
    client = handler.client
    try:
        client.wss_uri = await client.issue_new_wss_url()
    except FAILURES as error:
        raise slack_refused(error, "SLACK_APP_TOKEN", settings.slack_api_url) from error
    await handler.connect_async()  # type: ignore[no-untyped-call]


async def _listen(runner: web.AppRunner, host: str, port: int) -> str:
    """Open the port; returns the address to reach it at."""
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise no_port(error, host, port) from error
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _told_to_stop() -> asyncio.Event:
    """Set at the first SIGINT or SIGTERM; asked for before anything is begun, so that none is missed."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    return stop
