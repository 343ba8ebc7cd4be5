"""What Slack adds to blocks when it stores them: ids, and the defaults of text objects."""

import copy
from collections.abc import Callable
from typing import Any


def normalised(blocks: list[dict[str, Any]], new_id: Callable[[], str]) -> list[dict[str, Any]]:
    """A copy of the blocks with every id filled in and every text object complete."""
    done = copy.deepcopy(blocks)
    for block in done:
        block.setdefault("block_id", new_id())
        _walk(block, new_id)
    return done


def _walk(value: Any, new_id: Callable[[], str]) -> None:
    if isinstance(value, list):
        for each in value:
            _walk(each, new_id)
    elif isinstance(value, dict):
        _complete(value, new_id)
        for each in value.values():
            _walk(each, new_id)


NEEDS_ACTION_ID = ("button", "overflow", "checkboxes", "radio_buttons", "feedback_buttons", "icon_button")
NEEDS_ACTION_SUFFIX = ("_select", "picker", "_input")


def _complete(value: dict[str, Any], new_id: Callable[[], str]) -> None:
    kind = value.get("type")
    if kind == "plain_text" and isinstance(value.get("text"), str):
        value.setdefault("emoji", True)
    elif kind == "mrkdwn" and isinstance(value.get("text"), str):
        value.setdefault("verbatim", False)
    elif isinstance(kind, str) and (kind in NEEDS_ACTION_ID or kind.endswith(NEEDS_ACTION_SUFFIX)):
        value.setdefault("action_id", new_id())
