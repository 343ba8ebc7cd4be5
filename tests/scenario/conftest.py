"""Scenario tests play on a stage: see tests/fakes/stage.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.databases import postgres_server
from tests.fakes.kill_world import dataset, nursery
from tests.fakes.stage import Stage, open_stage

__all__ = ["dataset", "nursery", "postgres_server"]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened
