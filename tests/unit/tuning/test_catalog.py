"""Bases and models by the names that people type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateways.openai_backend import OpenAIBackend
from storage import SqlStore, migrate, open_store
from tests.fakes.backend import FakeBackend
from tests.fakes.backend_faces import Request
from tests.fakes.records import Clock, make_dataset, make_model, make_report, make_version
from tuning import pricing
from tuning.catalog import Catalog
from tuning.errors import Ambiguous, BackendDown, BackendUnreachable, Invalid, NotFound
from tuning.planning import Planner, TrainRequest, estimate
from tuning.records import Dataset, Person

MINI = "gpt-4o-mini-2024-07-18"
ANA = Person("T1", "U1")
CLOCK = Clock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'ft.db'}"
    await migrate(url)
    opened = open_store(url)
    yield opened
    await opened.close()


@pytest.fixture
def fake() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(store: SqlStore, fake: FakeBackend, clock: Clock) -> Catalog:
    backend = OpenAIBackend("http://x.test/v1", fake.key, http_client=fake.client(), pause=0)
    return Catalog(store, backend, clock)


async def test_bases_are_the_backends_own_cheapest_first_and_read_once_a_minute(
    catalog: Catalog, fake: FakeBackend, clock: Clock
) -> None:
    fake.models["ft:gpt:other:x:1"] = {"id": "ft:gpt:other:x:1", "object": "model"}
    for _ in range(5):
        assert await catalog.bases() == [MINI, "gpt-4.1-mini-2025-04-14"]
    assert fake.count("GET /models") == 1
    clock.move(61)
    await catalog.bases()
    assert fake.count("GET /models") == 2


async def test_a_backend_of_another_kind_offers_all_that_it_has_not_tuned(store: SqlStore) -> None:
    fake = FakeBackend(bases=("tiny-chat", "big-chat"))
    fake.models["ft:tiny-chat:local:x:1"] = {"id": "ft:tiny-chat:local:x:1", "object": "model"}
    backend = OpenAIBackend("http://x.test/v1", fake.key, http_client=fake.client(), pause=0)
    catalog = Catalog(store, backend, CLOCK)
    assert await catalog.bases() == ["big-chat", "tiny-chat"]
    assert await catalog.base("T1", "tiny") == "tiny-chat"
    fake.models["tiny-b"] = {"id": "tiny-b", "object": "model"}
    with pytest.raises(Ambiguous):
        await Catalog(store, backend, CLOCK).base("T1", "tiny")


async def test_a_base_goes_by_its_short_name_too_and_by_any_that_the_backend_lists(
    store: SqlStore,
) -> None:
    fake = FakeBackend(bases=(MINI, "gpt-4.1-2025-04-14", "gpt-4.1-mini-2025-04-14", "own-chat"))
    backend = OpenAIBackend("http://x.test/v1", fake.key, http_client=fake.client(), pause=0)
    catalog = Catalog(store, backend, CLOCK)
    assert await catalog.base("T1", "gpt-4.1") == "gpt-4.1-2025-04-14"
    assert await catalog.base("T1", "own-chat") == "own-chat"
    with pytest.raises(Ambiguous):
        await catalog.base("T1", "gpt-4.1-")


async def test_a_backend_in_trouble_is_left_in_peace_and_a_name_is_taken_as_it_is(
    catalog: Catalog, fake: FakeBackend, clock: Clock
) -> None:
    fake.fail_next("GET /models", times=9, status=500)
    assert MINI in await catalog.bases()
    asked = fake.count("GET /models")
    assert await catalog.base("T1", "tiny-chat") == "tiny-chat"
    with pytest.raises(BackendDown):
        await catalog.base("T1", "")
    assert fake.count("GET /models") == asked
    fake._faults.clear()
    clock.move(6)
    assert await catalog.base("T1", "") == MINI


async def test_nobody_waits_for_a_slow_backend_and_its_list_serves_the_next(
    catalog: Catalog, fake: FakeBackend
) -> None:
    gate = asyncio.Event()

    async def slow(request: Request) -> None:
        await gate.wait()

    fake.before["GET /models"] = slow
    catalog.patience = 0.01
    assert MINI in await catalog.bases()
    with pytest.raises(BackendUnreachable):
        await catalog.base("T1", "")
    gate.set()
    catalog.patience = 5
    assert await catalog.base("T1", "") == MINI
    assert fake.count("GET /models") == 1


async def test_a_tuned_base_must_be_a_model_of_the_workspace_whatever_the_backend_lists(
    store: SqlStore, clock: Clock
) -> None:
    fake = FakeBackend(bases=())
    backend = OpenAIBackend("http://x.test/v1", fake.key, http_client=fake.client(), pause=0)
    catalog = Catalog(store, backend, clock)
    model = make_model(1)
    async with store.begin() as tx:
        await tx.models.add(model)
    assert await catalog.base("T1", model.id) == model.id
    with pytest.raises(NotFound):
        await catalog.base("T2", model.id)
    with pytest.raises(NotFound, match="no base model"):
        await catalog.base("T1", "")


async def test_a_model_goes_by_its_beginning_its_suffix_or_its_id(store: SqlStore, catalog: Catalog) -> None:
    one = make_model(1, id="ft:gpt-4.1:acme:news:aaa")
    two = make_model(2, id="ft:gpt-4.1:acme:mood:bbb")
    async with store.begin() as tx:
        await tx.models.add(one)
        await tx.models.add(two)
    for ref in (one.id, "news", "AAA", "ft:gpt-4.1:acme:n"):
        assert (await catalog.model("T1", ref)).id == one.id
    for ref in ("gpt-4.1", "acme", "", "ft"):
        with pytest.raises((NotFound, Ambiguous)):
            await catalog.model("T1", ref)
    with pytest.raises(NotFound):
        await catalog.model("T2", one.id)


async def test_a_plan_is_priced_for_its_base_and_epochs(store: SqlStore, catalog: Catalog) -> None:
    dataset = _dataset(billable_tokens=1_000_000, epochs=3)
    async with store.begin() as tx:
        await tx.datasets.add(dataset)
    planner, today = Planner(store, catalog), CLOCK().date()
    asked = TrainRequest(dataset="news-1", base=MINI, n_epochs="2")
    plan = await planner.propose(ANA, "C1", "ftp_1", asked, today=today)
    assert plan.estimate.tokens == 2_000_000
    expected = pricing.estimate(MINI, 1_000_000, 2)
    assert expected is not None
    assert (plan.estimate.usd_low, plan.estimate.usd_high) == (expected.low, expected.high)
    free = estimate(dataset, MINI, None)
    assert free.tokens == 3_000_000
    assert free.usd_low is not None
    assert free.usd_high is not None
    assert free.usd_low < free.usd_high
    unknown = estimate(dataset, "tiny-chat", 1)
    assert (unknown.usd_low, unknown.usd_high) == (None, None)


async def test_every_wrong_value_is_named_at_once_and_a_base_that_was_shut_down_too(
    store: SqlStore, catalog: Catalog
) -> None:
    async with store.begin() as tx:
        await tx.datasets.add(_dataset())
    base = next(one for one in pricing.bases() if one.name == MINI)
    assert base.shutdown is not None
    wrong = TrainRequest(
        dataset="news-1", base=MINI, n_epochs="0", batch_size="x", learning_rate_multiplier="inf", seed="1.5"
    )
    with pytest.raises(Invalid) as refused:
        await Planner(store, catalog).propose(ANA, "C1", "ftp_1", wrong, today=base.shutdown)
    assert set(refused.value.fields) == {
        "base",
        "n_epochs",
        "batch_size",
        "learning_rate_multiplier",
        "seed",
    }
    assert "shut down" in refused.value.fields["base"]


def _dataset(**report: object) -> Dataset:
    ident = "ds_T1_1"
    version = make_version(ident, report=make_report(**report))
    return make_dataset(1, versions=(version,))
