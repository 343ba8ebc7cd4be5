"""The form in which a bad row is mended, and what it shows when none is left."""

from __future__ import annotations

import json
from typing import Any

from tuning.errors import FtBotError
from tuning.mending import FIELD, BadRow, Mended
from views.blocks import actions, button, context, plain_text, section, sections
from views.errors import problem
from views.numbers import count, plural
from views.rendered import Block
from views.text import code, plain, prose

#: What Slack lets a person type into one field.
LONGEST_ROW = 3000
FINDINGS = 8
#: Characters beneath a field.
LONGEST_ERROR = 300


def step_modal(step: BadRow | Mended) -> dict[str, Any]:
    return _row_modal(step) if isinstance(step, BadRow) else _end_modal(step)


def field_of(row: int) -> str:
    """The block of a row's text; each row has its own, for Slack keeps what was typed into a block."""
    return f"{FIELD}-{row}"


def beneath(row: int, why: str) -> dict[str, str]:
    return {field_of(row): plain(why, LONGEST_ERROR)}


def _row_modal(bad: BadRow) -> dict[str, Any]:
    number, fits = bad.row.number, bad.row.whole and 0 < len(bad.row.text) <= LONGEST_ROW
    shown = bad.findings[:FINDINGS]
    lines = [f"• {code(one.path, 120) + ': ' if one.path else ''}{prose(one.message, 300)}" for one in shown]
    if len(bad.findings) > len(shown):
        lines.append(f"• … and {plural(len(bad.findings) - len(shown), 'more finding')}")
    blocks = [
        section(f"*Row {count(number)}* of {code(bad.drop.filename, 100)}"),
        context(f"{count(bad.position)} of {plural(bad.total, 'bad row')} that the report names"),
        *sections(lines),
        *(_text(bad) if fits else _too_long(bad)),
        actions(
            button("Drop the row", "fix_drop", str(number), style="danger"),
            button("Next", "fix_next", str(number)),
        ),
    ]
    more = {"submit": plain_text("Save", 24)} if fits else {}
    return _modal("fix_row", bad.drop.id, number, blocks) | more


def _text(bad: BadRow) -> list[Block]:
    return [
        {
            "type": "input",
            "block_id": field_of(bad.row.number),
            "label": plain_text("The row", 2000),
            "hint": plain_text("One JSON object. Saving checks it at once.", 2000),
            "element": {
                "type": "plain_text_input",
                "action_id": FIELD,
                "multiline": True,
                "initial_value": bad.row.text,
                "max_length": LONGEST_ROW,
            },
        }
    ]


def _too_long(bad: BadRow) -> list[Block]:
    return [
        section(code(bad.row.text, 500)),
        context("The row is too long to be changed here: drop it, or change the file and drop that again."),
    ]


def _end_modal(end: Mended) -> dict[str, Any]:
    done = end.changed + end.left_out
    told = [f"{plural(end.changed, 'row')} changed", f"{plural(end.left_out, 'row')} dropped"]
    if end.untouched:
        told.append(f"{plural(end.untouched, 'bad row')} left as they are")
    blocks = [
        section(f"*{code(end.drop.filename, 100)}*: {', '.join(told)}."),
        context(
            "The whole file is checked now. What is still wrong is told on its card."
            if done
            else "No row was changed."
        ),
        actions(button("Start over", "fix_again", end.drop.id)),
    ]
    more = {"submit": plain_text("Check the file", 24)} if done else {}
    return _modal("fix_done", end.drop.id, 0, blocks) | more


def problem_modal(error: FtBotError) -> dict[str, Any]:
    """Why it can't go on, in the form's place."""
    return _modal("fix_problem", "", 0, problem(error).blocks)


def _modal(callback: str, drop_id: str, row: int, blocks: list[Block]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps({"drop_id": drop_id, "row": row}),
        "title": plain_text("Fix rows", 24),
        "close": plain_text("Later", 24),
        "blocks": blocks,
    }
