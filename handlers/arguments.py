"""What a person typed after a command, taken apart: words, and `name=value` pairs."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import Any

from tuning.errors import Invalid
from tuning.planning import TrainRequest
from tuning.splitting import SplitRequest

#: What people type for a field of a TrainRequest.
NAMES = {
    "data": "dataset",
    "dataset": "dataset",
    "base": "base",
    "model": "base",
    "method": "method",
    "suffix": "suffix",
    "epochs": "n_epochs",
    "n_epochs": "n_epochs",
    "batch": "batch_size",
    "batch_size": "batch_size",
    "lr": "learning_rate_multiplier",
    "learning_rate": "learning_rate_multiplier",
    "learning_rate_multiplier": "learning_rate_multiplier",
    "beta": "beta",
    "seed": "seed",
    "valid": "validation",
    "validation": "validation",
}
#: What people are told of a field that they typed: the name that the help uses.
SHOWN = {"n_epochs": "epochs", "learning_rate_multiplier": "learning_rate"}
OPTIONS = "dataset, base, suffix, epochs, batch_size, learning_rate, beta, seed, method, validation"
_ZERO_WIDTH = re.compile("[\u200b\u2060\ufeff]")
#: Chat clients turn straight quotes into these.
QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})


def typed(command: dict[str, Any]) -> str:
    """The text behind a slash command as it was typed: Slack escapes `&`, `<` and `>` on the way."""
    text = str(command.get("text") or "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def names_as_written(text: str) -> str:
    """Names copied from our messages, without the zero-width spaces that keep them from being links there."""
    return _ZERO_WIDTH.sub("", text)


def first_word(text: str) -> tuple[str, str]:
    """The first word and all the rest; any white space stands between them, line breaks too."""
    word, rest = [*text.split(maxsplit=1), "", ""][:2]
    return word, rest


def words(text: str) -> list[str]:
    """Split like a shell; an unclosed quote is an ordinary character."""
    straight = text.translate(QUOTES)
    try:
        return shlex.split(straight)
    except ValueError:
        return straight.split()


def train_request(typed: list[str]) -> TrainRequest:
    """`news base=... epochs=3` as a request; raises Invalid for what it doesn't know."""
    request, wrong = TrainRequest(), {}
    for word in typed:
        name, equals, value = word.lstrip("-").partition("=")
        known = NAMES.get(name.lower().replace("-", "_"))
        if not equals and not request.dataset:
            request = replace(request, dataset=word)
        elif not equals:
            wrong[word] = "say what it is, as in epochs=3"
        elif known is None:
            wrong[name or word] = f"isn't an option; there are {OPTIONS}"
        elif getattr(request, known):
            wrong[name] = "is given twice"
        else:
            request = replace(request, **{known: value})
    if wrong:
        raise Invalid(wrong)
    return request


def split_request(typed: list[str]) -> SplitRequest:
    """`news validation=10 heldout=10 seed=7`, shares in percent; raises Invalid for what it doesn't know."""
    given: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for word in typed:
        name, equals, value = word.lstrip("-").partition("=")
        known = name.lower() if equals else "dataset"
        if known not in ("dataset", "validation", "heldout", "seed"):
            wrong[name or word] = "isn't an option; there are validation, heldout, seed"
        elif known in given:
            wrong[name] = "is given twice" if equals else "say what it is, as in validation=10"
        else:
            given[known] = value if equals else word
    validation, heldout = (_percent(given, name, wrong) for name in ("validation", "heldout"))
    seed = given.get("seed", "0")
    if not (seed.isdecimal() and seed.isascii() and len(seed) < 11):
        wrong["seed"] = "must be a whole number from 0 on"
    if not given.get("dataset"):
        wrong["dataset"] = "say which, as in /ft split news"
    if not wrong and not 0 < validation + heldout < 100:
        wrong["validation and heldout"] = "must be above 0 and below 100 percent together"
    if wrong:
        raise Invalid(wrong)
    return SplitRequest(given["dataset"].strip("`"), validation / 100, heldout / 100, int(seed))


def _percent(given: dict[str, str], name: str, wrong: dict[str, str]) -> float:
    text = given.get(name, "10").removesuffix("%")
    if not re.fullmatch(r"\d{1,2}(\.\d{1,3})?", text, re.ASCII):
        wrong[name] = "must be a share in percent from 0 to 99, as in 10"
    elif 0 < float(text) < 1:
        wrong[name] = f"is in percent: for {float(text):.0%} write {name}={float(text) * 100:g}"
    return 0 if name in wrong else float(text)


def one_word(text: str) -> str:
    """The id or name in what was typed, without the quotes that people put around it."""
    word, _ = first_word(text)
    return word.strip("`\"'“”„‘’<>")


def as_typed(error: Invalid) -> Invalid:
    """The same, with the fields named as people type them."""
    return Invalid({SHOWN.get(name, name): why for name, why in error.fields.items()})
