"""How requests are sent: once for writes, at most twice for reads, always within a time limit.

The SDK's own retries stay off. It sends a dropped POST again, which would start a second job, and
it sleeps up to two minutes when a server asks for it, which would stall a whole pass of the poller.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

from gateways.addresses import on_this_machine
from gateways.openai_errors import Translator
from gateways.openai_records import Json, entries, parsed
from tuning.errors import BackendDown, BackendGarbled


class Reply(Protocol):
    """What is needed of the SDK's raw response."""

    @property
    def status_code(self) -> int: ...
    @property
    def content(self) -> bytes: ...


Call = Callable[[], Awaitable[Reply]]
PageCall = Callable[[str | None], Awaitable[Reply]]

TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
UPLOAD_TIMEOUT = httpx2.Timeout(300.0, connect=5.0)
ANSWER_TIMEOUT = httpx2.Timeout(120.0, connect=5.0)
#: Seconds that one call may take in all, a second try included.
PATIENCE = 30.0
UPLOAD_PATIENCE = 3600.0
#: More pages than this are no list that a team of people has made.
MOST_PAGES = 500


class Wire:
    """An OpenAI client whose calls give JSON objects or raise a BackendError."""

    def __init__(
        self, base_url: str, api_key: str, *, http_client: httpx2.AsyncClient | None, pause: float
    ) -> None:
        key = api_key.strip()
        # a redirected POST would arrive as a GET, or arrive twice
        self.client = AsyncOpenAI(
            base_url=base_url,
            api_key=key or "none",
            max_retries=0,
            timeout=TIMEOUT,
            http_client=http_client or _http_client(base_url),
        )
        url = httpx2.URL(base_url)
        self.translator = Translator(host=url.netloc.decode("ascii") or base_url, key=key)
        self._pause = pause

    async def write(self, call: Call, *, patience: float = PATIENCE) -> Json:
        """Send once. Whatever goes wrong, it is not sent again."""
        with self.translator.translating():
            async with asyncio.timeout(patience):
                reply = await call()
            if reply.status_code == 204:
                return {}
            body = parsed(reply.content)
            if body.get("error") and "id" not in body:
                raise self.translator.told(body["error"])
            return body

    async def read(self, call: Call) -> Json:
        """Ask, and ask once more after a short pause when the backend has trouble."""
        with self.translator.translating():
            async with asyncio.timeout(PATIENCE):
                try:
                    return await self.write(call)
                except BackendDown:
                    await asyncio.sleep(self._pause)
                    return await self.write(call)

    async def pages(self, call: PageCall) -> AsyncIterator[list[Json]]:
        """The pages of a list, each without what earlier ones had.

        Ends where the server says so, or where nothing new comes: some say nothing, some ignore `after`.
        """
        after: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            body = await self.read(lambda after=after: call(after))  # type: ignore[misc]
            page = [entry for entry in entries(body) if str(entry.get("id")) not in seen]
            if not page:
                return
            yield page
            if body.get("has_more") is False:
                return
            seen.update(str(entry.get("id")) for entry in page)
            after = str(page[-1].get("id"))
        raise BackendGarbled("The backend's list doesn't end.")


def _http_client(base_url: str) -> httpx2.AsyncClient:
    """The SDK's own client; a proxy of the environment's is not asked for what is on this machine."""
    return DefaultAsyncHttpx2Client(follow_redirects=False, trust_env=not on_this_machine(base_url))
