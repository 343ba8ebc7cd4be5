"""Values to render: ordinary ones, and ones that a hostile person, model or backend would send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tuning.datasets.progress import Progress as CheckProgress
from tuning.datasets.report import Finding, Price, Report, Span, TokenStats, TurnStats
from tuning.records import (
    Ask,
    Correction,
    Dataset,
    Diff,
    Drop,
    DropState,
    Estimate,
    Event,
    Hyperparameters,
    Job,
    Method,
    Model,
    Offer,
    Overlap,
    Plan,
    Progress,
    Remedy,
    RemedyKind,
    Status,
    Version,
    Waiting,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MODEL = "ft:gpt-4o-mini-2024-07-18:acme:news:abc123"

#: The whole suite has minutes, not hours; and a busy machine must not make a test fail.
thrifty = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

NASTY = [
    "<!channel>",
    "<@U0HACKER>",
    "<https://evil.com|click>",
    "[click](https://evil.com)",
    "www.evil.com",
    "mailto:a@evil.com",
    "@here",
    "`",
    "```",
    "*_~",
    "&lt;!here&gt;",
    "&amp",
    "\u202e",
    "\ud800",
    "\udc00",
    "\x00",
    "\r\n",
    "\n> ",
    "😀",
    "](",
    "\\",
    ":",
    "//",
    "http",
    " ",
]
#: Short texts made of the worst pieces, sometimes blown up beyond any limit.
hostile = st.builds(
    lambda pieces, times: "".join(pieces) * times,
    st.lists(st.sampled_from(NASTY) | st.text(max_size=5), max_size=8),
    st.sampled_from([1, 1, 1, 200]),
)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
numbers = st.none() | st.integers(-5, 2**40)
reals = st.none() | st.floats()


def plan(**changes: Any) -> Plan:
    usual = Plan(
        id="pl1",
        workspace="T1",
        owner="U1ANNA",
        channel="C1",
        dataset_id="ds1",
        dataset_name="news_train",
        version_id="v1",
        base="gpt-4o-mini-2024-07-18",
        estimate=Estimate(12_345, 0.04, 0.15),
    )
    return replace(usual, **changes)


def job(**changes: Any) -> Job:
    usual = Job(
        id="pl1",
        workspace="T1",
        owner="U1ANNA",
        channel="C1",
        plan=plan(),
        status="running",
        created_at=NOW,
        backend_id="ftjob-abc",
        started_at=NOW,
        progress=Progress(60, 100, 0.5321, 0.6, 0.81, (2.0, 1.5, 1.0, 0.53)),
        estimated_finish=NOW + timedelta(minutes=4),
        last_message="Step 60/100",
    )
    return replace(usual, **changes)


def model(**changes: Any) -> Model:
    return replace(Model(MODEL, "T1", "U1ANNA", "pl1", "gpt-4o-mini-2024-07-18", NOW), **changes)


def ask(**changes: Any) -> Ask:
    usual = Ask("a1", "T1", "U2BEN", "C1", MODEL, "What is it?", NOW, "Sports", 1200, 3, 0.0004)
    return replace(usual, **changes)


def report(**changes: Any) -> Report:
    usual = Report(
        schema=1,
        format="supervised",
        rows=120,
        ok=True,
        errors=0,
        warnings=0,
        findings=(),
        codes={},
        tokens=TokenStats("o200k_base", 65536, total=6000, min=30, median=48.0, max=120),
        assistant_tokens=TurnStats(),
        messages_per_example=Span(2, 3),
        missing_system=0,
        missing_user=0,
        over_limit=0,
        epochs=3,
        billable_tokens=18_000,
        charged_tokens=6000,
        prices=(Price("gpt-4o-mini-2024-07-18", 0.02, 0.07, 0.05),),
        sha256="0" * 64,
        bytes=24_000,
    )
    return msgspec.structs.replace(usual, **changes)


def finding(**changes: Any) -> Finding:
    usual = Finding(
        "unrecognized_role", "error", 12, "messages[0].role", "The role is `bot`. Use `assistant`."
    )
    return msgspec.structs.replace(usual, **changes)


def dataset(**changes: Any) -> Dataset:
    version = Version("v1", "ds1", 1, "0" * 64, 24_000, changes.pop("report", report()), "U1ANNA", NOW)
    return replace(Dataset("ds1", "T1", "news_train", "U1ANNA", NOW, (version,)), **changes)


def drop(**changes: Any) -> Drop:
    usual = Drop(
        id="dr1",
        workspace="T1",
        channel="C1",
        file_id="F1",
        user="U1ANNA",
        thread_ts="1.2",
        state=DropState.kept,
        created_at=NOW,
        filename="news_train.jsonl",
        size=24_000,
        dataset_id="ds1",
        version_id="v1",
        report=report(),
    )
    return replace(usual, **changes)


curves = st.lists(st.floats(), max_size=5).map(tuple)
hostile_plans = st.builds(
    Plan,
    id=hostile,
    workspace=st.just("T1"),
    owner=hostile,
    channel=st.just("C1"),
    dataset_id=hostile,
    dataset_name=hostile,
    version_id=hostile,
    base=hostile,
    method=st.sampled_from(Method),
    suffix=st.none() | hostile,
    seed=numbers,
    hyperparameters=st.builds(Hyperparameters, numbers, numbers, reals, reals),
    validation_name=st.none() | hostile,
    estimate=st.builds(Estimate, st.integers(0, 2**50), reals, reals),
    overlap=st.none()
    | st.builds(
        Overlap,
        st.integers(0, 2**40),
        st.integers(0, 2**40),
        st.lists(st.tuples(st.integers(0, 2**40), hostile), max_size=3).map(tuple),
        st.booleans(),
    ),
)
hostile_jobs = st.builds(
    Job,
    id=hostile,
    workspace=st.just("T1"),
    owner=hostile,
    channel=st.just("C1"),
    plan=hostile_plans,
    status=st.sampled_from([str(status) for status in Status]) | hostile,
    created_at=moments,
    backend_id=st.none() | hostile,
    cancel_requested_by=st.none() | hostile,
    started_at=st.none() | moments,
    finished_at=st.none() | moments,
    estimated_finish=st.none() | moments,
    model=st.none() | hostile,
    trained_tokens=numbers,
    error_code=st.none() | hostile,
    error_message=st.none() | hostile,
    progress=st.builds(Progress, numbers, numbers, reals, reals, reals, curves, numbers, numbers),
    last_message=hostile,
    trouble=hostile,
)
hostile_models = st.builds(Model, hostile, st.just("T1"), hostile, hostile, hostile, moments)
hostile_events = st.builds(Event, hostile, moments, hostile, hostile, hostile)
hostile_asks = st.builds(
    Ask,
    hostile,
    st.just("T1"),
    hostile,
    st.just("C1"),
    hostile,
    hostile,
    moments,
    hostile,
    numbers,
    numbers,
    reals,
)
hostile_findings = st.builds(
    Finding,
    hostile,
    st.sampled_from(["error", "warning"]),
    st.none() | st.integers(1, 2**40),
    hostile,
    hostile,
)
hostile_progress = st.builds(
    CheckProgress,
    bytes=st.integers(0, 2**60),
    total=st.integers(0, 2**60),
    rows=st.integers(0, 2**40),
    errors=st.integers(0, 2**40),
    warnings=st.integers(0, 2**40),
    codes=st.dictionaries(hostile, st.integers(0, 2**40), max_size=5),
    findings=st.lists(hostile_findings, max_size=30).map(tuple),
    seconds=st.floats(0, 1e6),
)
hostile_reports = st.builds(
    report,
    format=st.sampled_from(["supervised", "dpo", "reinforcement", "unknown"]),
    findings=st.lists(hostile_findings, max_size=12).map(tuple),
    errors=st.integers(0, 2**40),
    warnings=st.integers(0, 2**40),
    partial=st.booleans(),
    checked_bytes=st.none() | st.integers(0, 2**60),
    prices=st.lists(st.builds(Price, hostile, st.floats(), st.floats(), st.floats()), max_size=10).map(tuple),
    labels=st.none() | st.dictionaries(hostile, st.integers(1, 2**40), max_size=10),
    looks_like=st.none() | hostile,
)
hostile_datasets = st.builds(
    dataset, id=hostile, name=hostile, owner=hostile, created_at=moments, report=hostile_reports
)
hostile_remedies = st.builds(
    Remedy,
    st.sampled_from(RemedyKind),
    hostile,
    moments,
    codes=st.dictionaries(hostile, st.integers(1, 2**40), max_size=10),
    user=hostile,
    assistant=hostile,
    system=hostile,
    rows=st.integers(0, 2**40),
    skipped=st.integers(0, 2**40),
)
hostile_offers = st.builds(
    Offer,
    hostile,
    columns=st.lists(hostile, max_size=40).map(tuple),
    preview=st.lists(hostile, max_size=3).map(tuple),
    trouble=hostile,
)
hostile_counts = st.dictionaries(hostile, st.integers(0, 10**9), max_size=9)
hostile_corrections = st.builds(
    Correction,
    drop_id=st.just("drop_1"),
    filename=hostile,
    before=hostile_counts,
    after=hostile_counts,
    diff=st.none() | st.builds(Diff, *[st.integers(0, 10**9)] * 3),
    whole=st.booleans(),
    edited=st.booleans(),
)
hostile_drops = st.builds(
    drop,
    state=st.sampled_from(DropState),
    user=hostile,
    filename=hostile,
    size=st.integers(0, 2**60),
    dataset_id=st.none() | hostile,
    known=st.booleans(),
    problem=hostile,
    report=st.none() | hostile_reports,
    sha256=st.sampled_from(["", "0" * 64]),
    remedy=st.none() | hostile_remedies,
    offer=st.none() | hostile_offers,
    seen=st.none() | hostile_progress,
    stopped_by=st.just("") | hostile,
    corrects=st.none() | hostile_corrections,
    corrected_by=st.just("") | hostile,
    waiting=st.none() | st.builds(Waiting, ahead=st.integers(0, 99), after=hostile),
)
