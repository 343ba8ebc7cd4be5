"""The dataset that a person means: by its id, its name or the beginning of it, and perhaps at a version."""

from __future__ import annotations

from dataclasses import replace

from tuning.errors import Ambiguous, NotFound
from tuning.ports import Transaction
from tuning.records import Dataset

#: Among this many datasets a name is looked for.
LISTED = 2000


async def dataset_named(tx: Transaction, workspace: str, ref: str) -> Dataset:
    """The dataset of this id or name, or the only one whose name starts with it.

    `news@2` is the dataset as it was at version 2, which then is its latest.
    """
    name, number = wanted_version(ref)
    by_id = await tx.datasets.get(workspace, name)
    some = [by_id] if by_id else await tx.datasets.list(workspace, search=name, limit=LISTED)
    exact = [one for one in some if name.lower() in (one.id, one.name.lower())]
    found = exact or [one for one in some if one.name.lower().startswith(name.lower())]
    if len(found) > 1:
        raise Ambiguous("dataset", _short(name), [one.name for one in found])
    if not found:
        raise NotFound(
            f"There is no dataset {_short(name)} here.", remedy="`/ft datasets` lists what there is."
        )
    return found[0] if number is None else _as_of(found[0], number)


async def dataset_of(tx: Transaction, workspace: str, ref: str) -> Dataset | None:
    """The dataset of this id, as it was at a version where one is named: what a button or a form carries."""
    ident, number = wanted_version(ref)
    found = await tx.datasets.get(workspace, ident)
    return found if found is None or number is None else _as_of(found, number)


def _as_of(dataset: Dataset, number: int) -> Dataset:
    versions = tuple(version for version in dataset.versions if version.number <= number)
    if not versions or versions[-1].number != number:
        raise NotFound(
            f"{dataset.name} has no version {number}.", remedy=f"Its latest is {dataset.latest.number}."
        )
    return replace(dataset, versions=versions)


def _short(ref: str) -> str:
    return ref if len(ref) <= 60 else ref[:57] + "..."


def wanted_version(ref: str) -> tuple[str, int | None]:
    """`news@2` as a name and a number; without a number the latest is meant."""
    name, at, number = ref.rpartition("@")
    return (name, int(number)) if at and name and number.isdecimal() and len(number) < 7 else (ref, None)
