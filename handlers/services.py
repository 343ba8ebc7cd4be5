"""What handlers may use: the use cases, by the names under which Bolt injects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from slack_bolt.async_app import AsyncBoltContext

from tuning.ask import Asking
from tuning.catalog import Catalog
from tuning.downloads import Downloads
from tuning.drops import Drops
from tuning.jobs import Jobs
from tuning.launch import Launcher
from tuning.library import Library
from tuning.mending import Mending
from tuning.models import Models
from tuning.overlaps import Overlaps
from tuning.planning import Planner
from tuning.poller import Poller
from tuning.ports import Clock, Store
from tuning.records import Person
from tuning.remedies import Remedies
from tuning.splits import Splits


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases; `nudge` tells the courier that there is something to send."""

    store: Store
    drops: Drops
    catalog: Catalog
    planner: Planner
    overlaps: Overlaps
    library: Library
    mending: Mending
    remedies: Remedies
    downloads: Downloads
    splits: Splits
    jobs: Jobs
    launcher: Launcher
    poller: Poller
    models: Models
    asking: Asking
    admins: frozenset[str]
    now: Clock
    nudge: Callable[[], None]

    def put_on(self, context: AsyncBoltContext, body: dict[str, Any]) -> None:
        """Make each service injectable by its name, and who is acting as `person`."""
        for one in fields(self):
            context[one.name] = getattr(self, one.name)
        context["services"] = self
        context["person"] = person(context, body, self.admins)


def person(context: dict[str, Any], body: dict[str, Any], admins: frozenset[str]) -> Person:
    """Who acts, in which workspace. In an organisation-wide install the enterprise stands in for the team.

    Somebody of another company, in a channel that two share, acts in a workspace of their own.
    """
    workspace = context.get("team_id") or context.get("enterprise_id") or ""
    home = _home(body)
    if home and home != workspace and not context.get("enterprise_id"):
        workspace = home
    user = context.get("user_id") or ""
    return Person(workspace, user, admin=user in admins)


def _home(body: dict[str, Any]) -> str:
    """The team that the acting person belongs to, where Slack tells."""
    user, event = body.get("user"), body.get("event")
    if isinstance(user, dict):
        return str(user.get("team_id") or "")
    if isinstance(event, dict) and body.get("is_ext_shared_channel"):
        return str(event.get("user_team") or event.get("team") or "")
    return ""
