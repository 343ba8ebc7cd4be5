"""What we owe to a channel: the messages that the courier sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class UpdateState(StrEnum):
    pending = "pending"
    sending = "sending"
    sent = "sent"
    dead = "dead"


@dataclass(frozen=True, slots=True)
class Update:
    """A message that we owe to a channel: stored with the state that it tells, sent by the courier.

    `kind` names the view that renders it. Cards (`job_card`, `drop_card`) are rendered from their
    subject's state when sent and edited in place while `revision` is above `shown`; other kinds
    are rendered from `payload` and sent once. `parent` is the update whose message is the thread's
    root; `thread_ts` is a root that was there before us.
    """

    id: str
    workspace: str
    channel: str
    kind: str
    subject: str
    created_at: datetime
    payload: dict[str, Any] = field(default_factory=dict)
    thread_ts: str | None = None
    parent: str | None = None
    #: Whom to tell directly when the channel can't be written to.
    recipient: str | None = None
    state: UpdateState = UpdateState.pending
    ts: str | None = None
    revision: int = 1
    shown: int = 0
    attempts: int = 0
    not_before: datetime | None = None
    #: Given by the store: updates are sent in this order within a channel.
    seq: int = 0
