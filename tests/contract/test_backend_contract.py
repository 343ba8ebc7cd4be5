"""What the domain relies on of a backend, held against the fake (both faces) and the real trainer.

The fakes get a fresh state for each promise. The trainer is started once, trains one small job, and
is asked for all promises in turn, deleting its model last.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateways.openai_backend import OpenAIBackend
from tests.fakes.backend import FakeBackend
from tests.fakes.backend_machine import BASES
from tests.fakes.records import make_plan
from tests.fakes.trainer_process import headlines, running_trainer
from tuning.errors import (
    BackendConflict,
    BackendError,
    BackendKeyRejected,
    BackendNotFound,
    BackendRefused,
)
from tuning.ports import Backend
from tuning.records import ENDED, BackendJob, Hyperparameters, Status

KEY = "sk-contract-0123456789"
NO_JOB = BackendJob("", "")
WORDS = {status.value for status in Status}


@dataclass(frozen=True)
class House:
    """A backend with one job that succeeded, and the file that it was made of."""

    backend: OpenAIBackend
    stranger: OpenAIBackend
    base: str
    rows: Path
    job: BackendJob = NO_JOB

    async def start(self, plan: str, **more: object) -> BackendJob:
        """Upload the rows and create a small job under this plan's name."""
        file = await self.backend.upload(self.rows, f"{plan}.jsonl")
        small = Hyperparameters(n_epochs=2, batch_size=4)
        proposed = make_plan(base=self.base, suffix="contract", seed=7, hyperparameters=small)
        return await self.backend.create_job(
            replace(proposed, **more),  # type: ignore[arg-type]
            training_file=file.id,
            validation_file=None,
            metadata={"plan": plan, "team": "T1"},
        )

    async def aclose(self) -> None:
        await self.backend.aclose()
        await self.stranger.aclose()

    async def says(self, model: str) -> tuple[str, int | None, int | None]:
        deltas = [delta async for delta in self.backend.answer(model, "goal number 2", system="One word.")]
        text = "".join(delta.text for delta in deltas)
        return text, deltas[-1].prompt_tokens, deltas[-1].completion_tokens


# -- the promises -----------------------------------------------------------------------------


async def a_file_is_found_by_exactly_its_name_until_it_is_deleted(house: House) -> None:
    mine = await house.backend.upload(house.rows, "mine.jsonl")
    other = await house.backend.upload(house.rows, "mine.jsonl.old")
    assert (mine.filename, mine.size) == ("mine.jsonl", len(headlines()))
    assert await house.backend.find_files("mine.jsonl") == [mine]
    await house.backend.delete_file(mine.id)
    await house.backend.delete_file(mine.id)
    assert await house.backend.find_files("mine.jsonl") == []
    assert await house.backend.find_files("mine.jsonl.old") == [other]


async def a_file_that_came_in_parts_is_a_file_like_any_other(house: House) -> None:
    size, half = len(headlines()), len(headlines()) // 2
    upload, until = await house.backend.begin_upload("parts.jsonl", size)
    assert datetime.now(UTC) + timedelta(minutes=50) < until
    told: list[int] = []
    second = await house.backend.send_part(upload, house.rows, half, size - half, told.append)
    assert told[-1] == size - half
    first = await house.backend.send_part(upload, house.rows, 0, half)
    unused = await house.backend.send_part(upload, house.rows, 0, half)
    with pytest.raises(BackendRefused):
        await house.backend.complete_upload(upload, [first, unused, second])
    assert await house.backend.find_files("parts.jsonl") == []
    file = await house.backend.complete_upload(upload, [first, second])
    assert (file.filename, file.size) == ("parts.jsonl", size)
    assert await house.backend.find_files("parts.jsonl") == [file]
    with pytest.raises(BackendRefused):
        await house.backend.complete_upload(upload, [first, second])
    await house.backend.cancel_upload(upload)
    assert await house.backend.find_files("parts.jsonl") == [file]
    plan = make_plan(base=house.base, hyperparameters=Hyperparameters(n_epochs=1, batch_size=4))
    job = await house.backend.create_job(plan, training_file=file.id, validation_file=None, metadata={})
    await house.backend.cancel_job(job.id)
    await until_ended(house.backend, job.id)


async def an_upload_that_is_given_up_takes_no_more_and_leaves_no_file(house: House) -> None:
    upload, _ = await house.backend.begin_upload("given-up.jsonl", len(headlines()))
    part = await house.backend.send_part(upload, house.rows, 0, len(headlines()))
    await house.backend.cancel_upload(upload)
    await house.backend.cancel_upload(upload)
    await house.backend.cancel_upload("upload_none")
    for call in (
        house.backend.send_part(upload, house.rows, 0, 10),
        house.backend.complete_upload(upload, [part]),
    ):
        with pytest.raises(BackendRefused):
            await call
    with pytest.raises(BackendNotFound):
        await house.backend.send_part("upload_none", house.rows, 0, 10)
    assert await house.backend.find_files("given-up.jsonl") == []


async def a_job_is_found_by_its_metadata_and_its_time(house: House) -> None:
    since = house.job.created_at or datetime.now(UTC)
    [found] = await house.backend.find_jobs({"plan": "ft_done"}, since=since)
    assert found.id == house.job.id
    assert found.metadata == {"plan": "ft_done", "team": "T1"}
    assert await house.backend.find_jobs({"plan": "ft_else"}, since=datetime.now(UTC)) == []
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await house.backend.find_jobs({"plan": "ft_done"}, since=tomorrow) == []


async def a_job_that_succeeded_tells_its_model_tokens_and_times(house: House) -> None:
    job = await house.backend.job(house.job.id)
    assert job.status == Status.succeeded
    assert job.model
    assert job.model.startswith(f"ft:{house.base}:")
    assert (job.trained_tokens or 0) > 0
    assert job.created_at
    assert job.finished_at
    assert job.created_at <= job.finished_at <= datetime.now(UTC) + timedelta(seconds=2)
    assert (job.error_code, job.error_message) == (None, None)


async def events_come_oldest_first_and_each_once(house: House) -> None:
    everything = await house.backend.events(house.job.id, frozenset())
    ids = [event.id for event in everything]
    assert len(set(ids)) == len(ids) > 3
    assert [event.created_at for event in everything] == sorted(event.created_at for event in everything)
    known = frozenset(ids[:-2])
    assert [event.id for event in await house.backend.events(house.job.id, known)] == ids[-2:]
    assert await house.backend.events(house.job.id, frozenset(ids)) == []


async def metrics_tell_step_total_and_loss_in_order(house: House) -> None:
    events = await house.backend.events(house.job.id, frozenset())
    metrics = [event.data for event in events if event.type == "metrics"]
    steps = [data["step"] for data in metrics]
    assert steps == sorted(set(steps))
    assert all(data["train_loss"] > 0 and data["total_steps"] >= data["step"] for data in metrics)
    assert steps
    assert steps[-1] == metrics[-1]["total_steps"]


async def checkpoints_come_oldest_first_and_answer(house: House) -> None:
    checkpoints = await house.backend.checkpoints(house.job.id)
    steps = [checkpoint.step for checkpoint in checkpoints]
    assert steps
    assert steps == sorted(steps)
    assert all("train_loss" in checkpoint.metrics for checkpoint in checkpoints)
    text, _, _ = await house.says(checkpoints[0].model)
    assert isinstance(text, str)


async def the_model_is_listed_and_answers_with_counts(house: House) -> None:
    assert house.job.model in [model.id for model in await house.backend.models()]
    # what has learned for a few steps only may end its answer before the first word
    said = [await house.says(house.job.model or "") for _ in range(5)]
    text, prompt, completion = max(said)
    assert text
    assert (prompt or 0) > 0
    assert (completion or 0) > 0


async def a_job_that_is_cancelled_stays_so(house: House) -> None:
    job = await house.start("ft_cancelled")
    assert job.status in WORDS - ENDED
    assert (await house.backend.cancel_job(job.id)).id == job.id
    ended = await until_ended(house.backend, job.id)
    assert (ended.status, ended.model) == (Status.cancelled, None)
    with pytest.raises((BackendRefused, BackendConflict)):
        await house.backend.cancel_job(job.id)
    assert (await house.backend.job(job.id)).status == Status.cancelled


async def what_can_not_be_created_is_refused_with_its_fate_known(house: House) -> None:
    with pytest.raises(BackendRefused, match="no-such-base"):
        await house.start("ft_no_base", base="no-such-base")
    with pytest.raises(BackendError) as caught:
        await house.backend.create_job(
            make_plan(base=house.base), training_file="file-none", validation_file=None, metadata={}
        )
    assert not caught.value.fate_unknown
    assert not caught.value.passing
    assert "file-none" in caught.value.message
    assert await house.backend.find_jobs({"plan": "ft_no_base"}, since=datetime(2020, 1, 1, tzinfo=UTC)) == []


async def what_is_unknown_is_not_found(house: House) -> None:
    for call in (
        house.backend.job("ftjob-none"),
        house.backend.cancel_job("ftjob-none"),
        house.backend.events("ftjob-none", frozenset()),
        house.says("ft:no-such:model"),
    ):
        with pytest.raises(BackendNotFound):
            await call
    assert await house.backend.checkpoints("ftjob-none") == []


async def a_wrong_key_is_rejected(house: House) -> None:
    for call in (house.stranger.models(), house.stranger.job(house.job.id)):
        with pytest.raises(BackendKeyRejected):
            await call


async def a_deleted_model_is_gone_and_may_be_deleted_again(house: House) -> None:
    model = house.job.model or ""
    await house.backend.delete_model(model)
    assert model not in [listed.id for listed in await house.backend.models()]
    with pytest.raises(BackendNotFound):
        await house.says(model)
    await house.backend.delete_model(model)


PROMISES: list[Callable[[House], Awaitable[None]]] = [
    a_file_is_found_by_exactly_its_name_until_it_is_deleted,
    a_file_that_came_in_parts_is_a_file_like_any_other,
    an_upload_that_is_given_up_takes_no_more_and_leaves_no_file,
    a_job_is_found_by_its_metadata_and_its_time,
    a_job_that_succeeded_tells_its_model_tokens_and_times,
    events_come_oldest_first_and_each_once,
    metrics_tell_step_total_and_loss_in_order,
    checkpoints_come_oldest_first_and_answer,
    the_model_is_listed_and_answers_with_counts,
    a_job_that_is_cancelled_stays_so,
    what_can_not_be_created_is_refused_with_its_fate_known,
    what_is_unknown_is_not_found,
    a_wrong_key_is_rejected,
    a_deleted_model_is_gone_and_may_be_deleted_again,
]


# -- who keeps them ---------------------------------------------------------------------------


async def until_ended(backend: Backend, job_id: str, *, seconds: float = 90) -> BackendJob:
    deadline = time.monotonic() + seconds
    while (job := await backend.job(job_id)).status not in ENDED:
        assert job.status in WORDS
        assert time.monotonic() < deadline, f"{job_id} is still {job.status}"
        await asyncio.sleep(0.1)
    return job


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(headlines())
    return path


@pytest.fixture(params=["in process", "over loopback"])
async def house(request: pytest.FixtureRequest, rows: Path) -> AsyncIterator[House]:
    """A fake with a job that succeeded."""
    fake = FakeBackend(key=KEY)
    async with fake.serve() as url:

        def open_as(key: str) -> OpenAIBackend:
            client = fake.client() if request.param == "in process" else None
            return OpenAIBackend(url, key, http_client=client, pause=0)

        house = House(open_as(KEY), open_as("sk-somebody-else"), BASES[0], rows)
        job = await house.start("ft_done")
        fake.finish(job.id)
        yield replace(house, job=await house.backend.job(job.id))
        await house.aclose()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_the_fake_keeps_the_promise(house: House, promise: Callable[[House], Awaitable[None]]) -> None:
    await promise(house)


@pytest.mark.slow
async def test_the_trainer_keeps_the_promises(tmp_path: Path, rows: Path, subtests: pytest.Subtests) -> None:
    with running_trainer(tmp_path / "home", key=KEY) as trainer:
        house = House(
            OpenAIBackend(trainer.url, KEY),
            OpenAIBackend(trainer.url, "sk-somebody-else"),
            "tiny-chat",
            rows,
        )
        job = await house.start("ft_done")
        house = replace(house, job=await until_ended(house.backend, job.id))
        assert house.job.status == Status.succeeded, house.job.error_message
        for promise in PROMISES:
            with subtests.test(promise.__name__):
                await promise(house)
        await house.aclose()
