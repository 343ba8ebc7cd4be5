"""The forms that a dataset's page opens: its new name, and the channel to share its card into."""

from __future__ import annotations

import json
from typing import Any

from tuning.records import Dataset
from views.blocks import plain_text, section
from views.rendered import Block
from views.text import code


def rename_modal(dataset: Dataset, channel: str | None) -> dict[str, Any]:
    """The form that asks for a dataset's new name."""
    element = {
        "type": "plain_text_input",
        "action_id": "name",
        "initial_value": dataset.name,
        "max_length": 40,
    }
    hint = "Letters, digits, hyphens, dots and underscores. Jobs and models keep the name that it had."
    return _modal(
        "rename_dataset", "Rename a dataset", "Rename", dataset, channel, "name", "New name", element, hint
    )


def share_modal(dataset: Dataset, channel: str | None) -> dict[str, Any]:
    """The form that asks for the channel to share a dataset's card into."""
    element = {
        "type": "conversations_select",
        "action_id": "channel",
        "placeholder": plain_text("Choose a channel", 150),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    hint = "I must be a member of it; else I tell you directly."
    return _modal(
        "share_dataset", "Share a dataset", "Share", dataset, channel, "channel", "Channel", element, hint
    )


def _modal(
    callback: str,
    title: str,
    submit: str,
    dataset: Dataset,
    channel: str | None,
    field: str,
    label: str,
    element: Block,
    hint: str,
) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps({"dataset_id": dataset.id, "channel": channel}),
        "title": plain_text(title, 24),
        "submit": plain_text(submit, 24),
        "close": plain_text("Not now", 24),
        "blocks": [
            section(f"The dataset {code(dataset.name, 80)}"),
            {
                "type": "input",
                "block_id": field,
                "label": plain_text(label, 2000),
                "element": element,
                "hint": plain_text(hint, 2000),
            },
        ],
    }
