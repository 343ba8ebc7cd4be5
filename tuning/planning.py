"""From what a person typed or chose to a plan, or to one clear sentence for each value that is wrong.

Ranges are those of OpenAI's API specification for `POST /fine_tuning/jobs`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from tuning import pricing
from tuning.catalog import Catalog
from tuning.errors import FtBotError, Invalid
from tuning.findings import SMALL
from tuning.named import dataset_named
from tuning.policy import Action, require
from tuning.ports import Store
from tuning.records import Dataset, Estimate, Hyperparameters, Method, Person, Plan

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """The values of a `/ft train` or its modal, as text; empty means "choose for me"."""

    dataset: str = ""
    base: str = ""
    method: str = ""
    suffix: str = ""
    n_epochs: str = ""
    batch_size: str = ""
    learning_rate_multiplier: str = ""
    beta: str = ""
    seed: str = ""
    validation: str = ""


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans."""

    store: Store
    catalog: Catalog

    async def propose(
        self, person: Person, channel: str, plan_id: str, request: TrainRequest, *, today: date
    ) -> Plan:
        """A plan with this id; raises Invalid with a message for each wrong field."""
        wrong: dict[str, str] = {}
        dataset = await self._dataset(person, "dataset", request.dataset, wrong)
        validation = None
        if request.validation:
            validation = await self._dataset(person, "validation", request.validation, wrong)
        base = await self._base(person.workspace, request.base, wrong, today)
        method = _method(request.method, dataset, wrong)
        _fits(dataset, validation, method, wrong)
        parameters = _hyperparameters(request, method, wrong)
        suffix = _suffix(request.suffix, wrong)
        seed = _number(request.seed, int, 0, 2147483647, "seed", wrong)
        if wrong or dataset is None:
            raise Invalid(wrong)
        return Plan(
            id=plan_id,
            workspace=person.workspace,
            owner=person.user,
            channel=channel,
            dataset_id=dataset.id,
            dataset_name=dataset.name,
            version_id=dataset.latest.id,
            base=base,
            method=method,
            suffix=suffix,
            seed=seed,
            hyperparameters=parameters,
            validation_name=validation.name if validation else None,
            validation_version_id=validation.latest.id if validation else None,
            estimate=estimate(dataset, base, parameters.n_epochs),
            version_number=dataset.latest.number,
            validation_version_number=validation.latest.number if validation else 0,
        )

    async def _dataset(self, person: Person, field: str, ref: str, wrong: dict[str, str]) -> Dataset | None:
        if not ref:
            wrong[field] = "Choose a dataset: drop a JSONL file into a channel, or see `/ft datasets`."
            return None
        try:
            async with self.store.begin() as tx:
                dataset = await dataset_named(tx, person.workspace, ref)
            require(person, Action.train, dataset, dataset.name)
            return dataset
        except FtBotError as error:
            wrong[field] = f"{error.message} {error.remedy}".strip()
        return None

    async def _base(self, workspace: str, ref: str, wrong: dict[str, str], today: date) -> str:
        try:
            base = await self.catalog.base(workspace, ref)
        except FtBotError as error:
            wrong["base"] = f"{error.message} {error.remedy}".strip()
            return ref
        known = pricing.price(base)
        if known and known.shutdown and today >= known.shutdown:
            wrong["base"] = f"{base} and its fine-tunes were shut down on {known.shutdown.isoformat()}."
        return base


def estimate(dataset: Dataset, base: str, n_epochs: int | None) -> Estimate:
    """Tokens that a run over the dataset trains on, and its price where one is on record.

    With epochs left to the backend, the low end is one epoch and the high end our default.
    """
    report = dataset.latest.report
    epochs = n_epochs or report.epochs or 1
    cost = pricing.estimate(base, report.billable_tokens, epochs)
    least = pricing.estimate(base, report.billable_tokens, n_epochs or 1)
    return Estimate(
        report.billable_tokens * epochs, least.low if least else None, cost.high if cost else None
    )


def _method(ref: str, dataset: Dataset | None, wrong: dict[str, str]) -> Method:
    if ref:
        try:
            return Method(ref.lower())
        except ValueError:
            wrong["method"] = f"must be one of {', '.join(Method)}; not {_short(ref)}."
    if dataset and dataset.latest.report.format in list(Method):
        return Method(dataset.latest.report.format)
    return Method.supervised


def _fits(dataset: Dataset | None, validation: Dataset | None, method: Method, wrong: dict[str, str]) -> None:
    if dataset and SMALL in dataset.latest.report.codes:
        rows, least = dataset.latest.report.rows, pricing.book().defaults.minimum_rows
        wrong["dataset"] = f"{dataset.name} has {rows} rows: training takes at least {least}."
    for field, one in (("dataset", dataset), ("validation", validation)):
        if one and one.latest.report.format != method:
            has = one.latest.report.format
            wrong.setdefault(field, f"{one.name} holds rows for {has}, not for {method}.")
    if dataset and validation and dataset.latest.sha256 == validation.latest.sha256:
        wrong["validation"] = "Validate on other rows than those that you train on."


def _hyperparameters(request: TrainRequest, method: Method, wrong: dict[str, str]) -> Hyperparameters:
    if method is Method.reinforcement:
        wrong["method"] = "needs a grader, which can't be given here yet: use supervised or dpo."
    if request.beta and method is not Method.dpo:
        wrong["beta"] = "beta is for method dpo only."
    return Hyperparameters(
        n_epochs=_number(request.n_epochs, int, 1, 50, "n_epochs", wrong),
        batch_size=_number(request.batch_size, int, 1, 256, "batch_size", wrong),
        learning_rate_multiplier=_number(
            request.learning_rate_multiplier, float, 1e-6, 1000, "learning_rate_multiplier", wrong
        ),
        beta=_number(request.beta, float, 1e-6, 2, "beta", wrong),
    )


def _suffix(text: str, wrong: dict[str, str]) -> str | None:
    if text and not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,63})", text):
        wrong["suffix"] = (
            "1 to 64 letters, digits, hyphens, dots or underscores, the first a letter or digit."
        )
    return text or None


def _number(text: str, kind: type[N], low: N, high: N, field: str, wrong: dict[str, str]) -> N | None:
    if text.lower() in ("", "auto"):
        return None
    try:
        value: N | None = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        what = "a whole number" if kind is int else "a number"
        wrong[field] = f"must be {what} from {_plain(low)} to {_plain(high)}, or auto; not {_short(text)}."
        return None
    return value


def _plain(number: float) -> str:
    """A bound as people write it."""
    return f"{number:d}" if isinstance(number, int) else f"{number:f}".rstrip("0").rstrip(".")


def _short(text: str) -> str:
    """What somebody typed, short enough for the sentence around it to stay readable."""
    return text if len(text) <= 60 else text[:59] + "…"
