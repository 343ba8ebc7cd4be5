"""Files that people drop into a channel, and the buttons of their check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from handlers.services import Services
from tuning.drops import Drops
from tuning.records import Person


async def put_on_record(
    event: dict[str, Any],
    body: dict[str, Any],
    context: AsyncBoltContext,
    person: Person,
    drops: Drops,
    next_: Callable[[], Awaitable[None]],
) -> None:
    """Before Slack is acknowledged: one upload, told of by several events, is one drop.

    `file_shared` carries only ids; the message `file_share` also knows the thread to answer in.
    What the bot itself or another company shares is no drop; in a channel that two companies share
    only the message tells whose file it is.
    """
    channel = event.get("channel_id") or event.get("channel") or ""
    user = event.get("user_id") or event.get("user") or person.user
    files = {file["id"]: str(file.get("name") or "") for file in event.get("files") or []}
    files = {event["file_id"]: ""} if "file_id" in event else files
    ours = person.workspace == (context.team_id or context.enterprise_id)
    unsigned = body.get("is_ext_shared_channel") and "file_id" in event
    if not ours or unsigned or user in ("", context.bot_user_id):
        files = {}
    thread = event.get("thread_ts") or event.get("ts")
    reply = thread != event.get("ts")
    context["drop_ids"] = [
        await drops.receive(person.workspace, channel, file_id, user, thread, reply=reply, filename=name)
        for file_id, name in files.items()
    ]
    await next_()


async def stop(ack: AsyncAck, action: dict[str, Any], person: Person, services: Services) -> None:
    """A press on "Stop checking": whoever checks the file sees it within seconds."""
    await ack()
    await services.drops.checks.stop(person, action["value"])
    services.nudge()


async def again(ack: AsyncAck, action: dict[str, Any], person: Person, services: Services) -> None:
    """A press on "Check all of it"."""
    await ack()
    await services.drops.checks.again(person, action["value"])
    await work([action["value"]], services.drops, services)


async def asked_about(drop_ids: list[str], drops: Drops, services: Services) -> None:
    """Somebody mentions the bot beside a file: it is answered whatever it is."""
    for drop_id in drop_ids:
        await drops.insist(drop_id)
        services.nudge()


async def work(drop_ids: list[str], drops: Drops, services: Services) -> None:
    """After the acknowledgement: fetch, check, answer; files of one message don't wait for each other."""

    async def one(drop_id: str) -> None:
        await drops.work(drop_id)
        services.nudge()

    await asyncio.gather(*map(one, drop_ids))
