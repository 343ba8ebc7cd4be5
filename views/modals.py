"""The form that starts a job. Each input's block and action carry its field's name.

So a field that is wrong is answered where it stands, and the values are found by name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tuning.records import Dataset, at_version
from views.blocks import plain_text, section
from views.rendered import Block
from views.text import clip_middle

MAX_OPTIONS = 100
#: What Slack takes of an option's text and value.
OPTION_TEXT, OPTION_VALUE = 75, 150

Option = tuple[str, str]


def train_modal(
    plan_id: str,
    channel: str | None,
    dataset: Option | None = None,
    base: Option | None = None,
    methods: Sequence[Option] = (("supervised", "supervised"),),
) -> dict[str, Any]:
    """The form, as a view for `views.open`.

    `dataset` and `base` are the (text, value) chosen beforehand. Without a channel, as from the
    App Home, the form asks for it, in a field named `channel`.
    """
    return {
        "type": "modal",
        "callback_id": "train",
        "private_metadata": json.dumps({"plan_id": plan_id, "channel": channel}),
        "title": plain_text("Train a model", 24),
        "submit": plain_text("Start training", 24),
        "close": plain_text("Not now", 24),
        "blocks": [
            section("Only the dataset and the base model are needed: the rest has defaults that work."),
            *([] if channel else [_channel()]),
            *_what(dataset, base, methods),
            *_settings(),
        ],
    }


def chosen_dataset(dataset: Dataset) -> Option:
    """A dataset at its latest version, as the form shows it and sends it."""
    number = dataset.latest.number
    return at_version(dataset.name, number), at_version(dataset.id, number)


def options(pairs: Sequence[Option]) -> list[Block]:
    """(text, value) pairs as the answer to a block_suggestion; values that Slack can't carry are left out."""
    fitting = [(text, value) for text, value in pairs if 0 < len(value) <= OPTION_VALUE]
    return [_option(pair) for pair in fitting[:MAX_OPTIONS]]


def _what(dataset: Option | None, base: Option | None, methods: Sequence[Option]) -> list[Block]:
    return [
        _input("dataset", "Dataset", _search("dataset", "Type a part of its name", dataset), told=True),
        _input(
            "base",
            "Base model",
            _search("base", "Type a part of its name", base),
            "The model that learns from the dataset.",
        ),
        _input("method", "Method", _methods(methods), "Supervised: it learns to answer like the examples."),
        _input(
            "suffix",
            "Name ending",
            _typed("suffix", "for instance news-v2", 64),
            "Becomes a part of the model's name: 1 to 64 characters, at Azure 18.",
            optional=True,
        ),
    ]


def _settings() -> list[Block]:
    return [
        _input(
            "n_epochs",
            "Epochs",
            _typed("n_epochs", "auto", 20),
            "How often it reads the whole dataset: 1 to 50. Empty: the backend chooses.",
            optional=True,
        ),
        _input(
            "batch_size",
            "Batch size",
            _typed("batch_size", "auto", 20),
            "Examples a step: 1 to 256. Empty: the backend chooses.",
            optional=True,
        ),
        _input(
            "learning_rate_multiplier",
            "Learning rate multiplier",
            _typed("learning_rate_multiplier", "auto", 20),
            "A number above 0, such as 0.5 or 2. Empty: the backend chooses.",
            optional=True,
        ),
        _input(
            "seed",
            "Seed",
            _typed("seed", "auto", 20),
            "A whole number from 0 to 2147483647: the same seed gives nearly the same model.",
            optional=True,
        ),
        _input(
            "validation",
            "Validation dataset",
            _search("validation", "None", None),
            "Examples held back, to see whether it learns or only remembers.",
            optional=True,
            told=True,
        ),
    ]


def _channel() -> Block:
    element = {
        "type": "conversations_select",
        "action_id": "channel",
        "placeholder": plain_text("Choose a channel", 150),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return _input("channel", "Channel", element, "The job's thread goes there; I must be a member of it.")


def _input(
    name: str, label: str, element: Block, hint: str = "", *, optional: bool = False, told: bool = False
) -> Block:
    """A field; with `told`, a choice in it is told of at once."""
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": plain_text(label, 2000),
        "element": element,
        "optional": optional,
    }
    block |= {"dispatch_action": True} if told else {}
    return block | {"hint": plain_text(hint, 2000)} if hint else block


def _search(name: str, placeholder: str, initial: Option | None) -> Block:
    element: Block = {
        "type": "external_select",
        "action_id": name,
        "min_query_length": 0,
        "placeholder": plain_text(placeholder, 150),
    }
    chosen = options([initial]) if initial else []
    return element | {"initial_option": chosen[0]} if chosen else element


def _methods(methods: Sequence[Option]) -> Block:
    offered = options(methods)
    return {
        "type": "static_select",
        "action_id": "method",
        "options": offered,
        "initial_option": next((one for one in offered if one["value"] == "supervised"), offered[0]),
    }


def _typed(name: str, placeholder: str, longest: int) -> Block:
    return {
        "type": "plain_text_input",
        "action_id": name,
        "placeholder": plain_text(placeholder, 150),
        "max_length": longest,
    }


def _option(pair: Option) -> Block:
    text, value = pair
    return {"text": plain_text(clip_middle(text, OPTION_TEXT), OPTION_TEXT), "value": value}
