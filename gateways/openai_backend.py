"""The domain's Backend over the openai SDK: OpenAI itself, or any service that speaks its wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from openai import omit

from gateways.openai_answers import answer
from gateways.openai_files import OpenAIFiles, gone
from gateways.openai_records import (
    checkpoint_record,
    event_record,
    job_record,
    model_record,
)
from gateways.openai_records import entries as listed
from gateways.openai_wire import Wire
from tuning.errors import BackendNotFound, BackendRefused
from tuning.records import (
    BackendJob,
    BackendModel,
    Checkpoint,
    Delta,
    Event,
    Hyperparameters,
    Plan,
)

#: How far the backend's clock may be behind ours.
SKEW = timedelta(minutes=5)
PAGE = 100


class OpenAIBackend(OpenAIFiles):
    """Fulfils `tuning.ports.Backend`; every failure is a `tuning.errors.BackendError`.

    `pause` is the wait in seconds before a read is tried a second time.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        http_client: httpx2.AsyncClient | None = None,
        pause: float = 0.5,
    ) -> None:
        super().__init__(Wire(base_url, api_key, http_client=http_client, pause=pause))
        client = self._wire.client
        self._jobs = client.fine_tuning.jobs.with_raw_response
        self._checkpoints = client.fine_tuning.jobs.checkpoints.with_raw_response
        self._models = client.models.with_raw_response

    async def aclose(self) -> None:
        await self._wire.client.close()

    async def create_job(
        self, plan: Plan, *, training_file: str, validation_file: str | None, metadata: dict[str, str]
    ) -> BackendJob:
        # a plain dictionary: the SDK's type wants a grader, which a backend may do without
        method: Any = {"type": plan.method.value}
        if chosen := _chosen(plan.hyperparameters):
            method[plan.method.value] = {"hyperparameters": chosen}
        body = await self._wire.write(
            lambda: self._jobs.create(
                model=plan.base,
                training_file=training_file,
                validation_file=validation_file or omit,
                method=method,
                suffix=plan.suffix or omit,
                seed=omit if plan.seed is None else plan.seed,
                metadata=metadata,
            )
        )
        return job_record(body)

    async def find_jobs(self, metadata: dict[str, str], *, since: datetime) -> list[BackendJob]:
        try:
            return await self._jobs_since(since, metadata, limit=PAGE, metadata=metadata)
        except BackendRefused:
            return await self._jobs_since(since, metadata)

    async def job(self, backend_id: str) -> BackendJob:
        return job_record(await self._wire.read(lambda: self._jobs.retrieve(backend_id)))

    async def cancel_job(self, backend_id: str) -> BackendJob:
        return job_record(await self._wire.write(lambda: self._jobs.cancel(backend_id)))

    async def events(self, backend_id: str, known: frozenset[str]) -> list[Event]:
        found: list[Event] = []
        upwards = False
        pages = self._wire.pages(
            lambda after: self._jobs.list_events(backend_id, after=after or omit, limit=PAGE)
        )
        async for page in pages:
            events = [event_record(entry) for entry in page]
            found += [event for event in events if event.id not in known]
            upwards = upwards or events[0].created_at < events[-1].created_at
            if not upwards and known.issuperset(event.id for event in events):
                break
        # OpenAI lists newest first; within a second only the list's order tells which came first
        return sorted(found if upwards else found[::-1], key=lambda event: event.created_at)

    async def checkpoints(self, backend_id: str) -> list[Checkpoint]:
        pages = self._wire.pages(lambda after: self._checkpoints.list(backend_id, after=after or omit))
        try:
            found = [checkpoint_record(entry) async for page in pages for entry in page]
        except BackendNotFound:
            return []
        return sorted(found, key=lambda checkpoint: (checkpoint.step, checkpoint.created_at))

    async def models(self) -> list[BackendModel]:
        return [model_record(entry) for entry in listed(await self._wire.read(self._models.list))]

    async def delete_model(self, model: str) -> None:
        try:
            gone(await self._wire.write(lambda: self._models.delete(model)))
        except BackendNotFound:
            return

    def answer(self, model: str, question: str, *, system: str | None) -> AsyncIterator[Delta]:
        return answer(self._wire, model, question, system)

    async def _jobs_since(self, since: datetime, wanted: dict[str, str], **query: Any) -> list[BackendJob]:
        found: list[BackendJob] = []
        horizon = since - SKEW
        pages = self._wire.pages(lambda after: self._jobs.list(after=after or omit, **query))
        async for page in pages:
            jobs = [job_record(entry) for entry in page]
            times = [job.created_at or datetime.now(UTC) for job in jobs]
            found += [
                job for job, time in zip(jobs, times, strict=True) if time >= horizon and _has(job, wanted)
            ]
            if times[0] >= times[-1] and max(times) < horizon:
                break
        return found


def _chosen(hyperparameters: Hyperparameters) -> dict[str, float]:
    """What the person chose; the rest is left to the backend."""
    values = {
        "n_epochs": hyperparameters.n_epochs,
        "batch_size": hyperparameters.batch_size,
        "learning_rate_multiplier": hyperparameters.learning_rate_multiplier,
        "beta": hyperparameters.beta,
    }
    return {name: value for name, value in values.items() if value is not None}


def _has(job: BackendJob, wanted: dict[str, str]) -> bool:
    return wanted.items() <= job.metadata.items()
