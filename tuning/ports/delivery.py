"""Repositories of what is owed to a channel, and of what was done once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tuning.records import Update


class Updates(Protocol):
    async def add(self, update: Update) -> None:
        """Owe a message; one that is on record already stays as it is."""
        ...

    async def get(self, update_id: str) -> Update | None: ...

    async def save(self, update: Update) -> None:
        """Overwrite; `seq` stays, and a revision never goes back."""
        ...

    async def card(self, kind: str, subject: str) -> Update | None: ...

    async def revise(self, kind: str, subject: str) -> None:
        """Count up the revision of the subject's card, if it has one."""
        ...

    async def open_channels(self, now: datetime) -> Sequence[tuple[str, str]]:
        """(workspace, channel) pairs with an update that is due: to post, or to edit."""
        ...

    async def next_in(self, workspace: str, channel: str, now: datetime) -> Update | None:
        """The first update to post in this channel by `seq`, else the longest waiting card to edit.

        None when nothing is due, or when the first one to post must wait (`not_before`).
        An update whose parent is neither sent nor dead waits for it.
        """
        ...


class Deeds(Protocol):
    """What was done once and must not be done again (a command, a click, an event)."""

    async def first(self, workspace: str, key: str, now: datetime) -> bool:
        """True the first time that this key is seen in the workspace."""
        ...

    async def forget_before(self, moment: datetime) -> None: ...
