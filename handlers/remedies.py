"""A rejected file's card: what is private is redacted or accepted."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck

from handlers.services import Services
from tuning.records import Person


async def redact(ack: AsyncAck, action: dict[str, Any], person: Person, services: Services) -> None:
    """A press on "Redact and keep"."""
    await ack()
    await services.remedies.redact(person, action["value"])
    await _go_on(services, action["value"])


async def accept(ack: AsyncAck, action: dict[str, Any], person: Person, services: Services) -> None:
    """The person said yes in the dialog of "Accept as it is"."""
    await ack()
    await services.remedies.accept(person, action["value"])
    await _go_on(services, action["value"])


async def _go_on(services: Services, drop_id: str) -> None:
    """The card shows that it is being done, then what came of it."""
    services.nudge()
    await services.drops.work(drop_id)
    services.nudge()
