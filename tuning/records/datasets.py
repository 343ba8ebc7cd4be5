"""What is kept of a training file: a dataset, its versions, and where their bytes came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tuning.datasets.report import Report


@dataclass(frozen=True, slots=True)
class Diff:
    """How one version's rows differ from those of the version before it."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who answers for the secrets and personal data in a version: which, and how many of each."""

    by: str
    at: datetime
    codes: dict[str, int]


class Step(StrEnum):
    """What was done to a dropped file before it was kept."""

    #: Out of gzip or ZIP.
    unpacked = "unpacked"
    #: From UTF-16 or UTF-32 to UTF-8.
    recoded = "recoded"
    converted = "converted"
    mended = "mended"
    redacted = "redacted"


@dataclass(frozen=True, slots=True)
class Source:
    """The dropped file that a version was made of, and how.

    It is kept with the version under `sha256`, which is empty where it is not: what was private in it was
    redacted, or it holds the same rows in a packing or an encoding. `diff` counts the rows from it to the
    version, where both are JSONL. `dropped` are the rows that were left out by hand, by their line in it.
    """

    filename: str
    size: int
    sha256: str
    steps: tuple[Step, ...]
    diff: Diff | None = None
    dropped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One content of a dataset; the bytes are kept under their SHA-256."""

    id: str
    dataset_id: str
    number: int
    sha256: str
    size: int
    report: Report
    created_by: str
    created_at: datetime
    #: None for a first version, and where the rows could not be compared.
    diff: Diff | None = None
    accepted: Acceptance | None = None
    #: None when the bytes are as they were dropped.
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A training file that a person brought, with its versions, oldest first."""

    id: str
    workspace: str
    name: str
    owner: str
    created_at: datetime
    versions: tuple[Version, ...]
    #: Dropped in a direct message, and neither shared nor dropped in a channel since.
    direct: bool = False

    @property
    def latest(self) -> Version:
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class SplitAsked:
    """A split that somebody asked for and that isn't answered yet; the shares are of the rows, from 0 to 1.

    `admin` says as who it was allowed.
    """

    id: str
    workspace: str
    user: str
    admin: bool
    dataset: str
    validation: float
    heldout: float
    seed: int
    asked_at: datetime


def at_version(name: str, number: int) -> str:
    """A dataset's name with a version's number, where both are known."""
    return f"{name}@{number}" if name and number else name


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of a validation file's rows stand in the training file too, whole, by their prompt or nearly.

    `examples` are the first few: the row, and where it stands. Without `closely`, rows that are nearly the
    same weren't looked for: there are too many.
    """

    rows: int
    leaked: int
    examples: tuple[tuple[int, str], ...] = ()
    closely: bool = True
