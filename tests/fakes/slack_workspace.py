"""A Slack workspace for tests: the sandbox, started in the test's process on a free port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.client import Control
from sandbox.server import Sandbox
from sandbox.testing import SlackWorkspace, slack_workspace

__all__ = ["Clock", "SlackWorkspace", "open_workspace", "project_manifest", "slack_workspace"]

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """The workspace's time in seconds since 1970; it moves only when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def open_workspace(**options: Any) -> AsyncIterator[SlackWorkspace]:
    """A workspace with the Sandbox's own options: manifest, request_url, rate_limits, retry_delays, clock."""
    async with Sandbox(**options) as sandbox, Control(sandbox.url) as control:
        yield SlackWorkspace(sandbox, control)


@pytest.fixture
def project_manifest() -> dict[str, Any]:
    """This project's manifest.yml."""
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
    return manifest
