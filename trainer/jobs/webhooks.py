"""Tells other servers that a job ended, signed as OpenAI signs (the Standard Webhooks scheme).

What is to be sent is written down together with the mark that the job's end was announced, and removed when
it was accepted or given up: a kill in between means that it is sent once more, with the same id.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import time

import aiohttp

from trainer import ids
from trainer.settings import Webhook
from trainer.store import Delivery, Job, Store
from trainer.store.records import TERMINAL

TIMEOUT = aiohttp.ClientTimeout(total=10)
GIVE_UP_SECONDS = 72 * 3600
LONGEST_PAUSE = 3600

log = logging.getLogger(__name__)


def signature(secret: str, id: str, timestamp: int, body: str) -> str:
    """The webhook-signature header."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class Courier:
    """Sends what is due."""

    def __init__(self, store: Store, hooks: tuple[Webhook, ...]) -> None:
        self.store = store
        self.hooks = hooks
        self.secrets = {hook.url: os.environ.get(hook.secret_env, "") for hook in hooks}

    async def run(self, pause_seconds: float = 1.0) -> None:
        """Round after round, until cancelled."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            while True:
                try:
                    self.announce()
                    await self.deliver(session)
                except Exception:
                    log.exception("A round of webhooks failed; the next one tries again")
                await asyncio.sleep(pause_seconds)

    def announce(self) -> None:
        """Write down what the ends of jobs call for."""
        for status in TERMINAL:
            for job in self.store.where(Job, announced=0, status=status):
                with self.store.transaction():
                    self.store.change(job.id, announced=1)
                    for hook in self.hooks:
                        if hook.project == job.project:
                            self.store.add(_delivery(hook, job))

    async def deliver(self, session: aiohttp.ClientSession) -> None:
        """One round over the deliveries that are due."""
        now = ids.now()
        due = [delivery for delivery in self.store.where(Delivery) if delivery.next_at <= now]
        await asyncio.gather(*(self._try(session, delivery) for delivery in due))

    async def _try(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        if delivery.url not in self.secrets:
            log.warning("Dropped %s: %s is no longer in the configuration", delivery.id, delivery.url)
            self.store.remove(delivery)
        elif await self._accepted(session, delivery):
            self.store.remove(delivery)
        elif ids.now() - delivery.created_at > GIVE_UP_SECONDS:
            log.error("Gave up sending %s to %s", delivery.id, delivery.url)
            self.store.remove(delivery)
        else:
            pause = min(LONGEST_PAUSE, 2**delivery.attempts)
            self.store.postpone(delivery, ids.now() + pause)

    async def _accepted(self, session: aiohttp.ClientSession, delivery: Delivery) -> bool:
        timestamp = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self.secrets[delivery.url], delivery.id, timestamp, delivery.body),
        }
        try:
            async with session.post(
                delivery.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("Could not send %s to %s: %s", delivery.id, delivery.url, type(error).__name__)
            return False


def _delivery(hook: Webhook, job: Job) -> Delivery:
    id, now = ids.new("evt_"), ids.now()
    kind = f"fine_tuning.job.{job.status}"
    event = {"id": id, "object": "event", "created_at": now, "type": kind, "data": {"id": job.id}}
    return Delivery(id, hook.url, json.dumps(event), now, next_at=now)
