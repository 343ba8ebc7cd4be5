"""The App Home, direct messages and mentions: where people meet the bot outside its commands."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from handlers.commands import help_text
from handlers.services import Services
from tuning.records import Person
from views import home as view


async def opened(event: dict[str, Any], client: AsyncWebClient, person: Person, services: Services) -> None:
    """Show the dashboard as it is now."""
    if event.get("tab", "home") != "home":
        return
    async with services.store.begin() as tx:
        datasets = await tx.datasets.list(person.workspace)
    jobs = await services.jobs.list(person)
    shown = view.home(jobs, datasets, await services.models.list(person))
    await client.views_publish(user_id=person.user, view=shown)


async def spoken_to(event: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient) -> None:
    """Somebody writes to the bot as to a person: show what it can do. A file is answered as a file."""
    if event.get("subtype") or event.get("bot_id") or event.get("files") or not event.get("user"):
        return
    answer = help_text()
    thread = event.get("thread_ts") or event["ts"]
    await client.chat_postMessage(
        channel=event["channel"], thread_ts=thread, text=answer.text, blocks=answer.blocks
    )


async def nothing() -> None:
    """An event that we are sent and have nothing to do for: answered, so that it isn't sent again."""
