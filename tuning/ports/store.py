"""The database: its transactions over all repositories, and who works on what."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tuning.ports.datasets import Datasets, Drops, Overlaps, Splits, Uploads
from tuning.ports.delivery import Deeds, Updates
from tuning.ports.jobs import Asks, Jobs, Models


class Transaction(Protocol):
    """All repositories over one database transaction."""

    @property
    def drops(self) -> Drops: ...
    @property
    def datasets(self) -> Datasets: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def models(self) -> Models: ...
    @property
    def splits(self) -> Splits: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def overlaps(self) -> Overlaps: ...
    @property
    def asks(self) -> Asks: ...
    @property
    def updates(self) -> Updates: ...
    @property
    def deeds(self) -> Deeds: ...


class Store(Protocol):
    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        ...

    async def ping(self) -> None:
        """Raises when the database doesn't answer."""
        ...


class Leases(Protocol):
    """Who works on what, across processes. A lease is held by this process and ends with it."""

    async def acquire(self, name: str) -> bool:
        """True when nobody holds it, in this process either; who died on this machine holds nothing."""
        ...

    async def release(self, name: str) -> None: ...

    async def renew(self) -> None:
        """Extend all leases that this process holds; the schedule calls it."""
        ...
