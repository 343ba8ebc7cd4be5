"""Who does something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Who does something: a Slack user in a workspace."""

    workspace: str
    user: str
    admin: bool = False
