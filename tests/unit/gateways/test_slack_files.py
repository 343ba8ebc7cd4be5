"""Shared files over a loopback Slack: what they are, where to answer, and their bytes or a clear no."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from gateways.slack_addresses import is_open, takes_token
from gateways.slack_files import SlackFiles
from tuning.errors import FileUnreadable
from tuning.records import SharedFile

TOKEN = "xoxb-test-token"
CONTENT = b'{"messages": []}\n' * 1000
Send = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Slack:
    """A loopback Slack with one file; `replies` (of files.info) and `sends` (of bytes) go in turn."""

    url: str = ""
    file: dict[str, Any] = field(default_factory=dict)
    replies: list[Any] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    asked: int = 0

    async def info(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        assert request.query["file"] == "F1"
        reply = self.replies.pop(0) if self.replies else {"ok": True, "file": self.file}
        return reply if isinstance(reply, web.Response) else web.json_response(reply)

    async def bytes(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization"))
        return await self.sends.pop(0)(request) if self.sends else web.Response(body=CONTENT)

    def shared(self, **changes: Any) -> SharedFile:
        file = SharedFile("F1", "news.jsonl", len(CONTENT), "text/plain", f"{self.url}/files/F1")
        return replace(file, **changes)


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    slack = Slack()
    app = web.Application()
    app.router.add_get("/api/files.info", slack.info)
    app.router.add_get("/files/F1", slack.bytes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    slack.file = {
        "id": "F1",
        "name": "news.jsonl",
        "size": len(CONTENT),
        "mimetype": "text/plain",
        "url_private": f"{slack.url}/files/private",
        "url_private_download": f"{slack.url}/files/F1",
        "shares": {"public": {"C1": [{"ts": "1700000001.000100"}]}},
    }
    yield slack
    await runner.cleanup()


@pytest.fixture
def files(slack: Slack) -> SlackFiles:
    client = AsyncWebClient(token=TOKEN, base_url=f"{slack.url}/api/", retry_handlers=[])
    return SlackFiles(client, largest=100_000, wait=0)


async def problem(doing: Awaitable[object]) -> FileUnreadable:
    with pytest.raises(FileUnreadable) as caught:
        await doing
    assert TOKEN not in f"{caught.value.message} {caught.value.remedy}"
    return caught.value


# -- what a file is ---------------------------------------------------------------------------


async def test_a_file_is_told_with_its_share_as_the_thread(slack: Slack, files: SlackFiles) -> None:
    url = f"{slack.url}/files/F1"
    expected = SharedFile("F1", "news.jsonl", len(CONTENT), "text/plain", url, "1700000001.000100")
    assert await files.info("F1", "C1") == expected
    assert slack.asked == 1


@pytest.mark.parametrize(
    ("shares", "thread"),
    [
        ({"private": {"C1": [{"ts": "1700000002.0"}]}}, "1700000002.0"),
        ({"public": {"C1": [{"ts": "1700000002.0", "thread_ts": "1700000001.0"}]}}, "1700000001.0"),
        ({"public": {"C1": [{"ts": "1700000001.0"}, {"ts": "1700000003.0"}]}}, "1700000003.0"),
        ({"public": {"C2": [{"ts": "1700000001.0"}]}}, None),
        ({"public": {}}, None),
        ({"public": None, "private": {"C1": [None]}}, None),
        ([], None),
        (None, None),
    ],
)
async def test_the_answer_goes_where_the_file_was_shared_in_this_channel(
    slack: Slack, files: SlackFiles, shares: Any, thread: str | None
) -> None:
    slack.file["shares"] = shares
    assert (await files.info("F1", "C1")).thread_ts == thread


async def test_a_share_that_shows_up_late_is_waited_for_once(slack: Slack, files: SlackFiles) -> None:
    slack.replies = [{"ok": True, "file": {**slack.file, "shares": {}}}]
    assert (await files.info("F1", "C1")).thread_ts == "1700000001.000100"
    assert slack.asked == 2


async def test_what_is_missing_is_made_do_without(slack: Slack, files: SlackFiles) -> None:
    slack.file = {"url_private": "https://files.slack.com/x", "size": -1, "title": "News"}
    assert await files.info("F1", "C1") == SharedFile("F1", "News", 0, "", "https://files.slack.com/x")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "tombstone"}, "deleted"),
        ({"mode": "hidden_by_limit"}, "limit"),
        ({"is_external": True}, "link"),
        ({"url_private": "", "url_private_download": "", "file_access": "check_file_info"}, "another organi"),
        ({"url_private": None, "url_private_download": None, "file_access": "visible"}, "no address"),
    ],
)
async def test_a_file_without_content_says_why(
    slack: Slack, files: SlackFiles, changes: dict[str, Any], words: str
) -> None:
    slack.file.update(changes)
    assert words in (await problem(files.info("F1", "C1"))).message


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"ok": False, "error": "file_not_found"}, "doesn't know"),
        ({"ok": False, "error": "file_deleted"}, "deleted"),
        ({"ok": False, "error": "missing_scope", "needed": "files:read"}, "files:read"),
        ({"ok": False, "error": "invalid_auth"}, "token"),
        ({"ok": False, "error": "fatal_error"}, "fatal_error"),
        ({"ok": True}, "nothing"),
        ({"ok": True, "file": "F1"}, "nothing"),
        ([1], "format"),
        (web.Response(text="hello"), "format"),
        (web.Response(text="<html>", content_type="text/html"), "no answer"),
        (web.Response(text="{", content_type="application/json"), "no answer"),
        (web.Response(status=500), "no answer"),
    ],
)
async def test_a_refusal_by_slack_is_told_in_words(
    slack: Slack, files: SlackFiles, reply: Any, words: str
) -> None:
    slack.replies = [reply]
    assert words in (await problem(files.info("F1", "C1"))).message


async def test_a_slack_that_is_not_there_is_told_in_words(unused_tcp_port: int) -> None:
    client = AsyncWebClient(token=TOKEN, base_url=f"http://127.0.0.1:{unused_tcp_port}/", retry_handlers=[])
    assert "reached" in (await problem(SlackFiles(client).info("F1", "C1"))).message


# -- its bytes --------------------------------------------------------------------------------


async def test_a_download_is_the_files_bytes(slack: Slack, files: SlackFiles, tmp_path: Path) -> None:
    target = tmp_path / "file"
    await files.download(await files.info("F1", "C1"), target)
    assert target.read_bytes() == CONTENT
    assert slack.tokens == [f"Bearer {TOKEN}"]


async def redirect(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location})


async def page(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Sign in</html>", content_type="text/html")


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
    await response.prepare(request)
    await response.write(CONTENT[:100])
    assert request.transport
    request.transport.close()
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(50):
        await response.write(b"x" * 10_000)
    return response


def rest(target: Path, content: bytes, most: int) -> Send:
    """What was asked for, broken off after so many bytes, once nearly all of them are in the target."""

    async def send(request: web.Request) -> web.StreamResponse:
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        told = {
            "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}",
            "Content-Length": str(len(content) - start),
        }
        response = web.StreamResponse(status=206 if start else 200, headers=told)
        await response.prepare(request)
        await response.write(content[start : start + most])
        if start + most < len(content):
            async with asyncio.timeout(5):
                while not target.exists() or target.stat().st_size < start + most - 8192:  # noqa: ASYNC110, ASYNC240
                    await asyncio.sleep(0.005)
            assert request.transport
            request.transport.close()
        return response

    return send


async def another_part(_: web.Request) -> web.StreamResponse:
    return web.Response(status=206, body=CONTENT[5:], headers={"Content-Range": "bytes 5-16999/17000"})


async def less(_: web.Request) -> web.StreamResponse:
    return web.Response(body=CONTENT[:100])


async def short(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(CONTENT[:100])
    return response


def status(code: int) -> Send:
    async def send(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code)

    return send


def to(location: str) -> Send:
    return lambda _: redirect(location)


async def test_redirects_within_slack_are_followed_with_the_token(
    slack: Slack, files: SlackFiles, tmp_path: Path
) -> None:
    slack.sends = [to("/files/F1?again=1"), to(f"{slack.url}/files/F1?again=2")]
    await files.download(slack.shared(), tmp_path / "file")
    assert slack.tokens == [f"Bearer {TOKEN}"] * 3


async def test_a_redirect_to_a_foreign_host_is_not_followed(
    slack: Slack, files: SlackFiles, tmp_path: Path
) -> None:
    port = URL(slack.url).port
    slack.sends = [to(f"http://localhost:{port}/files/F1")]
    assert "localhost" in (await problem(files.download(slack.shared(), tmp_path / "file"))).message
    assert len(slack.tokens) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/x",
        "https://files.slack.com@evil.test/x",
        "http://files.slack.com/x",
        "https://evilslack.com/x",
        "//evil/x",
        "file:///etc/passwd",
        "http://x:99999/",
        "https://[::1",
        "",
    ],
)
async def test_a_file_at_a_foreign_address_is_not_asked_for(
    slack: Slack, files: SlackFiles, tmp_path: Path, url: str
) -> None:
    await problem(files.download(slack.shared(url=url), tmp_path / "file"))
    assert not slack.tokens
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240


@pytest.mark.parametrize(
    ("url", "api", "token", "open_to_all"),
    [
        ("https://files.slack.com/a", "https://slack.com/api/", True, False),
        ("https://slack.com/a", "https://slack.com/api/", True, False),
        ("https://team.slack.com/?redir=/a", "http://127.0.0.1:1/api/", True, False),
        ("http://files.slack.com/a", "https://slack.com/api/", False, False),
        ("http://slack.com/a", "https://slack.com/api/", False, False),
        ("https://slack.com.evil.test/a", "https://slack.com/api/", False, False),
        ("https://notslack.com/a", "https://slack.com/api/", False, False),
        ("https://a.slack-edge.com/a", "https://slack.com/api/", False, True),
        ("http://a.slack-edge.com/a", "https://slack.com/api/", False, False),
        ("http://127.0.0.1:2/a", "http://127.0.0.1:1/api/", True, False),
        ("https://127.0.0.1:2/a", "http://127.0.0.1:1/api/", True, False),
        ("http://box.test/a", "https://box.test/api/", False, False),
    ],
)
def test_the_token_goes_to_slack_and_to_the_configured_api_only(
    url: str, api: str, token: bool, open_to_all: bool
) -> None:
    assert (takes_token(URL(url), URL(api)), is_open(URL(url))) == (token, open_to_all)


@pytest.mark.parametrize(
    ("sends", "words"),
    [
        ([page], "files:read"),
        ([to("/files/F1?redir=1"), page], "files:read"),
        ([status(403)], "files:read"),
        ([status(404)], "deleted"),
        ([status(418)], "418"),
        ([to("/files/F1")] * 6, "never to the file"),
        ([endless], "announced"),
        ([cut_off, cut_off], "broke off"),
        ([cut_off, page], "files:read"),
        ([short, short], "100 of 17000 bytes"),
        ([less, less], "100 of 17000 bytes"),
        ([cut_off, another_part], "HTTP 206"),
        ([status(500), status(503)], "503"),
        ([status(429), status(429)], "429"),
    ],
)
async def test_what_is_not_the_file_is_told_in_words_and_leaves_nothing(
    slack: Slack, files: SlackFiles, tmp_path: Path, sends: list[Send], words: str
) -> None:
    slack.sends = list(sends)
    assert words in (await problem(files.download(slack.shared(), tmp_path / "file"))).message
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240
    assert len(slack.tokens) == min(len(sends), 5)


@pytest.mark.parametrize("first", [cut_off, short, status(500), status(429)])
async def test_a_dropped_download_is_tried_once_more_from_the_start(
    slack: Slack, files: SlackFiles, tmp_path: Path, first: Send
) -> None:
    slack.sends = [first]
    target = tmp_path / "file"
    assert await files.download(slack.shared(), target) == hashlib.sha256(CONTENT).hexdigest()
    assert target.read_bytes() == CONTENT


async def test_a_download_goes_on_where_it_was_broken_off_as_long_as_more_comes(
    slack: Slack, files: SlackFiles, tmp_path: Path
) -> None:
    target, content = tmp_path / "file", random.Random(1).randbytes(99_000)
    target.write_bytes(b"left by an earlier life")
    slack.sends = [status(503)] + [rest(target, content, 40_000)] * 4
    digest = await files.download(slack.shared(size=len(content)), target)
    assert target.read_bytes() == content
    assert digest == hashlib.sha256(content).hexdigest()
    assert len(slack.tokens) <= 5


async def test_the_head_of_a_file_is_its_first_bytes_and_no_more_is_read(
    slack: Slack, files: SlackFiles
) -> None:
    assert await files.head(slack.shared(), 1000) == CONTENT[:1000]
    assert await files.head(slack.shared(), 1_000_000) == CONTENT
    slack.sends = [status(500)]
    assert await files.head(slack.shared(), 10) == CONTENT[:10]
    slack.sends = [cut_off, cut_off]
    assert "broke off" in (await problem(files.head(slack.shared(), 1000))).message
    slack.sends = [page]
    assert "files:read" in (await problem(files.head(slack.shared(), 1000))).message


async def test_a_file_of_unknown_size_is_bounded_too(slack: Slack, files: SlackFiles, tmp_path: Path) -> None:
    slack.sends = [endless]
    assert "larger than" in (await problem(files.download(slack.shared(size=0), tmp_path / "file"))).message
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240


async def test_a_file_that_is_announced_too_large_is_not_asked_for(
    slack: Slack, files: SlackFiles, tmp_path: Path
) -> None:
    assert "larger" in (await problem(files.download(slack.shared(size=100_001), tmp_path / "f"))).message
    assert not slack.tokens


async def test_what_unpacks_to_more_than_announced_is_stopped(
    slack: Slack, files: SlackFiles, tmp_path: Path
) -> None:
    async def bomb(_: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"0" * 10_000_000), headers={"Content-Encoding": "gzip"})

    slack.sends = [bomb]
    assert "announced" in (await problem(files.download(slack.shared(), tmp_path / "file"))).message


async def test_a_page_that_somebody_shared_is_a_file(slack: Slack, files: SlackFiles, tmp_path: Path) -> None:
    slack.sends = [page]
    await files.download(slack.shared(mimetype="text/html", size=20), tmp_path / "file")
    assert (tmp_path / "file").stat().st_size == 20


async def test_a_disk_that_takes_nothing_is_told_in_words(
    slack: Slack, files: SlackFiles, tmp_path: Path
) -> None:
    error = await problem(files.download(slack.shared(), tmp_path / "no folder" / "file"))
    assert "FT_DATA_DIR" in error.remedy


async def test_a_cancelled_download_leaves_nothing(slack: Slack, files: SlackFiles, tmp_path: Path) -> None:
    target = tmp_path / "file"

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:100])
        await asyncio.Event().wait()
        return response

    slack.sends = [stall]
    download = asyncio.ensure_future(files.download(slack.shared(), target))
    async with asyncio.timeout(5):
        while not target.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240
