"""A rejected file that somebody wants to do something about: found, allowed, and still there."""

from __future__ import annotations

from tuning.datasets.report import Report
from tuning.errors import Conflict, Gone, NotFound
from tuning.policy import Action, require
from tuning.ports import Transaction
from tuning.records import Drop, DropState, Person


async def rejected(tx: Transaction, person: Person, drop_id: str, action: Action) -> tuple[Drop, Report]:
    """The rejected drop of this id and its report, when this person may do this to it."""
    drop = await tx.drops.get(drop_id)
    if drop is None or drop.workspace != person.workspace:
        raise NotFound("That file isn't on record any more.", remedy="Drop it again.")
    require(person, action, drop, drop.filename)
    if drop.state is DropState.received:
        raise Conflict(
            f"{drop.filename} is being checked just now.", remedy="Its card shows when that is done."
        )
    if drop.corrected_by:
        raise Conflict(f"A corrected {drop.filename} was dropped since.", remedy="Go on at its card below.")
    if drop.state is not DropState.rejected or drop.report is None:
        raise Conflict(f"{drop.filename} needs no mending any more.")
    if not drop.sha256:
        raise no_bytes(drop)
    return drop, drop.report


def no_bytes(drop: Drop) -> Gone:
    return Gone(
        f"{drop.filename} isn't kept any more: a rejected file is kept for a week, or until its room is "
        "needed.",
        remedy="Drop it again.",
    )
