"""Records come back from both databases exactly as they went in, whatever people and backends write."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import SqlStore
from storage.types import storable
from tests.fakes.records import make_dataset, make_drop, make_job, make_report, make_update
from tuning.datasets.progress import Progress
from tuning.datasets.report import Finding, Report
from tuning.records import Ask, Checkpoint, Drop, Event, Job, Model, Plan, SplitAsked, Update, Upload, Version

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
moment = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
whole = st.integers(-(2**63), 2**63 - 1)
real = st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | whole | real | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
report = st.builds(make_report, rows=st.integers(0, 10**6), system_prompt=st.none() | text)

words = st.text(max_size=5)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: text,
    int: whole,
    float: real,
    bool: st.booleans(),
    type(None): st.none(),
    datetime: moment,
    Report: st.builds(make_report, rows=st.integers(0, 10**6), system_prompt=st.none() | text),
    dict[str, Any]: st.dictionaries(words, anything, max_size=3),
    dict[str, float]: st.dictionaries(words, real, max_size=3),
    dict[str, int]: st.dictionaries(words, whole, max_size=3),
    dict[str, tuple[int, ...]]: st.dictionaries(words, st.lists(whole, max_size=3).map(tuple), max_size=3),
    Progress: st.builds(
        Progress,
        bytes=whole,
        total=whole,
        rows=whole,
        errors=whole,
        warnings=whole,
        codes=st.dictionaries(words, whole, max_size=3),
        findings=st.just(()) | st.just((Finding("bad_json", "error", 1, "", "no JSON", 0),)),
        seconds=real,
    ),
}


def strategy_for(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type; not `from_type`, whose settings would reach other tests."""
    if kind in LEAVES:
        return LEAVES[kind]
    if get_origin(kind) is tuple:
        inner = [strategy_for(one) for one in get_args(kind) if one is not Ellipsis]
        return st.lists(inner[0], max_size=3).map(tuple) if Ellipsis in get_args(kind) else st.tuples(*inner)
    if isinstance(kind, UnionType):
        return st.one_of(*(strategy_for(choice) for choice in get_args(kind)))
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: strategy_for(hint) for name, hint in hints.items()})


RECORDS = (Drop, Version, Job, Event, Checkpoint, Model, SplitAsked, Upload, Ask, Update)


async def round_trip(tx: Any, record: Any) -> Any:
    """Store a record in an empty database and read it again."""
    match record:
        case Drop():
            await tx.drops.add(record)
            return await tx.drops.get(record.id)
        case Job():
            await tx.jobs.add(record)
            return await tx.jobs.get(record.id)
        case Event():
            await tx.jobs.add(make_job())
            await tx.jobs.add_events("ft_T1_1", [record])
            return (await tx.jobs.events("ft_T1_1"))[0]
        case Checkpoint():
            await tx.jobs.add(make_job())
            await tx.jobs.add_checkpoints("ft_T1_1", [record])
            return (await tx.jobs.checkpoints("ft_T1_1"))[0]
        case Model():
            await tx.models.add(record)
            return await tx.models.get(record.workspace, record.id)
        case Upload():
            await tx.uploads.save(record)
            return await tx.uploads.get(record.workspace, record.sha256)
        case Ask():
            await tx.asks.add(record)
            return (await tx.asks.list(record.workspace))[0]
        case Update():
            await tx.updates.add(record)
            return replace(await tx.updates.get(record.id), seq=record.seq)
        case SplitAsked():
            await tx.splits.add(record)
            (back,) = await tx.splits.all()
            await tx.splits.remove(record)
            assert not await tx.splits.all()
            return back
        case Version():
            return await version_round_trip(tx, record)
    raise AssertionError(record)


async def version_round_trip(tx: Any, version: Version) -> Any:
    await tx.datasets.add(make_dataset(versions=(), id=version.dataset_id))
    await tx.datasets.add_version(version)
    return await tx.datasets.version("T1", version.id)


class Undo(Exception):
    """Rolls an example back."""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(record=st.one_of(*map(strategy_for, RECORDS)))
async def test_a_record_comes_back_as_it_went_in(store: SqlStore, record: Any) -> None:
    async def once() -> None:
        async with store.begin() as tx:
            back = await round_trip(tx, record)
            assert back == record
            assert types(back) == types(record)
            raise Undo

    with pytest.raises(Undo):
        await once()


def types(record: Any) -> list[tuple[type, Any]]:
    """The fields' types: an enumeration or a time zone must come back, not just something equal to it."""
    values = [getattr(record, name) for name in type(record).__dataclass_fields__]
    return [
        (type(value) if isinstance(value, Enum | datetime | tuple | Report | Plan) else object, tz(value))
        for value in values
    ]


def tz(value: Any) -> Any:
    return value.tzinfo if isinstance(value, datetime) else None


async def test_a_diverged_trainings_numbers_come_back(store: SqlStore) -> None:
    job = make_job()
    job = replace(job, progress=replace(job.progress, train_loss=math.nan, losses=(1.0, math.inf, math.nan)))
    async with store.begin() as tx:
        await tx.jobs.add(job)
        assert (back := await tx.jobs.get(job.id))
    assert math.isnan(back.progress.train_loss or 0)
    assert back.progress.losses[:2] == (1.0, math.inf)
    assert math.isnan(back.progress.losses[2])


async def test_text_that_no_database_takes_is_stored_all_the_same(store: SqlStore) -> None:
    async with store.begin() as tx:
        await tx.drops.add(make_drop(filename="a\0b\ud800c", problem="fine \U0001f600"))
        await tx.updates.add(make_update("u", payload={"text": "a\0b\ud800c"}))
        assert (drop := await tx.drops.get("drop_T1_1"))
        assert (update := await tx.updates.get("u"))
    assert drop.filename == "a�b�c"
    assert drop.problem == "fine \U0001f600"
    assert update.payload == {"text": "a\0b\ud800c"}


@given(st.text())
def test_storable_text_is_stored_unchanged_and_any_text_becomes_storable(value: str) -> None:
    clean = storable(value)
    clean.encode()
    assert "\0" not in clean
    assert storable(clean) == clean
    if "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value):
        assert clean == value
