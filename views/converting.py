"""A file of another format: the card that shows its first rows as they would become, and the form.

The form's templates stand in fields of their own; "Preview" shows what they make of the first rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tuning.datasets.report import Report
from tuning.records import Drop, Offer
from tuning.rows import Row
from views.blocks import actions, button, context, notice, plain_text, rendered, section, sections
from views.conversation import example_blocks
from views.numbers import count
from views.rendered import Block, Rendered
from views.text import code, prose

#: Columns that the card and the form name, and characters of a name.
ON_CARD, IN_FORM, NAME = 12, 60, 80
#: A ZIP archive that has columns is a workbook.
_KINDS = {
    "csv": "a table (CSV or TSV)",
    "excel": "an Excel workbook",
    "zip": "an Excel workbook",
    "parquet": "Parquet",
    "json-array": "a JSON array",
    "json-document": "one JSON document",
}


def convertible_card(drop: Drop, offer: Offer, report: Report, file: str) -> Rendered:
    """What the file looks like, its first rows as they would become, and the button."""
    head = f"🔁 {file} {_what(report.looks_like or '', offer.shape)}."
    columns = "*Columns:* " + _columns(offer.columns, ON_CARD)
    problems = (drop.problem or offer.trouble,) if offer.shape else (drop.problem, offer.trouble)
    trouble = [f"⚠️ {prose(text, 600)}" for text in (*problems, *offer.notes) if text]
    todo = (
        f"*What to do:* {_todo(offer)} The file stays as it is beside the rows made of it. On the command "
        "line: `ft-bot convert`."
    )
    blocks = [
        section("\n".join([head, columns, *trouble])),
        *_shown(offer, "The first rows, converted; what is private is replaced in this preview"),
        section(todo),
        actions(button("Convert and keep", "convert_file", drop.id, style="primary")),
    ]
    return rendered("\n".join([head, columns, *trouble, todo]), blocks)


def _todo(offer: Offer) -> str:
    press = "press *Convert and keep* within a week"
    if not offer.shape:
        return f"{press}, and say in its form which column is asked and which is answered."
    if not offer.preview:
        return (
            "correct the records and drop the file into this thread. If other columns are meant, "
            f"{press} and say in its form which."
        )
    return f"{press}; a form asks for a system prompt and, if you like, which columns go where."


def unconvertible_card(report: Report, trouble: str, file: str) -> Rendered | None:
    """What is said of a table or a document that can't be read; None of a file of another kind."""
    kind = _KINDS.get(report.looks_like or "")
    if kind is None:
        return None
    return notice(
        f"❌ {file} isn't JSONL: it looks like {kind}, and it can't be converted. {prose(trouble, 600)}\n"
        "*What to do:* correct it and drop it into this thread. It isn't kept as a dataset."
    )


def one_column_card(file: str) -> Rendered:
    """What is said of a table that has only questions, or only answers."""
    return notice(
        f"❌ {file} is a table with one column: an answer column is missing.\n"
        "*What to do:* put what is asked and what is answered into two columns, with a comma or a tab "
        "between, and drop the file into this thread. It isn't kept as a dataset."
    )


def _what(looks_like: str, shape: str) -> str:
    """What a file is: a table or document, or JSONL whose rows aren't training rows yet."""
    if kind := _KINDS.get(looks_like):
        return f"isn't JSONL: it looks like {kind}" + (f" with the shape {code(shape, 60)}" if shape else "")
    return f"isn't training data yet: its rows have the shape {code(shape or looks_like, 60)}"


def convert_modal(drop: Drop, preview: Offer | None = None) -> dict[str, Any]:
    """The form for a conversion: it can be sent as it is when the shape was recognised.

    With a `preview`, the first rows as the fields' texts make them stand beneath.
    """
    offer = drop.offer or Offer("")
    columns = offer.columns
    ends = offer.guess or (columns[:1] + columns[-1:])
    first, last = (f"{{{ends[0]}}}", f"{{{ends[-1]}}}") if ends else ("", "")
    known = bool(offer.shape)
    hint = f"Left empty, it is made as {offer.shape} usually is. " if known else ""
    example = f"{{{ends[0]}}} stands for that column's cell." if ends else "{column} stands for a cell."
    return {
        "type": "modal",
        "callback_id": "convert_file",
        "private_metadata": json.dumps({"drop_id": drop.id}),
        "title": plain_text("Convert a file", 24),
        "submit": plain_text("Convert and keep", 24),
        "close": plain_text("Not now", 24),
        "blocks": [
            *sections([f"{code(drop.filename, 100)} has the columns", _columns(columns, IN_FORM)]),
            _text("system", "System prompt", "Added to each row that has none. May be empty.", "", True),
            _text("user", "What is asked", hint + example, "" if known else first, known),
            _text("assistant", "What is answered", f"{hint}As above.", "" if known else last, known),
            actions(button("Preview", "preview_conversion", drop.id)),
            *(_previewed(preview) if preview else []),
        ],
    }


def _previewed(offer: Offer) -> list[Block]:
    if offer.trouble:
        return [section(f"⚠️ {prose(offer.trouble, 600)}")]
    notes = [section(f"⚠️ {prose(text, 600)}") for text in offer.notes]
    return (
        _shown(offer, "The first rows with these texts; what is private is replaced in this preview") + notes
    )


def _shown(offer: Offer, words: str) -> list[Block]:
    rows = [Row(number, text) for number, text in enumerate(offer.preview, 1)]
    return [context(words), *example_blocks(rows)] if rows else []


def _columns(names: Sequence[str], most: int) -> str:
    shown = ", ".join(code(name, NAME) for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {count(rest)} more" if rest > 0 else shown or "none"


def _text(name: str, label: str, hint: str, value: str, optional: bool) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": 3000}
    return {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": plain_text(label, 2000),
        "hint": plain_text(hint, 2000),
        "element": element | ({"initial_value": value[:3000]} if value else {}),
    }
