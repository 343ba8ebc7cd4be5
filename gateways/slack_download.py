"""One download of one shared file: checked at each hop, bounded, and leaving nothing when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from tuning.errors import FileUnreadable
from tuning.records import SharedFile

#: What OpenAI takes as a file.
LARGEST = 512 * 1024 * 1024
CHUNK = 1024 * 1024
MOST_REDIRECTS = 5
#: Where Slack keeps files without asking for a token.
_OPEN_HOSTS = ("slack-edge.com", "slack-files.com")
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

    async def run(self) -> None:
        """Fetch into `target`. Raises Interrupted or FileUnreadable, and then leaves no file."""
        if self.file.size > self.largest:
            raise self._too_large()
        try:
            await self._fetch()
        except aiohttp.InvalidURL:
            self.target.unlink(missing_ok=True)
            raise FileUnreadable("Slack gave an address that can't be used.") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            self.target.unlink(missing_ok=True)
            raise Interrupted(type(error).__name__) from None
        except OSError as error:
            self.target.unlink(missing_ok=True)
            raise FileUnreadable(
                f"The file could not be kept: {error.strerror}.",
                remedy="Ask the administrator to look at the disk of FT_DATA_DIR.",
            ) from None
        except BaseException:
            self.target.unlink(missing_ok=True)
            raise

    async def _fetch(self) -> None:
        async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session:
            url = _address(self.file.url)
            for _ in range(MOST_REDIRECTS):
                async with session.get(
                    url,
                    headers=self._headers(url),
                    allow_redirects=False,
                    proxy=self.client.proxy,
                    ssl=self.client.ssl if self.client.ssl is not None else True,
                ) as response:
                    if response.status not in _REDIRECTS:
                        self._check(response)
                        await self._write(response)
                        return
                    url = url.join(_address(response.headers.get("location", "")))
        raise FileUnreadable("Slack sends us from one address to another and never to the file.")

    def _headers(self, url: URL) -> Mapping[str, str]:
        """The token for hosts that may have it; no host but Slack's is asked at all."""
        if takes_token(url, URL(self.client.base_url)):
            return {"Authorization": f"Bearer {self.client.token}"}
        if is_open(url):
            return {}
        raise FileUnreadable(f"The file lies at {url.host or 'no host'}, which is not Slack's.")

    def _check(self, response: aiohttp.ClientResponse) -> None:
        """Raise unless this is the beginning of the file."""
        status = response.status
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Interrupted(f"HTTP {status}")
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise FileUnreadable("The file was deleted.", remedy="Share the file again.")
        page = response.content_type == "text/html" and self.file.mimetype != "text/html"
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or (status == HTTPStatus.OK and page):
            raise FileUnreadable(_SCOPE, remedy=_SCOPE_REMEDY)
        if status != HTTPStatus.OK:
            raise FileUnreadable(
                f"Slack did not send the file (HTTP {status}).", remedy="Share the file again."
            )
        if (response.content_length or 0) > self._most:
            raise self._too_large()

    async def _write(self, response: aiohttp.ClientResponse) -> None:
        written = 0
        with await asyncio.to_thread(self.target.open, "wb") as sink:
            async for chunk in response.content.iter_chunked(CHUNK):
                written += len(chunk)
                if written > self._most:
                    raise self._too_large()
                await asyncio.to_thread(sink.write, chunk)
        if response.content_length is None and written < self.file.size:
            raise Interrupted(f"{written} of {self.file.size} bytes came")

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


def takes_token(url: URL, api: URL) -> bool:
    """Whether the bot's token may go there: Slack over TLS, or the API's own host at any port."""
    if url.host == api.host and url.scheme in (api.scheme, "https"):
        return True
    return url.scheme == "https" and _within(url.host or "", "slack.com")


def is_open(url: URL) -> bool:
    """Whether Slack gives files away there without a token."""
    return url.scheme == "https" and any(_within(url.host or "", host) for host in _OPEN_HOSTS)


def _address(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        raise FileUnreadable("Slack gave an address that can't be used.") from None


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
