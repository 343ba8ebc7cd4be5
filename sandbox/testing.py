"""A pytest plugin: the fixture `slack_workspace` starts a sandbox in the test's own process.

Use it with `pytest_plugins = ["sandbox.testing"]`, or import the fixture.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from .client import Control, Person
from .server import Sandbox


@dataclass
class SlackWorkspace:
    """A running sandbox with people to act as and the values to configure an app with."""

    sandbox: Sandbox
    control: Control

    @property
    def api_url(self) -> str:
        return self.sandbox.api_url

    @property
    def bot_token(self) -> str:
        return self.sandbox.credentials.bot_token

    @property
    def app_token(self) -> str:
        return self.sandbox.credentials.app_token

    @property
    def signing_secret(self) -> str:
        return self.sandbox.credentials.signing_secret

    def person(self, name: str) -> Person:
        return self.control.person(name)

    @property
    def ana(self) -> Person:
        return self.person("ana")

    @property
    def ben(self) -> Person:
        return self.person("ben")

    @property
    def admin(self) -> Person:
        return self.person("admin")


@pytest_asyncio.fixture
async def slack_workspace() -> AsyncIterator[SlackWorkspace]:
    """A workspace without a manifest, on a free port of loopback."""
    async with Sandbox() as sandbox, Control(sandbox.url) as control:
        yield SlackWorkspace(sandbox, control)
