"""`ft-bot doctor`: looks at everything the bot stands on, and says what to do about what is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.clients import single_try_client
from bot.settings import WHERE, Settings
from bot.slack_errors import FAILURES, word
from gateways.openai_backend import OpenAIBackend
from storage import open_store
from tuning.errors import FtBotError

#: Slack refuses a signature that is five minutes off; we warn well before.
CLOCK_SECONDS = 60
FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """What was looked at, whether it is fine, and what to do if not."""

    what: str
    fine: bool
    said: str
    remedy: str = ""


async def examine(settings: Settings) -> int:
    """Print a line for each thing; 0 when all is fine, else 1."""
    looks: list[Look] = []
    for look in (slack, socket, signing, database, disk, backend):
        looks += await look(settings)
    for one in looks:
        print(f"{'ok  ' if one.fine else 'FAIL'}  {one.what}: {one.said}")
        if not one.fine and one.remedy:
            print(f"      -> {one.remedy}")
    return 0 if all(one.fine for one in looks) else 1


async def slack(settings: Settings) -> list[Look]:
    """The bot token, its scopes against the manifest's, and our clock against Slack's."""
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        return [_unset("bot token", "SLACK_BOT_TOKEN")]
    answer = await _call(single_try_client(settings).auth_test)
    if isinstance(answer, str):
        said = f"Slack answered {answer}"
        return [
            Look(
                "bot token",
                False,
                said,
                f"Reinstall the app, then take the token anew: {WHERE['SLACK_BOT_TOKEN']}",
            )
        ]
    who = Look(
        "bot token", True, f"{answer.get('user')} in workspace {answer.get('team')} ({answer.get('team_id')})"
    )
    return [who, *_scopes(answer), *_clock(answer)]


async def socket(settings: Settings) -> list[Look]:
    """The app token, as Socket Mode needs it."""
    token = settings.slack_app_token.get_secret_value()
    if not token:
        return [Look("app token", True, "not set: `ft-bot run` needs it, `ft-bot serve` doesn't")]
    client = single_try_client(settings)

    async def open_connection() -> AsyncSlackResponse:
        return await client.apps_connections_open(app_token=token)

    answer = await _call(open_connection)
    if isinstance(answer, str):
        remedy = f"Make a token with connections:write and switch Socket Mode on: {WHERE['SLACK_APP_TOKEN']}"
        return [Look("app token", False, f"Slack answered {answer}", remedy)]
    return [Look("app token", True, "Socket Mode can connect")]


async def signing(settings: Settings) -> list[Look]:
    if settings.slack_signing_secret.get_secret_value():
        return [Look("signing secret", True, "set (only a request from Slack can prove it)")]
    return [Look("signing secret", True, "not set: `ft-bot serve` needs it, `ft-bot run` doesn't")]


async def database(settings: Settings) -> list[Look]:
    """Whether the database answers and has this version's tables."""
    try:
        store = open_store(settings.database_url)
        try:
            await store.ping()
        finally:
            await store.close()
    except FtBotError as error:
        return [Look("database", False, error.message, error.remedy or "Run `ft-bot migrate`.")]
    return [Look("database", True, settings.database_url.partition(":")[0])]


async def disk(settings: Settings) -> list[Look]:
    """Whether datasets can be kept."""
    folder = settings.ft_data_dir
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return [Look("disk", False, f"{there} can't be written to", "Set FT_DATA_DIR to a folder that can.")]
    free = shutil.disk_usage(there).free
    return [
        Look("disk", free > FREE_BYTES, f"{free / 1e9:,.1f} GB free at {there}", "Make room for datasets.")
    ]


async def backend(settings: Settings) -> list[Look]:
    """Whether the backend takes our key and lists its models."""
    gateway = OpenAIBackend(settings.openai_base_url, settings.backend_key)
    try:
        models = await gateway.models()
    except FtBotError as error:
        said = f"{settings.openai_base_url}: {error.message}"
        return [Look("backend", False, said, error.remedy or "Check OPENAI_BASE_URL and OPENAI_API_KEY.")]
    finally:
        await gateway.aclose()
    return [Look("backend", True, f"{settings.openai_base_url} lists {len(models)} models")]


def manifest() -> dict[str, Any]:
    """The Slack app's manifest: beside the packages in a checkout, inside this one when installed."""
    checkout = Path(__file__).parent.parent / "manifest.yml"
    text = (
        checkout.read_text()
        if checkout.exists()
        else resources.files("bot").joinpath("manifest.yml").read_text()
    )
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def _scopes(answer: AsyncSlackResponse) -> list[Look]:
    granted_header = next((v for k, v in answer.headers.items() if k.lower() == "x-oauth-scopes"), "")
    granted = {scope.strip() for scope in str(granted_header).split(",") if scope.strip()}
    wanted = set(manifest()["oauth_config"]["scopes"]["bot"])
    if not granted:
        return [Look("scopes", True, "Slack didn't say which are granted")]
    missing = sorted(wanted - granted)
    remedy = "Add them under OAuth & Permissions (or apply manifest.yml again), then reinstall the app."
    return [
        Look(
            "scopes",
            not missing,
            f"missing {', '.join(missing)}" if missing else "as in manifest.yml",
            remedy,
        )
    ]


def _clock(answer: AsyncSlackResponse) -> list[Look]:
    header = next((v for k, v in answer.headers.items() if k.lower() == "date"), None)
    if not header:
        return []
    off = abs((datetime.now(UTC) - parsedate_to_datetime(str(header))).total_seconds())
    remedy = "Set the clock (NTP): Slack's signatures are only good for five minutes."
    return [Look("clock", off < CLOCK_SECONDS, f"{off:.0f} s off Slack's", remedy)]


async def _call(method: Callable[[], Awaitable[AsyncSlackResponse]]) -> AsyncSlackResponse | str:
    """Slack's answer, or its word for what is wrong."""
    try:
        return await method()
    except FAILURES as error:
        return word(error)


def _unset(what: str, name: str) -> Look:
    return Look(what, False, f"{name} is not set", f"Find it here: {WHERE[name]}")
