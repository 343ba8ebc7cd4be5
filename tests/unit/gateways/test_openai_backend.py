"""What the gateway puts on the wire, and how it copes with servers that differ from OpenAI's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateways import openai_wire
from gateways.openai_backend import OpenAIBackend
from tests.fakes.backend import FakeBackend
from tests.fakes.backend_faces import Request
from tests.fakes.backend_machine import BASES
from tests.fakes.records import make_plan
from tuning.errors import BackendDown, BackendGarbled, BackendRefused
from tuning.records import BackendJob, Hyperparameters, Method

LIST = "GET /fine_tuning/jobs"
EVENTS = "GET /fine_tuning/jobs/{id}/events"
PAST = datetime(2020, 1, 1, tzinfo=UTC)


def set_clock(fake: FakeBackend, moment: datetime) -> None:
    fake.now = moment.timestamp


async def start(backend: OpenAIBackend, rows: Path, plan: str = "ft_1", **more: Any) -> BackendJob:
    """Upload and create, as a launch does."""
    file = await backend.upload(rows, "rows.jsonl")
    return await backend.create_job(
        make_plan(base=BASES[0], **more), training_file=file.id, validation_file=None, metadata={"plan": plan}
    )


async def test_an_upload_carries_the_bytes_the_name_and_the_purpose(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    file = await backend.upload(rows, "wörter v1.jsonl")
    assert fake.contents[file.id] == b'{"messages": []}\n' * 10
    assert (file.filename, file.size) == ("wörter v1.jsonl", 170)
    assert fake.files[file.id]["purpose"] == "fine-tune"


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"status": 500}])
async def test_an_upload_is_never_sent_twice(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path, fault: dict[str, Any]
) -> None:
    fake.fail_next("POST /files", **fault)
    with pytest.raises(BackendDown) as caught:
        await backend.upload(rows, "rows.jsonl")
    assert caught.value.fate_unknown
    assert fake.count("POST /files") == 1


async def test_a_create_whose_answer_is_lost_leaves_one_job_that_is_found(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    fake.fail_next("POST /fine_tuning/jobs", drop="after")
    with pytest.raises(BackendDown):
        await start(backend, rows, "ft_lost")
    [found] = await backend.find_jobs({"plan": "ft_lost"}, since=datetime.now(UTC))
    assert [found.id] == list(fake.jobs)


async def test_a_create_says_only_what_was_chosen(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    job = await start(backend, rows)
    assert fake.jobs[job.id].request == {
        "model": BASES[0],
        "training_file": job.training_file,
        "method": {"type": "supervised"},
        "metadata": {"plan": "ft_1"},
    }


@pytest.mark.parametrize("method", list(Method))
async def test_a_create_says_all_that_was_chosen(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path, method: Method
) -> None:
    file = await backend.upload(rows, "valid.jsonl")
    chosen = Hyperparameters(n_epochs=2, batch_size=4, learning_rate_multiplier=0.5, beta=0.1)
    plan = make_plan(base=BASES[0], method=method, suffix="news", seed=0, hyperparameters=chosen)
    job = await backend.create_job(plan, training_file=file.id, validation_file=file.id, metadata={})
    sent = fake.jobs[job.id].request
    values = {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5, "beta": 0.1}
    assert sent["method"] == {"type": method.value, method.value: {"hyperparameters": values}}
    assert (sent["suffix"], sent["seed"], sent["validation_file"]) == ("news", 0, file.id)


@pytest.mark.parametrize("habit", ["filter", "ignore", "reject"])
async def test_jobs_are_found_by_metadata_whatever_the_server_does_with_the_filter(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path, habit: str
) -> None:
    fake.metadata_filter = habit
    jobs = [await start(backend, rows, f"ft_{number}") for number in range(25)]
    [found] = await backend.find_jobs({"plan": "ft_3"}, since=PAST)
    assert found.id == jobs[3].id
    assert found.metadata == {"plan": "ft_3"}
    assert await backend.find_jobs({"plan": "ft_99"}, since=PAST) == []


async def test_a_server_that_leaves_out_what_is_optional_is_understood(rows: Path) -> None:
    optional = ["object", "has_more", "metadata", "bytes", "filename", "type", "owned_by", "level"]
    fake = FakeBackend(omit=[*optional, "error", "trained_tokens", "finished_at", "metrics"])
    backend = OpenAIBackend("http://backend.test/v1", fake.key, http_client=fake.client(), pause=0)
    job = await start(backend, rows)
    fake.finish(job.id)
    assert (await backend.job(job.id)).status == "succeeded"
    assert len(await backend.events(job.id, frozenset())) == len(fake.jobs[job.id].events)
    assert len(await backend.checkpoints(job.id)) == 1
    assert await backend.find_jobs({"plan": "ft_1"}, since=PAST) == []
    assert await backend.models()
    await backend.aclose()


async def test_looking_for_jobs_stops_at_those_that_are_too_old(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    fake.metadata_filter = "ignore"
    moment = datetime.now(UTC)
    for number in range(250):
        set_clock(fake, moment - timedelta(hours=250 - number))
        await start(backend, rows, f"ft_{number}")
    assert await backend.find_jobs({"plan": "ft_1"}, since=moment - timedelta(hours=2)) == []
    assert fake.count(LIST) == 2
    assert len(await backend.find_jobs({"plan": "ft_1"}, since=PAST)) == 1


async def test_a_backend_whose_clock_is_behind_still_finds_the_job(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    fake.now = lambda: (datetime.now(UTC) - timedelta(minutes=4)).timestamp()
    await start(backend, rows)
    assert len(await backend.find_jobs({"plan": "ft_1"}, since=datetime.now(UTC))) == 1


async def test_a_server_that_lists_oldest_first_is_read_to_the_end(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    fake.metadata_filter = "ignore"
    moment = datetime.now(UTC)
    for number in range(150):
        set_clock(fake, moment - timedelta(hours=number))
        job = await start(backend, rows, f"ft_{number}")
    assert len(await backend.find_jobs({"plan": "ft_0"}, since=moment)) == 1

    fake.jobs[job.id].events.clear()
    for number in range(150):
        set_clock(fake, moment - timedelta(hours=number))
        fake.add_event(job.id, str(number))
    known = frozenset(event["id"] for event in fake.jobs[job.id].events[5:])
    assert [event.message for event in await backend.events(job.id, known)] == ["4", "3", "2", "1", "0"]


async def test_events_of_one_second_keep_their_order(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    job = await start(backend, rows)
    fake.now = lambda: 1_800_000_000.0
    fake.finish(job.id)
    ids = [event["id"] for event in fake.jobs[job.id].events]
    assert [event.id for event in await backend.events(job.id, frozenset())] == ids


async def test_only_new_events_are_read_and_paging_stops_at_known_ones(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    job = await start(backend, rows)
    for number in range(950):
        fake.add_event(job.id, f"note {number}")
    everything = await backend.events(job.id, frozenset())
    assert len(everything) == 951
    assert fake.count(EVENTS) == 10
    known = frozenset(event.id for event in everything)
    fake.add_event(job.id, "the newest")
    assert [event.message for event in await backend.events(job.id, known)] == ["the newest"]
    assert fake.count(EVENTS) == 12
    assert await backend.events(job.id, known | {fake.jobs[job.id].events[-1]["id"]}) == []
    assert fake.count(EVENTS) == 13


@pytest.mark.parametrize("omitted", [[], ["has_more"]])
async def test_a_server_that_ignores_the_cursor_does_not_hold_us(rows: Path, omitted: list[str]) -> None:
    fake = FakeBackend(omit=omitted)
    backend = OpenAIBackend("http://backend.test/v1", fake.key, http_client=fake.client(), pause=0)

    async def forget_the_cursor(request: Request) -> None:
        request.query.pop("after", None)

    fake.before = {EVENTS: forget_the_cursor}
    job = await start(backend, rows)
    for number in range(150):
        fake.add_event(job.id, f"note {number}")
    assert len(await backend.events(job.id, frozenset())) == 100
    assert fake.count(EVENTS) == 2
    await backend.aclose()


async def test_a_list_without_an_end_is_given_up(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_wire, "MOST_PAGES", 3)
    job = await start(backend, rows)
    for number in range(400):
        fake.add_event(job.id, f"note {number}")
    with pytest.raises(BackendGarbled, match="doesn't end"):
        await backend.events(job.id, frozenset())


async def test_unknown_statuses_and_event_types_pass_through(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    job = await start(backend, rows)
    fake.set_status(job.id, "pondering")
    fake.add_event(job.id, "Checks passed", type="moderation_checks", level="notice", data={"blocked": False})
    assert (await backend.job(job.id)).status == "pondering"
    event = (await backend.events(job.id, frozenset()))[-1]
    assert (event.type, event.level, event.data) == ("moderation_checks", "notice", {"blocked": False})


async def test_what_no_database_takes_is_cleaned_away(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    job = await start(backend, rows)
    data = {"train_loss": float("nan"), "note": ["a\x00b", "\udcff"], "step": 3}
    fake.add_event(job.id, "nul \x00 and half a pair \ud83d", type="metrics", data=data)
    event = (await backend.events(job.id, frozenset()))[-1]
    assert event.message == "nul  and half a pair ?"
    assert event.data == {"train_loss": None, "note": ["ab", "?"], "step": 3}


async def test_a_failed_job_tells_why(fake: FakeBackend, backend: OpenAIBackend, rows: Path) -> None:
    job = await start(backend, rows)
    fake.fail(job.id, "invalid_file_format", "Example 3 is broken")
    seen = await backend.job(job.id)
    assert (seen.status, seen.error_code, seen.error_message) == (
        "failed",
        "invalid_file_format",
        "Example 3 is broken",
    )


async def test_a_backend_without_checkpoints_has_none(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    job = await start(backend, rows)
    fake.fail_next("GET /fine_tuning/jobs/{id}/checkpoints", status=404)
    assert await backend.checkpoints(job.id) == []


async def test_what_was_deleted_before_is_fine_but_a_refusal_is_not(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    file = await backend.upload(rows, "rows.jsonl")
    fake.fail_next("DELETE /files/{id}", body='{"deleted": false}')
    with pytest.raises(BackendRefused, match="did not delete"):
        await backend.delete_file(file.id)
    fake.fail_next("DELETE /files/{id}", status=204, body="")
    await backend.delete_file(file.id)
    with pytest.raises(BackendRefused):
        await backend.delete_model(BASES[0])


async def test_a_model_is_listed_and_deleted_whatever_its_name(
    fake: FakeBackend, backend: OpenAIBackend
) -> None:
    fake.models["Org/Model 1"] = {"id": "Org/Model 1", "owned_by": "org"}
    assert "Org/Model 1" in [model.id for model in await backend.models()]
    await backend.delete_model("Org/Model 1")
    assert "Org/Model 1" not in fake.models


async def test_a_cancel_that_times_out_is_not_sent_again(
    fake: FakeBackend, backend: OpenAIBackend, rows: Path
) -> None:
    async def time_out(_: Request) -> None:
        raise httpx2.ReadTimeout("slow")

    fake.before["POST /fine_tuning/jobs/{id}/cancel"] = time_out
    job = await start(backend, rows)
    with pytest.raises(BackendDown):
        await backend.cancel_job(job.id)
    assert fake.count("POST /fine_tuning/jobs/{id}/cancel") == 1
