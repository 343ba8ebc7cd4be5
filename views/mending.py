"""The form in which a row is mended, in as many fields as it needs, and what it shows when none is left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tuning.errors import FtBotError
from tuning.mending import FIELD, MARK, Mended, OpenRow
from tuning.parts import LONGEST_FIELD, MOST_PARTS, gaps, parts_of
from tuning.records import Edit
from views.blocks import actions, button, context, plain_text, section, sections
from views.errors import problem
from views.numbers import count, plural
from views.rendered import Block
from views.text import code, mention, plain, prose

FINDINGS = 8
#: Characters beneath a field.
LONGEST_ERROR = 300


def step_modal(step: OpenRow | Mended, note: str = "") -> dict[str, Any]:
    """The form; `note` says what came of the last press."""
    return _row_modal(step, note) if isinstance(step, OpenRow) else _end_modal(step)


def overtaken_modal(opened: OpenRow, edit: Edit) -> dict[str, Any]:
    """The form again, with what somebody else decided; Slack keeps what was typed into its fields."""
    did = "dropped this row" if edit.text is None else f"changed this row to {code(edit.text, 600)}"
    told = section(
        f"⚠️ {mention(edit.by)} {did} while you had it open. Nothing of yours is saved yet: *Save* or "
        "*Drop the row* puts your decision in the place of theirs, *Next, as it is* leaves theirs."
    )
    form = _row_modal(replace(opened, decided=None), "", seen=opened.seen)
    return form | {"blocks": [told, *form["blocks"]]}


def field_of(row: int, part: int = 0) -> str:
    """The block of a part of a row; each row has its own, for Slack keeps what was typed into a block."""
    return f"{FIELD}-{row}" + (f"-{part}" if part else "")


def typed(values: dict[str, Any], row: int) -> list[str]:
    """The parts of a row, as a form came back with them."""
    blocks = [field_of(row, part) for part in range(MOST_PARTS)]
    return [values[block][FIELD].get("value") or "" for block in blocks if block in values]


def gaps_in(form: dict[str, Any]) -> list[int]:
    """The parts of a form's row that began with a space."""
    return list(json.loads(form["private_metadata"]).get("gaps", ()))


def beneath(row: int, why: str) -> dict[str, str]:
    return {field_of(row): plain(why, LONGEST_ERROR)}


def _row_modal(opened: OpenRow, note: str, seen: str = "") -> dict[str, Any]:
    number, drop = opened.row.number, opened.drop
    parts = parts_of(opened.text) if opened.row.whole and opened.text else None
    blocks = [
        section(f"*Row {count(opened.number)}* of {code(drop.filename, 100)}"),
        context(*_place(opened)),
        *sections(_faults(opened)),
        *_state(opened),
        *(_fields(number, parts) if parts else _too_long(opened)),
        actions(*_buttons(opened, whole=bool(parts))),
        _sent_by_enter("fix_go", "Go to row", "A number, then Enter", number),
        *([context(prose(note, 500))] if note else []),
    ]
    # Slack takes no field without a button that sends the form
    more = {"submit": plain_text("Save" if parts else "Next", 24)}
    marks = {"of": drop.sha256[:MARK], "seen": seen or opened.seen, "gaps": gaps(parts or ())}
    return _modal("fix_row", drop.id, number, blocks, **marks) | more


def _place(opened: OpenRow) -> list[str]:
    bad = plural(opened.total, "bad row")
    if not opened.position:
        return [f"Not one of the {bad}; it may be changed all the same"]
    return [f"{count(opened.position)} of {bad} · {count(opened.left)} left to decide on"]


def _faults(opened: OpenRow) -> list[str]:
    shown = opened.findings[:FINDINGS]
    lines = [f"• {code(one.path, 120) + ': ' if one.path else ''}{prose(one.message, 300)}" for one in shown]
    if len(opened.findings) > len(shown):
        lines.append(f"• … and {plural(len(opened.findings) - len(shown), 'more finding')}")
    return lines


def _state(opened: OpenRow) -> list[Block]:
    """What was decided on the row before."""
    if opened.decided is None:
        return []
    who = mention(opened.decided.by)
    if opened.decided.text is None:
        return [context(f"{who} dropped this row. *Save* takes it back, as it stands here.")]
    return [context(f"This is the row as {who} changed it; the findings are those that it had before.")]


def _fields(number: int, parts: list[str]) -> list[Block]:
    """One field for each part of the row."""
    last = len(parts) - 1
    hint = "One JSON object. Saving checks it at once."
    if last:
        hint = f"The {last + 1} parts are joined as they stand. Saving checks the row at once."
    return [
        {
            "type": "input",
            "block_id": field_of(number, at),
            "optional": last > 0,
            "label": plain_text(f"Part {at + 1} of {last + 1}" if last else "The row", 2000),
            **({"hint": plain_text(hint, 2000)} if at == last else {}),
            "element": {
                "type": "plain_text_input",
                "action_id": FIELD,
                "multiline": True,
                "initial_value": part,
                "max_length": LONGEST_FIELD,
            },
        }
        for at, part in enumerate(parts)
    ]


def _too_long(opened: OpenRow) -> list[Block]:
    if not opened.text:
        return [context("The row is empty: drop it.")]
    here = f"line {count(opened.number)} of your file"
    return [
        section(code(opened.row.text, 500)),
        section(
            f"A form of Slack can't hold this row. Drop it here, or correct {here} and drop the file into "
            "this thread again."
        ),
    ]


def _buttons(opened: OpenRow, *, whole: bool) -> list[Block]:
    number = str(opened.row.number)
    return [
        button("Drop the row", "fix_drop", number, style="danger"),
        *([button("Before", "fix_before", number)] if opened.has_before else []),
        button("Next, as it is", "fix_next", number),
        *([] if whole or not opened.text else [button("Send me the row", "fix_send", number)]),
    ]


def _sent_by_enter(action: str, label: str, placeholder: str, number: int) -> Block:
    """A field of its own for each row shown, so that it is empty again."""
    return {
        "type": "input",
        "block_id": f"{action}-{number}",
        "optional": True,
        "dispatch_action": True,
        "label": plain_text(label, 2000),
        "element": {
            "type": "plain_text_input",
            "action_id": action,
            "max_length": 12,
            "placeholder": plain_text(placeholder, 150),
            "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
        },
    }


def _end_modal(end: Mended) -> dict[str, Any]:
    done = end.changed + end.left_out
    told = [f"{plural(end.changed, 'row')} changed"] if end.changed else []
    told += [f"{plural(end.left_out, 'row')} dropped"] if end.left_out else []
    if end.untouched:
        left = "it is" if end.untouched == 1 else "they are"
        told.append(f"{plural(end.untouched, 'bad row')} left as {left}")
    blocks = [
        section(f"{code(end.drop.filename, 100)}: {', '.join(told) or 'nothing is left to fix'}."),
        context(
            "*Check the file* checks all of it; its card tells what is still wrong, if anything."
            if done
            else "No row was changed."
        ),
        actions(
            *([button("Back to those left", "fix_again", "first")] if end.untouched and done else []),
            button("Start over", "fix_over", end.drop.id),
        ),
    ]
    more = {"submit": plain_text("Check the file", 24)} if done else {}
    return _modal("fix_done", end.drop.id, 0, blocks) | more


def problem_modal(error: FtBotError) -> dict[str, Any]:
    """Why it can't go on, in the form's place."""
    return _modal("fix_problem", "", 0, problem(error).blocks)


def _modal(callback: str, drop_id: str, row: int, blocks: list[Block], **marks: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps({"drop_id": drop_id, "row": row, **marks}),
        "title": plain_text("Fix rows", 24),
        "close": plain_text("Later", 24),
        "blocks": blocks,
    }
