"""What is said of validation data that stands in the training data, before a job starts and on its card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tuning.records import Overlap, Plan
from views.blocks import actions, button, notice, plain_text, rendered, section
from views.numbers import count, plural
from views.rendered import Rendered
from views.text import code, prose

#: What a button's value may hold.
LONGEST_VALUE = 2000


def leak_line(overlap: Overlap | None) -> str:
    """One line for a job's card; empty when nothing was found."""
    if overlap is None or not overlap.leaked:
        return ""
    return f"⚠️ {_how_many(overlap)} in the training data too: the validation loss will look too good."


def leak_warning(plan: Plan) -> str:
    """What a person should know before the start."""
    overlap = plan.overlap or Overlap(0, 0)
    lines = [
        f"⚠️ *{_how_many(overlap)} in {code(plan.trains_on, 80)} too.* The model has seen the answers: its "
        "validation loss will look better than it is on new rows.",
        *(f"• row {count(row)}: {prose(words, 300)}" for row, words in overlap.examples),
        "*What to do:* split the dataset (`/ft split`), which keeps the same prompts together, or take these "
        "rows out.",
    ]
    if not overlap.closely:
        lines.insert(-1, "Rows that are nearly the same weren't looked for: there are too many rows.")
    return "\n".join(lines)


def _how_many(overlap: Overlap) -> str:
    verb = "stands" if overlap.leaked == 1 else "stand"
    return f"{count(overlap.leaked)} of {plural(overlap.rows, 'validation row')} {verb}"


def leak_modal(plan: Plan, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The second step of the form: the warning, and the start all the same."""
    return _modal("train_anyway", asked) | {
        "submit": plain_text("Start anyway", 24),
        "blocks": [section(leak_warning(plan))],
    }


def comparing_modal(plan: Plan, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the form's place while the files are read."""
    words = (
        f"Looking whether rows of {code(plan.validates_on, 80)} stand in "
        f"{code(plan.trains_on, 80)} … The job starts by itself when none does; close this to give it up."
    )
    return _modal("train_anyway", asked) | {"blocks": [section(words)]}


def started_modal(plan: Plan) -> dict[str, Any]:
    words = f"The job {code(plan.trains_on, 80)} → {code(plan.base, 120)} starts: see its thread."
    return _modal("train_anyway", {}) | {"close": plain_text("Close", 24), "blocks": [section(words)]}


def started_notice(plan: Plan) -> Rendered:
    return notice(f"▶️ {code(plan.trains_on, 80)} → {code(plan.base, 120)} starts: see its thread.")


def leak_question(plan: Plan, asked: Mapping[str, Any]) -> Rendered:
    """The same warning for a job that was asked for with a command."""
    text = leak_warning(plan)
    value = json.dumps(asked, ensure_ascii=False)
    if len(value) > LONGEST_VALUE:
        return notice(text)
    buttons = [
        button("Start anyway", "train_anyway", value, style="danger"),
        button("Don't start", "train_not"),
    ]
    return rendered(text, [section(text), actions(*buttons)])


def comparing_notice(plan: Plan) -> Rendered:
    return notice(
        f"Looking whether rows of {code(plan.validates_on, 80)} stand in "
        f"{code(plan.trains_on, 80)} … The job starts when none does."
    )


def _modal(callback: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps(asked),
        "title": plain_text("Train a model", 24),
        "close": plain_text("Not now", 24),
    }
