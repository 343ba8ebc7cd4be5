"""One download of one shared file: checked at each hop, bounded, and going on where it was broken off."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, TypeVar

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from gateways.slack_addresses import is_open, takes_token
from tuning.errors import FileUnreadable
from tuning.records import SharedFile

T = TypeVar("T")

CHUNK = 1024 * 1024
SYNC_BYTES = 32 * CHUNK
MOST_REDIRECTS = 5
_TIMEOUT = aiohttp.ClientTimeout(total=1800, sock_connect=5, sock_read=30)
_REDIRECTS = {301, 302, 303, 307, 308}
_SCOPE = (
    "Slack sent its sign-in page instead of the file: the bot's Slack app lacks the scope files:read, "
    "or the bot is not in the channel."
)
_SCOPE_REMEDY = (
    "Invite the bot to the channel; if it is there, ask the administrator to add files:read and install the "
    "app again (`ft-bot doctor` checks it)."
)


class Interrupted(Exception):
    """Trying once more may help."""


@dataclass(frozen=True, slots=True)
class Download:
    client: AsyncWebClient
    file: SharedFile
    target: Path
    largest: int
    #: The hash of what was written, in a list so that a download from the start can begin a new one.
    digest: list[hashlib._Hash] = field(default_factory=lambda: [hashlib.sha256()])

    async def run(self) -> str:
        """Fetch into `target`, after what an earlier run left there; the SHA-256 of all of it.

        Raises Interrupted, and leaves what came, or FileUnreadable, and leaves nothing.
        """
        if self.file.size > self.largest:
            raise self._too_large()
        try:
            await self._told(self._fetch(self._write, self._came()))
        except Interrupted:
            raise
        except BaseException:
            self.target.unlink(missing_ok=True)
            raise
        return self.digest[0].hexdigest()

    async def head(self, most: int) -> bytes:
        """The first bytes, at most so many. Raises Interrupted or FileUnreadable."""

        async def begin(response: aiohttp.ClientResponse) -> bytes:
            found = b""
            while len(found) < most and (chunk := await response.content.read(most - len(found))):
                found += chunk
            return found

        return await self._told(self._fetch(begin))

    def _came(self) -> int:
        """Bytes that an earlier try left."""
        return self.target.stat().st_size if self.target.exists() else 0

    async def _told(self, doing: Awaitable[T]) -> T:
        """Let nothing but Interrupted and FileUnreadable out."""
        try:
            return await doing
        except aiohttp.InvalidURL:
            raise FileUnreadable("Slack gave an address that can't be used.") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise Interrupted(type(error).__name__) from None
        except OSError as error:
            raise FileUnreadable(
                f"The file could not be kept: {error.strerror}.",
                remedy="Ask the administrator to look at the disk of FT_DATA_DIR.",
            ) from None

    async def _fetch(self, take: Callable[[aiohttp.ClientResponse], Awaitable[T]], start: int = 0) -> T:
        """What `take` makes of the answer that holds the file, from byte `start` on if Slack can do that."""
        rest = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"} if start else {}
        async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session:
            url = _address(self.file.url)
            for _ in range(MOST_REDIRECTS):
                async with session.get(
                    url,
                    headers={**self._headers(url), **rest},
                    allow_redirects=False,
                    proxy=self.client.proxy,
                    ssl=self.client.ssl if self.client.ssl is not None else True,
                ) as response:
                    if response.status not in _REDIRECTS:
                        self._check(response, start)
                        return await take(response)
                    url = url.join(_address(response.headers.get("location", "")))
        raise FileUnreadable("Slack sends us from one address to another and never to the file.")

    def _headers(self, url: URL) -> Mapping[str, str]:
        """The token for hosts that may have it; no host but Slack's is asked at all."""
        if takes_token(url, URL(self.client.base_url)):
            return {"Authorization": f"Bearer {self.client.token}"}
        if is_open(url):
            return {}
        raise FileUnreadable(f"The file lies at {url.host or 'no host'}, which is not Slack's.")

    def _check(self, response: aiohttp.ClientResponse, start: int) -> None:
        """Raise unless this is the file, or the rest of it from byte `start` on."""
        status = response.status
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Interrupted(f"HTTP {status}")
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise FileUnreadable("The file was deleted.", remedy="Share the file again.")
        page = response.content_type == "text/html" and self.file.mimetype != "text/html"
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or (status == HTTPStatus.OK and page):
            raise FileUnreadable(_SCOPE, remedy=_SCOPE_REMEDY)
        if status == HTTPStatus.PARTIAL_CONTENT and start and _begins_at(response) == start:
            return
        if status != HTTPStatus.OK:
            raise FileUnreadable(
                f"Slack did not send the file (HTTP {status}).", remedy="Share the file again."
            )
        if (response.content_length or 0) > self._most:
            raise self._too_large()

    async def _write(self, response: aiohttp.ClientResponse) -> None:
        written = self._came() if response.status == HTTPStatus.PARTIAL_CONTENT else 0
        if not written:
            self.digest[0] = hashlib.sha256()
        with await asyncio.to_thread(self.target.open, "ab" if written else "wb") as sink:
            async for chunk in response.content.iter_chunked(CHUNK):
                written += len(chunk)
                if written > self._most:
                    raise self._too_large()
                await asyncio.to_thread(self._put, sink, chunk)
        if written < self.file.size:
            raise Interrupted(f"{written} of {self.file.size} bytes came")

    def _put(self, sink: BinaryIO, chunk: bytes) -> None:
        """Write on, to the disk itself now and then: a gigabyte that waits in memory for the disk would hold
        up the database's next commits."""
        before = sink.tell() // SYNC_BYTES
        sink.write(chunk)
        self.digest[0].update(chunk)
        if sink.tell() // SYNC_BYTES > before:
            sink.flush()
            os.fsync(sink.fileno())

    @property
    def _most(self) -> int:
        """Bytes: what was announced, or the limit where nothing was."""
        return self.file.size or self.largest

    def _too_large(self) -> FileUnreadable:
        if self.file.size <= self.largest and self.file.size:
            return FileUnreadable(
                f"More came than the {self.file.size} bytes that Slack announced.",
                remedy="Share the file again.",
            )
        return FileUnreadable(
            f"The file is larger than {self.largest // 1024 // 1024} MB.", remedy="Share a smaller file."
        )


def _begins_at(response: aiohttp.ClientResponse) -> int | None:
    """The byte of the file that a partial answer begins with."""
    told = re.fullmatch(r"bytes (\d+)-\d+/(?:\d+|\*)", response.headers.get("Content-Range", ""))
    return int(told[1]) if told else None


def _address(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        raise FileUnreadable("Slack gave an address that can't be used.") from None
