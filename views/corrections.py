"""What a file changed: a version against the one before, a corrected file against the rejected one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuning.corrections import compared, unchanged
from tuning.records import Correction, Diff, Moved
from views.numbers import count, plural
from views.text import code

#: The error of a table or of rows in another shape: none of its rows was checked.
OTHER_FORMAT = "not_jsonl"
#: Kinds of errors that are named.
KINDS = 6
#: Rows of each kind that are named.
ROWS = 6


def diff_words(diff: Diff) -> str:
    """How many rows a version added, removed and changed."""
    changes = [(diff.added, "added"), (diff.removed, "removed"), (diff.changed, "changed")]
    words = [f"{plural(number, 'row')} {what}" for number, what in changes if number]
    return ", ".join(words) or "the same rows, in another order or spelling"


def correction_words(made: Correction | None) -> list[str]:
    """What a corrected file changed, in a line for its card; none where it corrects nothing."""
    if made is None:
        return []
    file = code(made.filename, 120)
    if unchanged(made):
        return [f"🩹 It has the same rows as {file} above: nothing was corrected."]
    if OTHER_FORMAT in made.before:
        return [f"🩹 It takes the place of {file} above."]
    rows = [f"{diff_words(made.diff)}."] if made.diff and not made.edited else []
    head = f"🩹 Against {file} above:" if made.after else f"🩹 It corrects {file} above."
    return [" ".join([head, *rows, *_errors(made)])]


def _errors(made: Correction) -> list[str]:
    """Which kinds of errors are gone, left and new."""
    gone, left, new = compared(made)
    if not made.whole:
        return ["Only a part of that one was checked."]
    if not made.after:
        total = sum(gone.values())
        errors = {1: "Its error is", 2: "Both errors are"}.get(total, f"All {count(total)} errors are")
        return [f"{errors} gone ({_kinds(gone)})."]
    rows = made.moved or Moved({}, {}, {})
    still = [f"{count(number)} × {code(name, 60)}{_once(made, name)}" for name, number in left.items()]
    return [
        *([f"Gone: {_kinds(gone, rows.gone)}."] if gone else []),
        *([f"Still there: {_kinds(left, rows.left) if made.moved else _some(still)}."] if still else []),
        *([f"New: {_kinds(new, rows.new)}."] if new else []),
    ]


def _once(made: Correction, name: str) -> str:
    """How many of a kind there were, where that changed."""
    return f" (there were {count(made.before[name])})" if made.before[name] != made.after[name] else ""


def _kinds(codes: Mapping[str, int], rows: Mapping[str, Sequence[int]] | None = None) -> str:
    where = rows or {}
    return _some(
        [f"{count(number)} × {code(name, 60)}{_rows(where.get(name, ()))}" for name, number in codes.items()]
    )


def _rows(numbers: Sequence[int]) -> str:
    """Which rows they are, the first of them."""
    rows = [count(row) for row in dict.fromkeys(numbers) if row]
    more = f" and {count(len(rows) - ROWS)} more" if len(rows) > ROWS else ""
    return f" (row{'s' if len(rows) > 1 else ''} {', '.join(rows[:ROWS])}{more})" if rows else ""


def _some(words: list[str]) -> str:
    rest = len(words) - KINDS
    return ", ".join(words[:KINDS]) + (f" and {plural(rest, 'more kind')}" if rest > 0 else "")
