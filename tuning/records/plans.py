"""A job that is proposed: on which data, of which base, how, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tuning.records.datasets import Overlap, at_version


class Method(StrEnum):
    """How to train; the values are the wire's."""

    supervised = "supervised"
    dpo = "dpo"
    reinforcement = "reinforcement"


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """None means that the backend chooses ("auto")."""

    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    beta: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan may cost: tokens trained on, and US dollars as a range (None: no price on record)."""

    tokens: int
    usd_low: float | None = None
    usd_high: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A job that is proposed and not started."""

    id: str
    workspace: str
    owner: str
    channel: str
    dataset_id: str
    dataset_name: str
    version_id: str
    base: str
    method: Method = Method.supervised
    suffix: str | None = None
    seed: int | None = None
    hyperparameters: Hyperparameters = Hyperparameters()
    validation_name: str | None = None
    validation_version_id: str | None = None
    estimate: Estimate = Estimate(0)
    #: None where there is no validation data, or nobody looked yet.
    overlap: Overlap | None = None
    #: 0 in plans that were made before these were on record.
    version_number: int = 0
    validation_version_number: int = 0

    @property
    def trains_on(self) -> str:
        """The dataset and its version, as people type them: `news@2`."""
        return at_version(self.dataset_name, self.version_number)

    @property
    def validates_on(self) -> str:
        """The same of what it is validated on; empty when it isn't."""
        return at_version(self.validation_name or "", self.validation_version_number)
