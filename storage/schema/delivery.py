"""The tables of what is owed to a channel, what was done once, and who works on what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint

from storage.schema.columns import key, maybe, metadata, needed
from storage.types import Choice, Moment, Nested, Whole, Words
from tuning.records import UpdateState

updates = Table(
    "updates",
    metadata,
    key("id"),
    needed("workspace", Words),
    needed("channel", Words),
    needed("kind", Words),
    needed("subject", Words),
    needed("created_at", Moment),
    needed("payload", Nested(dict[str, Any])),
    maybe("thread_ts", Words),
    maybe("parent", Words),
    maybe("recipient", Words),
    needed("state", Choice(UpdateState)),
    maybe("ts", Words),
    needed("revision", Whole),
    needed("shown", Whole),
    needed("attempts", Whole),
    maybe("not_before", Moment),
    needed("seq", Whole),
    #: A card's place in the queue for being edited; null while the message shows its newest revision.
    maybe("waiting", Whole),
    UniqueConstraint("seq"),
    Index(None, "state", "workspace", "channel", "seq"),
    Index(None, "subject", "kind"),
    Index(None, "waiting"),
)
deeds = Table(
    "deeds",
    metadata,
    key("workspace"),
    key("key"),
    needed("seen_at", Moment),
    Index(None, "seen_at"),
)
leases = Table(
    "leases",
    metadata,
    key("name"),
    needed("holder", Words),
    needed("until", Moment),
)
