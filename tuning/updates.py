"""What a job's thread is owed: the card that is edited in place, and the replies beneath it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tuning.ids import request_id
from tuning.ports import Transaction
from tuning.records import Drop, Job, Update

JOB_CARD = "job_card"
MILESTONE = "milestone"
NOTICE = "notice"
DROP_CARD = "drop_card"


def card_id(job_id: str) -> str:
    return request_id("upd", JOB_CARD, job_id)


def job_card(job: Job) -> Update:
    """The message that a job's thread hangs on."""
    return Update(
        id=card_id(job.id),
        workspace=job.workspace,
        channel=job.channel,
        kind=JOB_CARD,
        subject=job.id,
        created_at=job.created_at,
        recipient=job.owner,
    )


def milestone(job: Job, kind: str, now: datetime, *, key: str = "", **payload: Any) -> Update:
    """A reply in the job's thread, told once for each kind and key."""
    told = {
        "kind": kind,
        "job_id": job.shown_id,
        "owner": job.owner,
        "dataset": job.plan.trains_on,
        "base": job.plan.base,
        **{name: value for name, value in payload.items() if value is not None},
    }
    return Update(
        id=request_id("upd", MILESTONE, job.id, kind, key),
        workspace=job.workspace,
        channel=job.channel,
        kind=MILESTONE,
        subject=job.id,
        created_at=now,
        payload=told,
        parent=card_id(job.id),
        recipient=job.owner,
    )


async def tell_drop(tx: Transaction, drop: Drop) -> None:
    """Owe the drop's card to its thread, or its next revision when it is owed already."""
    if await tx.updates.card(DROP_CARD, drop.id):
        await tx.updates.revise(DROP_CARD, drop.id)
        return
    await tx.updates.add(
        Update(
            id=request_id("upd", DROP_CARD, drop.id),
            workspace=drop.workspace,
            channel=drop.channel,
            kind=DROP_CARD,
            subject=drop.id,
            created_at=drop.created_at,
            thread_ts=drop.thread_ts,
            recipient=drop.user,
        )
    )


def notice(
    kind: str, workspace: str, channel: str, now: datetime, *, key: str, by: str, **payload: Any
) -> Update:
    """One line in a channel about what somebody did, told once for each kind and key."""
    return Update(
        id=request_id("upd", NOTICE, workspace, kind, key),
        workspace=workspace,
        channel=channel,
        kind=NOTICE,
        subject=key,
        created_at=now,
        payload={"kind": kind, "by": by, **payload},
        recipient=by,
    )


async def tell(tx: Transaction, job: Job, milestones: list[Update]) -> None:
    """Save a job with everything that its thread is owed for it, in the caller's transaction."""
    await tx.jobs.save(job)
    await tx.updates.revise(JOB_CARD, job.id)
    for update in milestones:
        await tx.updates.add(update)
