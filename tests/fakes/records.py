"""Records for tests: a builder for each, with all that matters as an argument, and a clock to turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tuning.datasets.report import Report, Span, TokenStats, TurnStats
from tuning.records import (
    Ask,
    Dataset,
    Drop,
    DropState,
    Job,
    Model,
    Plan,
    Status,
    Update,
    Upload,
    UploadState,
    Version,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that moves only when told."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def sha256_of(number: int) -> str:
    return f"{number:064x}"


def make_report(**more: Any) -> Report:
    values: dict[str, Any] = {
        "schema": 1,
        "format": "supervised",
        "rows": 3,
        "ok": True,
        "errors": 0,
        "warnings": 0,
        "findings": (),
        "codes": {},
        "tokens": TokenStats("o200k_base", 65536),
        "assistant_tokens": TurnStats(),
        "messages_per_example": Span(2, 3),
        "missing_system": 0,
        "missing_user": 0,
        "over_limit": 0,
        "epochs": 3,
        "billable_tokens": 0,
        "charged_tokens": 0,
        "prices": (),
        "sha256": sha256_of(1),
        "bytes": 100,
    }
    return Report(**(values | more))


def make_drop(number: int = 1, workspace: str = "T1", **more: Any) -> Drop:
    drop = Drop(
        f"drop_{workspace}_{number}", workspace, "C1", f"F{number}", "U1", None, DropState.received, NOON
    )
    return replace(drop, **more)


def make_dataset(number: int = 1, workspace: str = "T1", *, sha256: str = "", **more: Any) -> Dataset:
    ident = f"ds_{workspace}_{number}"
    version = make_version(ident, 1, sha256=sha256 or sha256_of(number))
    return replace(Dataset(ident, workspace, f"news-{number}", "U1", NOON, (version,)), **more)


def make_version(dataset_id: str, number: int = 1, *, sha256: str = "", **more: Any) -> Version:
    version = Version(
        f"ver_{dataset_id}_{number}",
        dataset_id,
        number,
        sha256 or sha256_of(number),
        100,
        make_report(),
        "U1",
        NOON,
    )
    return replace(version, **more)


def make_plan(number: int = 1, workspace: str = "T1", **more: Any) -> Plan:
    plan = Plan(f"ft_{workspace}_{number}", workspace, "U1", "C1", "ds_1", "news", "ver_1", "gpt-4.1-nano")
    return replace(plan, **more)


def make_job(number: int = 1, workspace: str = "T1", **more: Any) -> Job:
    plan = more.pop("plan", None) or make_plan(number, workspace)
    return replace(Job(plan.id, workspace, "U1", "C1", plan, Status.uploading, NOON), **more)


def make_model(number: int = 1, workspace: str = "T1", **more: Any) -> Model:
    ident = f"ft:gpt-4.1-nano:acme:news:{number}"
    return replace(Model(ident, workspace, "U1", "ft_1", "gpt-4.1-nano", NOON), **more)


def make_upload(number: int = 1, workspace: str = "T1", **more: Any) -> Upload:
    upload = Upload(workspace, sha256_of(number), f"news-{number}.jsonl", UploadState.uploading)
    return replace(upload, **more)


def make_ask(number: int = 1, workspace: str = "T1", **more: Any) -> Ask:
    return replace(Ask(f"ask_{workspace}_{number}", workspace, "U1", "C1", "ft:m", "why?", NOON), **more)


def make_update(ident: str, **more: Any) -> Update:
    return replace(Update(ident, "T1", "C1", "milestone", "ft_1", NOON), **more)
