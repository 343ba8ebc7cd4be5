"""What training and asking cost, read from prices.toml: prices change, so they are data and carry a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

Method = Literal["supervised", "dpo", "reinforcement"]
TEMPLATE_ALLOWANCE = 0.10
"""How much more a backend may count than we do: its chat template and tool layout aren't published."""


class Defaults(msgspec.Struct, frozen=True):
    """Limits for a base that has no entry of its own."""

    encoding: str
    example_tokens: int
    minimum_rows: int
    advised_rows: int
    images_per_example: int
    image_bytes: int
    image_examples: int
    messages_per_example: int
    calls_per_message: int
    file_bytes: int
    upload_bytes: int
    part_bytes: int
    source: str
    checked: dt.date


class Base(msgspec.Struct, frozen=True):
    """A base model: US dollars per million tokens, limits, and when it ends."""

    name: str
    training: float
    input: float
    cached: float
    output: float
    encoding: str
    example_tokens: int
    methods: tuple[Method, ...]
    source: str
    checked: dt.date
    aliases: tuple[str, ...] = ()
    images: bool = True
    shutdown: dt.date | None = None


class Retired(msgspec.Struct, frozen=True):
    """A base model that is gone: the limits it had, and the day on which it had been shut down."""

    name: str
    encoding: str
    example_tokens: int
    methods: tuple[Method, ...]
    shutdown: dt.date
    source: str
    checked: dt.date
    aliases: tuple[str, ...] = ()


B = TypeVar("B", Base, Retired)


class Closing(msgspec.Struct, frozen=True):
    """A day on which a service stops something."""

    service: str
    date: dt.date
    who: str
    what: str
    source: str
    checked: dt.date


class Estimate(msgspec.Struct, frozen=True):
    """US dollars: the expected cost and the range it may fall in."""

    low: float
    high: float
    estimate: float


class PriceBook(msgspec.Struct, frozen=True):
    """All that prices.toml says."""

    schema: int
    defaults: Defaults
    bases: tuple[Base, ...]
    closings: tuple[Closing, ...] = ()
    retired: tuple[Retired, ...] = ()

    def find(self, model: str | None) -> Base | None:
        """The base of a name, an alias or a tuned model (`ft:base:org:suffix:id`); None if not on record."""
        return _named(model, self.bases)

    def known(self, model: str | None) -> Base | Retired | None:
        """As `find`, among the bases that are gone too; Azure's tuned models (`base.ft-id`) count as well."""
        name = model.split(".ft-")[0] if model else None
        return _named(name, self.bases) or _named(name, self.retired)

    def training(self, model: str, tokens: int, *, low_tokens: int | None = None) -> Estimate | None:
        """Cost of training on `tokens` (all epochs); `low_tokens` is the least that may be charged."""
        base = self.find(model)
        if base is None:
            return None
        low = tokens if low_tokens is None else low_tokens
        high = tokens * (1 + TEMPLATE_ALLOWANCE)
        low_cost, high_cost, cost = (round(base.training * n / 1e6, 6) for n in (low, high, tokens))
        return Estimate(low=low_cost, high=high_cost, estimate=cost)

    def answer(self, model: str, prompt: int, completion: int, cached: int = 0) -> float | None:
        """US dollars for one answer of a tuned model; None if its base has no price on record."""
        base = self.find(model)
        if base is None:
            return None
        fresh = max(0, prompt - cached)
        return (fresh * base.input + cached * base.cached + completion * base.output) / 1e6

    def limit(self, model: str | None) -> int:
        """The most tokens an example may have for this base."""
        base = self.known(model)
        return base.example_tokens if base else self.defaults.example_tokens

    def encoding(self, model: str | None) -> str:
        """The tokenizer of this base."""
        base = self.known(model)
        return base.encoding if base else self.defaults.encoding


def _named(model: str | None, bases: Iterable[B]) -> B | None:
    if not model:
        return None
    name = model.split(":")[1] if model.startswith("ft:") and model.count(":") > 1 else model
    return next((base for base in bases if name == base.name or name in base.aliases), None)


def load(path: Path) -> PriceBook:
    """Read a price file. Raises ValueError with the place of what is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=PriceBook)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path.name} is not a price file: {error}") from error


@cache
def book() -> PriceBook:
    """The prices that ship with the project, read once."""
    data = resources.files("tuning").joinpath("prices.toml").read_bytes()
    return msgspec.toml.decode(data, type=PriceBook)


def bases() -> tuple[Base, ...]:
    """Every base model on record."""
    return book().bases


def price(model: str) -> Base | None:
    """The price row of a base or tuned model; None means that no price is on record."""
    return book().find(model)


def known(model: str) -> Base | Retired | None:
    """What is on record of a base, be it gone; None means that its tokenizer and limits aren't known."""
    return book().known(model)


def estimate(model: str, billable_tokens: int, epochs: int) -> Estimate | None:
    """Cost of a plan: `billable_tokens` of one epoch, times `epochs`."""
    return book().training(model, billable_tokens * epochs)


def answer_cost(model: str, prompt: int, completion: int, cached: int = 0) -> float | None:
    """US dollars for one answer; None means that no price is on record."""
    return book().answer(model, prompt, completion, cached)


def training_closed() -> str:
    """What to do when OpenAI takes no job of an organisation, with the day on which it takes none of any."""
    days = [
        one.date for one in closings() if one.who == "everybody" and one.what == "no new fine-tuning jobs"
    ]
    until = (
        f" on {days[0].day} {days[0]:%B %Y}, to many organisations earlier"
        if days
        else " to new organisations"
    )
    return (
        f"OpenAI closes fine-tuning to new jobs{until}. "
        "The administrator can point OPENAI_BASE_URL at a backend of your own: `ft-bot trainer` is one."
    )


def closings(service: str = "openai", *, after: dt.date | None = None) -> tuple[Closing, ...]:
    """The days on which a service stops something, soonest first; `after` leaves out what is past."""
    kept = (c for c in book().closings if c.service == service and (after is None or c.date >= after))
    return tuple(sorted(kept, key=lambda c: c.date))
