"""Fixtures for the suites that hold storage to the domain's ports on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage import SqlStore, open_store
from tests.fakes.databases import database_url, empty_database_url, migrated_sqlite, postgres_server

__all__ = ["database_url", "empty_database_url", "migrated_sqlite", "postgres_server"]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    """A store over a migrated, empty database."""
    opened = open_store(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def other_store(database_url: str) -> AsyncIterator[SqlStore]:
    """A second store over the same database, as another process would have it."""
    opened = open_store(database_url)
    yield opened
    await opened.close()
