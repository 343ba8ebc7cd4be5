"""Fixtures of the suites that hold storage to the domain's ports and the sandbox to Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from storage import SqlStore, open_store
from tests.fakes.databases import database_url, empty_database_url, migrated_sqlite, postgres_server
from tests.fakes.slack_apps import web_client
from tests.fakes.slack_workspace import SlackWorkspace, open_workspace

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


@pytest.fixture
async def workspace() -> AsyncIterator[SlackWorkspace]:
    """A sandbox as it starts by itself; suites that order it otherwise have their own."""
    async with open_workspace() as started:
        yield started


@pytest.fixture
def client(workspace: SlackWorkspace) -> AsyncWebClient:
    """Slack's own client, with the bot's token."""
    return web_client(workspace)
