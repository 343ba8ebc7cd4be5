"""Whether a dropped file is a new dataset or the next version of one: decided from where it was dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tuning.errors import NotFound
from tuning.policy import Action, may
from tuning.ports import Transaction
from tuning.records import Dataset, Drop, DropState, Person, Plan
from tuning.updates import DROP_CARD, JOB_CARD


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fine file goes: the next version of `dataset`, or a dataset of its own and perhaps why."""

    dataset: Dataset | None = None
    why: str = ""


async def place(tx: Transaction, drop: Drop, person: Person) -> Place:
    """A file dropped in the thread of a kept one is its next version, when the dropper may add one."""
    if not drop.reply or not drop.thread_ts:
        return Place()
    before = await tx.drops.in_thread(drop.workspace, drop.channel, drop.thread_ts)
    found = await _datasets(tx, [one for one in before if one.id != drop.id])
    theirs = [(named, one) for named, one in found if may(person, Action.add_version, one)]
    if found and not theirs:
        return Place(
            why=f"Only its owner or an administrator may add a version to `{found[0][1].name}`, "
            "so this one stands on its own."
        )
    dataset = _meant(drop, theirs)
    if theirs and dataset is None:
        names = ", ".join(f"`{name}`" for name in sorted({one.name for _, one in theirs}))
        return Place(
            why=f"This thread has more than one dataset ({names}) and none from a file of this name, "
            "so this one stands on its own."
        )
    return Place(dataset)


async def _datasets(tx: Transaction, drops: Sequence[Drop]) -> list[tuple[str, Dataset]]:
    """The datasets that a thread's drops were kept as, each with its file's name, the oldest drop first."""
    found = []
    for drop in drops:
        if drop.state is DropState.kept and drop.dataset_id:
            dataset = await tx.datasets.get(drop.workspace, drop.dataset_id)
            found += [(stem(drop), dataset)] if dataset else []
    return found


def _meant(drop: Drop, found: Sequence[tuple[str, Dataset]]) -> Dataset | None:
    """The one dataset of the thread, or among several the first whose file had the same name."""
    if len({dataset.id for _, dataset in found}) == 1:
        return found[0][1]
    return next((dataset for named, dataset in found if named == stem(drop)), None)


def stem(drop: Drop) -> str:
    """The dropped file's name without its ending, in lower case."""
    return PurePath(drop.filename).stem.lower()


def no_dataset() -> NotFound:
    return NotFound("That dataset isn't here any more.", remedy="`/ft datasets` lists what there is.")


def newest(plan: Plan, dataset: Dataset | None) -> int:
    """The number of the dataset's latest version where it is newer than the plan's; else 0."""
    if dataset is None or dataset.latest.id == plan.version_id:
        return 0
    numbers = {version.id: version.number for version in dataset.versions}
    return dataset.latest.number if plan.version_id in numbers else 0


async def tell_newer(tx: Transaction, dataset: Dataset) -> None:
    """Have the cards say that there is a newer version: of the dropped files, and of jobs on the latest."""
    await revise_cards(tx, dataset)
    for job in await tx.jobs.using_version(dataset.workspace, dataset.latest.id):
        await tx.updates.revise(JOB_CARD, job.id)


async def revise_cards(tx: Transaction, dataset: Dataset) -> None:
    """The cards of the files that became this dataset tell of it."""
    for drop in await tx.drops.of_dataset(dataset.workspace, dataset.id):
        await tx.updates.revise(DROP_CARD, drop.id)
