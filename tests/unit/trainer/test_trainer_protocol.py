"""HTTP that no client should send is answered in OpenAI's shape, without a traceback or what was sent."""

import json
import socket

import pytest

from tests.fakes.raw_http import MULTIPART, Answer, field, form, send
from tests.fakes.trainer_process import TrainerProcess

CHAT = "/v1/chat/completions"
SECRET = "sk-should-not-be-said-back"


def spoken(trainer: TrainerProcess, raw: bytes) -> Answer:
    """What comes back for bytes that are hardly HTTP."""
    host, port = trainer.url.removeprefix("http://").removesuffix("/v1").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(raw)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(status.split()[1]), headers, body)


def tracebacks(trainer: TrainerProcess) -> int:
    return trainer.home.with_name(f"{trainer.home.name}.log").read_text().count("Traceback")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("NO SUCH THING\r\n", 400),
        (f"{SECRET}\x00 / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (f"GET /v1/models HTTP/9.x{SECRET}\r\n\r\n", 400),
        (f"GET /v1/models HTTP/1.1\r\nHost: a\r\nX-{SECRET}\x01: y\r\n\r\n", 400),
        (f"GET /v1/models HTTP/1.1\r\nHost: a\r\nX-Long: {SECRET * 4000}\r\n\r\n", 431),
        (f"GET /v1/models?{SECRET * 4000} HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nContent-Length: {SECRET}\r\n\r\n", 400),
        (f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400),
        (f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{{}}", 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_can_not_be_read_is_refused_in_openais_shape(
    trainer: TrainerProcess, head: str, status: int
) -> None:
    before = tracebacks(trainer)
    answer = spoken(trainer, head.encode())
    assert (answer.status, answer.error["type"]) == (status, "invalid_request_error")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-request-id"].startswith("req_")
    assert SECRET.encode() not in answer.body
    assert tracebacks(trainer) == before


def test_a_broken_chunk_is_refused_in_openais_shape(trainer: TrainerProcess) -> None:
    before = tracebacks(trainer)
    head = (
        f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {trainer.key}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert spoken(trainer, f"{head}zz\r\n{{}}\r\n0\r\n\r\n".encode()).error["type"] == "invalid_request_error"
    assert tracebacks(trainer) == before


@pytest.mark.parametrize("path", ["/v1/models", "/nowhere"])
def test_what_is_expected_and_not_known_is_refused_in_openais_shape(
    trainer: TrainerProcess, path: str
) -> None:
    answer = send(trainer.url, "GET", path, key=trainer.key, Expect="foo")
    assert (answer.status, answer.error["type"]) == (417, "invalid_request_error")
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.fixture
def content(trainer: TrainerProcess):
    body = form(field("purpose", b"user_data"), field("file", b"0123456789", "a"))
    made = send(trainer.url, "POST", "/v1/files", body, key=trainer.key, Content_Type=MULTIPART)
    path = f"/v1/files/{json.loads(made.body)['id']}/content"
    return lambda **headers: send(trainer.url, "GET", path, key=trainer.key, **headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=99999999-"}, 416),
        ({"Range": "bytes=10-"}, 416),
        ({"Range": "bytes=5-2"}, 416),
        ({"Range": "bytes=z"}, 416),
        ({"If-Match": '"another"'}, 412),
        ({"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}, 412),
    ],
    ids=str,
)
def test_bytes_that_can_not_be_had_so_are_refused_in_openais_shape(
    content, headers: dict[str, str], status: int
) -> None:
    answer = content(**headers)
    assert (answer.status, answer.error["type"]) == (status, "invalid_request_error")
    assert status == 412 or answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize(
    ("headers", "bytes"),
    [
        ({"Range": "bytes=2-4"}, b"234"),
        ({"Range": "bytes=-3"}, b"789"),
        ({"Range": "bytes=-99"}, b"0123456789"),
        ({"If-Match": "*"}, b"0123456789"),
    ],
    ids=str,
)
def test_bytes_that_can_be_had_are_sent(content, headers: dict[str, str], bytes: bytes) -> None:
    assert content(**headers).body == bytes
    assert content(If_Match=content().headers["etag"]).status == 200
