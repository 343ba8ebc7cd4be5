"""What every answer of the trainer must look like, and a transport that holds each answer to it.

The shapes are the SDK's own types taken strictly: nothing missing, nothing besides, no text for a number and
no word that isn't listed. Errors have all four of their keys, whatever went wrong.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Generic, Literal, TypeVar

import httpx2
import pytest
from openai.types import FileDeleted, FileObject, Model, ModelDeleted, Upload
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from openai.types.responses import Response
from openai.types.uploads import UploadPart
from pydantic import BaseModel, ConfigDict, ValidationError

T = TypeVar("T")
JOB = r"/fine_tuning/jobs/[^/]+"


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Listing(Strict, Generic[T]):
    object: Literal["list"]
    data: list[T]


class Page(Listing[T], Generic[T]):
    has_more: bool
    first_id: str | None
    last_id: str | None


class FilePage(Page[FileObject]):
    """Here the ends are strings, even those of an empty list."""

    first_id: str
    last_id: str


class Error(Strict):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(Strict):
    error: Error


ANSWERS: list[tuple[str, str, type[BaseModel]]] = [
    ("POST", "/files", FileObject),
    ("GET", "/files", FilePage),
    ("GET", "/files/[^/]+", FileObject),
    ("DELETE", "/files/[^/]+", FileDeleted),
    ("POST", "/uploads", Upload),
    ("POST", "/uploads/[^/]+/parts", UploadPart),
    ("POST", "/uploads/[^/]+/(complete|cancel)", Upload),
    ("POST", "/fine_tuning/jobs", FineTuningJob),
    ("GET", "/fine_tuning/jobs", Page[FineTuningJob]),
    ("GET", JOB, FineTuningJob),
    ("POST", f"{JOB}/(cancel|pause|resume)", FineTuningJob),
    ("GET", f"{JOB}/events", Page[FineTuningJobEvent]),
    ("GET", f"{JOB}/checkpoints", Page[FineTuningJobCheckpoint]),
    ("GET", "/models", Listing[Model]),
    ("GET", "/models/.+", Model),
    ("DELETE", "/models/.+", ModelDeleted),
    ("POST", "/chat/completions", ChatCompletion),
    ("POST", "/responses", Response),
]


def problem_with(method: str, path: str, status: int, body: bytes) -> str | None:
    """What is wrong with a JSON answer, in words; None if nothing is."""
    kind: type[BaseModel] | None = ErrorBody
    if status < 400:
        kind = next((k for m, p, k in ANSWERS if m == method and re.fullmatch(f"/v1{p}", path)), None)
    if kind is None:
        return "an answer from an address that the contract does not have"
    return _problem(kind, body)


def problem_with_chunk(line: bytes) -> str | None:
    """What is wrong with one event of a stream."""
    data = line.removeprefix(b"data: ")
    if data == line:
        return f"not an event: {line!r}"
    if data == b"[DONE]":
        return None
    return _problem(ErrorBody if data.startswith(b'{"error"') else ChatCompletionChunk, data)


def _problem(kind: type[BaseModel], body: bytes) -> str | None:
    # The contract can pause a job, but has no word for what it is then; the bot and this server have two.
    body = re.sub(rb'"status": "paus(ed|ing)"', b'"status": "running"', body)
    try:
        json.loads(body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        extra = sorted(extras(kind.model_validate_json(body, strict=True)))
    except (ValidationError, ValueError) as error:
        return str(error)
    return f"keys that the contract does not have: {', '.join(extra)}" if extra else None


def extras(value: Any, where: str = "") -> Iterator[str]:
    """Keys that a type of the SDK took although it does not know them."""
    if isinstance(value, BaseModel):
        yield from (f"{where}{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from extras(getattr(value, name), f"{where}{name}.")
    elif isinstance(value, list):
        for item in value:
            yield from extras(item, where)


class CheckedStream(httpx2.SyncByteStream):
    """A stream of events, each checked when it is whole."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        for piece in self.inner:
            *whole, rest = (rest + piece).split(b"\n\n")
            for line in whole:
                if problem := problem_with_chunk(line):
                    pytest.fail(f"A chunk breaks the contract: {problem}")
            yield piece

    def close(self) -> None:
        self.inner.close()


class CheckedTransport(httpx2.HTTPTransport):
    """The real network, with every answer held against the contract."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind == "text/event-stream":
            answer.stream = CheckedStream(answer.stream)
        elif kind == "application/json" or answer.status_code >= 400:
            problem = problem_with(request.method, request.url.path, answer.status_code, answer.read())
            if problem:
                # Not an error, which the SDK would take for a broken connection.
                pytest.fail(f"{request.method} {request.url.path} breaks the contract: {problem}")
        return answer
