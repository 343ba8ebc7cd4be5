"""What handlers may use: the use cases, by the names under which Bolt injects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from slack_bolt.async_app import AsyncBoltContext

from tuning.ask import Asking
from tuning.catalog import Catalog
from tuning.drops import Drops
from tuning.jobs import Jobs
from tuning.launch import Launcher
from tuning.models import Models
from tuning.planning import Planner
from tuning.poller import Poller
from tuning.ports import Clock, Store
from tuning.records import Person


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases; `nudge` tells the courier that there is something to send."""

    store: Store
    drops: Drops
    catalog: Catalog
    planner: Planner
    jobs: Jobs
    launcher: Launcher
    poller: Poller
    models: Models
    asking: Asking
    admins: frozenset[str]
    now: Clock
    nudge: Callable[[], None]

    def put_on(self, context: AsyncBoltContext) -> None:
        """Make each service injectable by its name, and who is acting as `person`."""
        for one in fields(self):
            context[one.name] = getattr(self, one.name)
        context["services"] = self
        context["person"] = person(context, self.admins)


def person(context: dict[str, Any], admins: frozenset[str]) -> Person:
    """Who acts. In an organisation-wide install the enterprise stands in for the team."""
    workspace = context.get("team_id") or context.get("enterprise_id") or ""
    user = context.get("user_id") or ""
    return Person(workspace, user, admin=user in admins)
