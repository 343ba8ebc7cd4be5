"""A backend gateway over the fake backend, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateways.openai_backend import OpenAIBackend
from tests.fakes.backend import FakeBackend


@pytest.fixture
def fake() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
async def backend(fake: FakeBackend) -> AsyncIterator[OpenAIBackend]:
    opened = OpenAIBackend("http://backend.test/v1", fake.key, http_client=fake.client(), pause=0)
    yield opened
    await opened.aclose()


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A small file to upload."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"messages": []}\n' * 10)
    return path
