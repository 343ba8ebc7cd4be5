"""Requests that no SDK would send, byte for byte."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.trainer_contract import problem_with


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error, which must have OpenAI's shape."""
        assert self.status >= 400, self
        assert (problem := problem_with("", "", self.status, self.body)) is None, problem
        found: dict[str, Any] = json.loads(self.body)["error"]
        return found


def send(
    url: str, method: str, path: str, body: bytes | None = None, *, key: str = "", **headers: str
) -> Answer:
    """One request to the server at a URL; an underscore in a header's name stands for its dash."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if key:
        given.setdefault("Authorization", f"Bearer {key}")
    try:
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def form(*parts: tuple[str, bytes], boundary: str = "b0") -> bytes:
    """A multipart body of (header lines, content); send it with Content-Type MULTIPART."""
    lines = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def field(name: str, content: bytes, filename: str | None = None) -> tuple[str, bytes]:
    """A part of a form."""
    named = "" if filename is None else f'; filename="{filename}"'
    return f'Content-Disposition: form-data; name="{name}"{named}', content


MULTIPART = "multipart/form-data; boundary=b0"
