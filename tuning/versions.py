"""Whether a dropped file is a new dataset or the next version of one: decided from where it was dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tuning.policy import Action, may
from tuning.ports import Transaction
from tuning.records import Dataset, Drop, DropState, Person


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
    if not found:
        return Place()
    dataset = _meant(drop, found)
    if dataset is None:
        names = ", ".join(f"`{one.name}`" for one in found.values())
        return Place(
            why=f"This thread has more than one dataset ({names}) and none with this file's name, "
            "so this one stands on its own."
        )
    if not may(person, Action.add_version, dataset):
        return Place(
            why=f"Only its owner or an administrator may add a version to `{dataset.name}`, "
            "so this one stands on its own."
        )
    return Place(dataset)


async def _datasets(tx: Transaction, drops: Sequence[Drop]) -> dict[str, Dataset]:
    """The datasets that a thread's drops were kept as, by the name of the file, the newest drop last."""
    found: dict[str, Dataset] = {}
    for drop in drops:
        if drop.state is DropState.kept and drop.dataset_id:
            dataset = await tx.datasets.get(drop.workspace, drop.dataset_id)
            if dataset:
                found[PurePath(drop.filename).stem.lower()] = dataset
    return found


def _meant(drop: Drop, found: dict[str, Dataset]) -> Dataset | None:
    """The one dataset of the thread, or among several the one whose file had the same name."""
    by_id = {dataset.id: dataset for dataset in found.values()}
    if len(by_id) == 1:
        return next(iter(by_id.values()))
    return found.get(PurePath(drop.filename).stem.lower())


def wanted_version(ref: str) -> tuple[str, int | None]:
    """`news@2` as a name and a number; without a number the latest is meant."""
    name, at, number = ref.rpartition("@")
    return (name, int(number)) if at and name and number.isdecimal() and len(number) < 7 else (ref, None)
