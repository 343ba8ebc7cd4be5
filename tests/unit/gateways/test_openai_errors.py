"""Every way in which a backend can fail comes out as the domain's own error, and without the key."""

from __future__ import annotations

import asyncio
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateways import openai_wire
from gateways.openai_backend import OpenAIBackend
from tests.fakes.backend import FakeBackend
from tests.fakes.records import make_plan
from tuning.errors import (
    BackendBusy,
    BackendConflict,
    BackendDown,
    BackendError,
    BackendGarbled,
    BackendKeyRejected,
    BackendLimitReached,
    BackendNotFound,
    BackendRefused,
    BackendUnreachable,
    TrainingNotAvailable,
)

CREATE = "POST /fine_tuning/jobs"
JOB = "GET /fine_tuning/jobs/{id}"
MODELS = "GET /models"


async def create(backend: OpenAIBackend) -> None:
    await backend.create_job(make_plan(), training_file="file-1", validation_file=None, metadata={})


async def error_of(fake: FakeBackend, backend: OpenAIBackend, **fault: Any) -> BackendError:
    """What a create raises that meets this fault."""
    fake.fail_next(CREATE, **fault)
    with pytest.raises(BackendError) as caught:
        await create(backend)
    assert fake.count(CREATE) == 1
    assert not fake.jobs
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, BackendRefused),
        (401, "invalid_api_key", BackendKeyRejected),
        (402, None, BackendLimitReached),
        (403, "training_not_available", TrainingNotAvailable),
        (403, "unsupported_country", BackendRefused),
        (404, None, BackendNotFound),
        (408, None, BackendDown),
        (409, None, BackendConflict),
        (413, None, BackendRefused),
        (418, None, BackendRefused),
        (422, None, BackendRefused),
        (429, "rate_limit_exceeded", BackendBusy),
        (429, "insufficient_quota", BackendLimitReached),
        (429, "credit_balance_exhausted", BackendLimitReached),
        (429, "organization_spend_limit_exceeded", BackendLimitReached),
        (429, "project_spend_limit_exceeded", BackendLimitReached),
        (429, "daily_rate_limit_exceeded", BackendLimitReached),
        (500, None, BackendDown),
        (502, None, BackendDown),
        (503, "overloaded", BackendDown),
        (529, None, BackendDown),
    ],
)
async def test_a_status_becomes_its_error(
    fake: FakeBackend, backend: OpenAIBackend, status: int, code: str | None, kind: type[BackendError]
) -> None:
    error = await error_of(fake, backend, status=status, code=code)
    assert type(error) is kind
    assert error.backend_code == (code or "invalid_request_error")
    assert error.request_id == "req-fake"
    assert error.fate_unknown == (status >= 500 or status == 408)


async def test_a_refusal_says_what_the_backend_said_on_one_line_and_cut(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    error = await error_of(fake, backend, status=400, message="Invalid\n suffix: " + "x" * 2000)
    assert error.message.startswith("Invalid suffix: xxx")
    assert len(error.message) == 500


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"detail": "n_epochs is too high"}', "n_epochs is too high"),
        ('{"error": "n_epochs is too high"}', "n_epochs is too high"),
        ('{"message": "n_epochs is too high"}', "n_epochs is too high"),
        ('{"detail": [{"loc": ["body"]}]}', "The backend refused the request. (HTTP 422)"),
        ("n_epochs is too high", "n_epochs is too high"),
        ("", "The backend refused the request. (HTTP 422)"),
    ],
)
async def test_other_servers_words_are_found_too(
    fake: FakeBackend, backend: OpenAIBackend, body: str, shown: str
) -> None:
    error = await error_of(fake, backend, status=422, body=body, content_type="application/json")
    assert (type(error), error.message) == (BackendRefused, shown)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
    ],
)
async def test_a_busy_backend_says_how_long_to_wait(
    fake: FakeBackend, backend: OpenAIBackend, headers: dict[str, str], seconds: float | None
) -> None:
    error = await error_of(fake, backend, status=429, headers=headers)
    assert isinstance(error, BackendBusy)
    assert error.retry_after == seconds


async def test_a_date_to_wait_for_becomes_seconds(fake: FakeBackend, backend: OpenAIBackend) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    error = await error_of(fake, backend, status=429, headers={"retry-after": date})
    assert isinstance(error, BackendBusy)
    assert 30 < (error.retry_after or 0) <= 40


async def test_a_busy_backend_is_not_waited_for_inside_the_call(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.fail_next(MODELS, status=429, headers={"retry-after": "100"})
    with pytest.raises(BackendBusy):
        await backend.models()
    assert fake.count(MODELS) == 1


@pytest.mark.parametrize(
    "body", ["<html>Please log in</html>", "", "null", "[]", '"ok"', "{", "\udcff", "[" * 100_000, "9" * 5000]
)
async def test_a_success_that_is_not_the_api_is_garbled(
    fake: FakeBackend, backend: OpenAIBackend, body: str
) -> None:
    error = await error_of(fake, backend, body=body.encode("utf-8", "surrogateescape"))
    assert type(error) is BackendGarbled
    assert error.fate_unknown


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_web_page_as_an_error_is_garbled(
    fake: FakeBackend, backend: OpenAIBackend, status: int
) -> None:
    error = await error_of(fake, backend, status=status, body="<html><h1>Blocked</h1>")
    assert type(error) is BackendGarbled
    assert "<" not in error.message
    assert str(status) in error.message


async def test_a_redirect_is_not_followed(fake: FakeBackend) -> None:
    async with fake.serve() as url:
        backend = OpenAIBackend(url, fake.key, pause=0)
        error = await error_of(fake, backend, status=307, headers={"location": f"{url}/models"})
        assert type(error) is BackendGarbled
        assert "another address" in error.message
        assert [request.route for request in fake.requests] == [CREATE]
        await backend.aclose()


@pytest.mark.parametrize(
    "body",
    [
        {"status": "queued"},
        {"id": "", "status": "queued"},
        {"id": "ftjob-1"},
        {"id": ["ftjob-1"], "status": "queued"},
        {"id": "ftjob-1", "status": None},
    ],
)
async def test_a_job_without_id_or_status_is_garbled(
    fake: FakeBackend, backend: OpenAIBackend, body: dict[str, Any]
) -> None:
    error = await error_of(
        fake, backend, body=httpx2.Response(200, json=body).text, content_type="application/json"
    )
    assert type(error) is BackendGarbled


async def test_an_error_object_with_status_200_is_an_error(fake: FakeBackend, backend: OpenAIBackend) -> None:
    error = await error_of(
        fake, backend, body='{"error": {"message": "no credit", "code": "insufficient_quota"}}'
    )
    assert type(error) is BackendLimitReached
    assert error.message == "no credit"


async def test_a_dropped_create_is_sent_once_and_its_fate_is_unknown(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    error = await error_of(fake, backend, drop="before")
    assert type(error) is BackendUnreachable
    assert error.fate_unknown
    assert "backend.test" in error.message


async def test_an_answer_cut_off_in_the_middle_is_unreachable(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.fail_next(MODELS, drop="middle", times=2)
    with pytest.raises(BackendUnreachable):
        await backend.models()


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx2.ConnectError("refused"), BackendUnreachable),
        (httpx2.ConnectTimeout("slow"), BackendUnreachable),
        (httpx2.ReadTimeout("slow"), BackendUnreachable),
        (httpx2.ReadError("reset"), BackendUnreachable),
        (httpx2.PoolTimeout("full"), BackendUnreachable),
        (httpx2.UnsupportedProtocol("no scheme"), BackendUnreachable),
        (ConnectionResetError("reset"), BackendUnreachable),
        (httpx2.DecodingError("bad gzip"), BackendGarbled),
    ],
)
async def test_a_connection_that_fails_becomes_its_error(
    fake: FakeBackend, backend: OpenAIBackend, failure: Exception, kind: type[BackendError]
) -> None:
    async def fail(_: object) -> None:
        raise failure

    fake.before[CREATE] = fail
    with pytest.raises(BackendError) as caught:
        await create(backend)
    assert type(caught.value) is kind
    assert fake.count(CREATE) == 1


async def test_nobody_listening_is_unreachable(unused_tcp_port: int) -> None:
    backend = OpenAIBackend(f"http://127.0.0.1:{unused_tcp_port}/v1", "sk-test-123456", pause=0)
    with pytest.raises(BackendUnreachable, match=str(unused_tcp_port)):
        await backend.models()
    await backend.aclose()


async def test_a_backend_that_hangs_is_given_up(
    fake: FakeBackend, backend: OpenAIBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(openai_wire, "PATIENCE", 0.05)
    fake.before[MODELS] = hang
    async with asyncio.timeout(5):
        with pytest.raises(BackendUnreachable, match="in time"):
            await backend.models()


async def test_a_cancelled_call_stays_cancelled(fake: FakeBackend, backend: OpenAIBackend) -> None:
    arrived = asyncio.Event()

    async def hang(_: object) -> None:
        arrived.set()
        await asyncio.Event().wait()

    fake.before[MODELS] = hang
    call = asyncio.ensure_future(backend.models())
    await arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 408}, {"drop": "before"}, {"body": "<html>"}])
async def test_a_read_is_tried_twice(
    fake: FakeBackend, backend: OpenAIBackend, fault: dict[str, Any]
) -> None:
    fake.fail_next(MODELS, **fault)
    assert await backend.models()
    fake.fail_next(MODELS, times=3, **fault)
    with pytest.raises(BackendDown):
        await backend.models()
    assert fake.count(MODELS) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
async def test_a_read_that_is_refused_is_not_tried_again(
    fake: FakeBackend, backend: OpenAIBackend, status: int
) -> None:
    fake.fail_next(JOB, status=status)
    with pytest.raises(BackendError):
        await backend.job("ftjob-1")
    assert fake.count(JOB) == 1


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 429, 500])
async def test_the_key_is_in_no_message_and_in_no_trace(
    fake: FakeBackend, backend: OpenAIBackend, status: int
) -> None:
    said = f"bad key {fake.key}, sent as Authorization: Bearer {fake.key}, like sk-proj-other*****key"
    body = httpx2.Response(200, json={"error": {"message": said}}).text
    fake.fail_next(CREATE, status=status, body=body)
    try:
        await create(backend)
    except BackendError as error:
        shown = f"{error.message} {error!r} {error.remedy} " + "".join(traceback.format_exception(error))
    assert fake.key not in shown
    assert "sk-proj" not in shown


async def test_a_wrong_key_that_the_backend_repeats_is_not_shown(fake: FakeBackend) -> None:
    backend = OpenAIBackend("http://backend.test/v1", "wrong-key-9", http_client=fake.client(), pause=0)
    with pytest.raises(BackendKeyRejected) as caught:
        await backend.models()
    assert "wrong-key-9" not in "".join(traceback.format_exception(caught.value))
    await backend.aclose()


async def test_a_key_of_any_look_is_taken_out_of_what_the_backend_says() -> None:
    fake = FakeBackend(key="0123-plain-4567")
    backend = OpenAIBackend("http://backend.test/v1", fake.key, http_client=fake.client(), pause=0)
    error = await error_of(fake, backend, status=400, message=f"no such project for {fake.key}!")
    assert error.message == "no such project for [key]!"
    await backend.aclose()


@pytest.mark.parametrize("key", ["", "  ", "sk-\u00e9", "sk-1\nX: y"])
async def test_a_key_that_can_not_be_sent_is_rejected_before_anything_is_sent(
    fake: FakeBackend, key: str
) -> None:
    backend = OpenAIBackend("http://backend.test/v1", key, http_client=fake.client())
    with pytest.raises(BackendKeyRejected) as caught:
        await backend.models()
    with pytest.raises(BackendKeyRejected):
        await anext(backend.answer("m", "Why?", system=None))
    assert not key.strip() or key not in caught.value.message
    assert not fake.requests
    await backend.aclose()


async def test_a_stand_in_for_a_key_is_an_ordinary_word() -> None:
    fake = FakeBackend(key="none")
    backend = OpenAIBackend("http://backend.test/v1", "none", http_client=fake.client(), pause=0)
    assert (await error_of(fake, backend, status=400, message="none left")).message == "none left"
    await backend.aclose()


async def test_a_newline_after_the_key_is_forgiven(fake: FakeBackend) -> None:
    backend = OpenAIBackend("http://backend.test/v1", f"{fake.key}\n", http_client=fake.client())
    assert await backend.models()
    await backend.aclose()


async def test_a_name_that_can_not_stand_in_an_address_is_refused(backend: OpenAIBackend) -> None:
    for name in ("", "..", "\udcff"):
        with pytest.raises(BackendRefused):
            await backend.delete_model(name)


async def test_a_missing_file_is_refused_before_anything_is_sent(
    fake: FakeBackend, backend: OpenAIBackend, tmp_path: Path
) -> None:
    with pytest.raises(BackendRefused, match="can't be read"):
        await backend.upload(tmp_path / "none.jsonl", "none.jsonl")
    assert not fake.requests
