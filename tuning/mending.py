"""A rejected file, mended row by row: a row is changed or left out, and the whole is checked again.

All bad rows are led to, one after the other, and any other row can be opened by its number. Edits are on
record as they are made. `finish` receives the drop once more, and `Drops.work` does the rest, under its
lease and again after a kill.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tuning.badrows import BadRows, load
from tuning.datasets import PRIVATE_CODES
from tuning.datasets.checker import Checker, Settings
from tuning.datasets.report import Finding, Report
from tuning.errors import Conflict, Invalid, NotFound
from tuning.policy import Action
from tuning.ports import Clock, DatasetFiles, Store
from tuning.records import Drop, DropState, Edit, Person
from tuning.rejected import no_bytes, rejected
from tuning.rows import Row, row_at, row_numbered
from tuning.sources import own_row, row_here
from tuning.updates import tell_drop

#: The field of the form that holds a row's text.
FIELD = "row"
#: So many digits of the file's hash tell a form which bytes it shows.
MARK = 12


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row to be mended: what is wrong in it, and what was decided on it before.

    It is the `position`-th of `total` bad rows, or 0 when nothing is wrong in it; `left` are undecided.
    """

    drop: Drop
    row: Row
    findings: Sequence[Finding]
    position: int
    total: int
    left: int
    decided: Edit | None = None
    #: There is a bad row before this one.
    has_before: bool = False

    @property
    def number(self) -> int:
        """The row's line in the person's own file."""
        return own_row(self.drop, self.row.number)

    @property
    def seen(self) -> str:
        """Tells the decision that a form shows from one that was made since; empty when none was."""
        return self.decided.made_at.isoformat() if self.decided else ""

    @property
    def text(self) -> str:
        """The row as it would be kept now; as it was, when it was left out."""
        return self.decided.text if self.decided and self.decided.text is not None else self.row.text


class Overtaken(Conflict):
    """Somebody else decided on the row since the form was opened."""

    code = "overtaken"

    def __init__(self, edit: Edit) -> None:
        self.edit = edit
        super().__init__(f"Somebody else decided on row {edit.row:,} meanwhile.")


@dataclass(frozen=True, slots=True)
class Mended:
    """No bad row follows: what became of them."""

    drop: Drop
    changed: int
    left_out: int
    untouched: int


@dataclass(frozen=True, slots=True)
class _Desk:
    """A rejected file with its bad rows, and what was decided so far."""

    drop: Drop
    bad: BadRows
    edits: Mapping[int, Edit]


@dataclass(frozen=True, slots=True)
class Mending:
    """The use cases around a rejected file.

    `of` is the mark of the bytes that a form shows, `seen` that of the decision which it shows: what somebody
    else decided since raises Overtaken instead of being lost.
    """

    store: Store
    files: DatasetFiles
    now: Clock

    async def step(self, person: Person, drop_id: str, after: int = 0) -> OpenRow | Mended:
        """The first bad row behind row `after` that nothing was decided on; the end when there is none."""
        desk = await self._desk(person, drop_id)
        number = desk.bad.after(after, frozenset(desk.edits))
        if number is not None:
            return await self._opened(desk, number)
        left_out = sum(edit.text is None for edit in desk.edits.values())
        untouched = len(desk.bad.offsets.keys() - desk.edits.keys())
        return Mended(desk.drop, len(desk.edits) - left_out, left_out, untouched)

    async def before(self, person: Person, drop_id: str, row: int) -> OpenRow:
        """The bad row before this one, else this one, whatever was decided on it."""
        desk = await self._desk(person, drop_id)
        return await self._opened(desk, desk.bad.before(row) or row)

    async def row(self, person: Person, drop_id: str, number: int) -> OpenRow:
        """The row of this number, good or bad. Raises NotFound."""
        return await self._opened(await self._desk(person, drop_id), number)

    async def asked_for(self, person: Person, drop_id: str, typed: str) -> OpenRow:
        """The row that has this number in the person's own file, good or bad. Raises NotFound."""
        desk = await self._desk(person, drop_id)
        own = typed.strip().replace(",", "")
        if not (own.isdecimal() and 0 < len(own) < 10):
            raise NotFound(f"{typed.strip()[:40] or 'That'} isn't a row's number.")
        number = row_here(desk.drop, int(own))
        if number is None:
            raise NotFound(f"Row {int(own):,} of {desk.drop.filename} was dropped.")
        return await self._opened(desk, number)

    async def _desk(self, person: Person, drop_id: str) -> _Desk:
        async with self.store.begin() as tx:
            drop, report = await rejected(tx, person, drop_id, Action.mend)
            edits = {edit.row: edit for edit in await tx.drops.edits(drop.workspace, drop.id)}
        return _Desk(drop, await asyncio.to_thread(load, drop, report, self.files), edits)

    async def _opened(self, desk: _Desk, number: int) -> OpenRow:
        drop, bad = desk.drop, desk.bad
        row = await self._row(drop, number, bad.offsets.get(number))
        return OpenRow(
            drop,
            row,
            await asyncio.to_thread(bad.findings, number),
            bad.position(number),
            len(bad.offsets),
            len(bad.offsets.keys() - desk.edits.keys()),
            desk.edits.get(number),
            bad.before(number) is not None,
        )

    async def _row(self, drop: Drop, number: int, offset: int | None) -> Row:
        path = self.files.path(drop.sha256)
        try:
            if offset is not None:
                return await asyncio.to_thread(row_at, path, number, offset)
            found = await asyncio.to_thread(row_numbered, path, number)
        except FileNotFoundError:
            raise no_bytes(drop) from None
        if found is None:
            raise NotFound(f"{drop.filename} has no row {own_row(drop, number):,}.")
        return found

    async def save(
        self, person: Person, drop_id: str, number: int, text: str, of: str = "", seen: str = ""
    ) -> None:
        """Take this text for a row; raises Invalid with what is still wrong in it."""
        async with self.store.begin() as tx:
            drop, report = await rejected(tx, person, drop_id, Action.mend)
        line = _one_line(text)
        if errors := await asyncio.to_thread(errors_in, line, report):
            raise Invalid({FIELD: " ".join(_words(error) for error in errors)})
        await self._decide(person, drop, number, line, of, seen)

    async def leave_out(
        self, person: Person, drop_id: str, number: int, of: str = "", seen: str = ""
    ) -> None:
        """Take a row out of the file."""
        async with self.store.begin() as tx:
            drop, _ = await rejected(tx, person, drop_id, Action.mend)
        await self._decide(person, drop, number, None, of, seen)

    async def _decide(
        self, person: Person, drop: Drop, number: int, text: str | None, of: str, seen: str
    ) -> None:
        async with self.store.begin() as tx:
            fresh, _ = await rejected(tx, person, drop.id, Action.mend)
            if fresh.sha256 != drop.sha256 or not fresh.sha256.startswith(of):
                raise Conflict("The file was checked again meanwhile.", remedy="Press Fix rows on its card.")
            edits = await tx.drops.edits(drop.workspace, drop.id)
            for before in (one for one in edits if one.row == number):
                if before.by != person.user and before.made_at.isoformat() != seen:
                    raise Overtaken(before)
            edit = Edit(drop.workspace, drop.id, number, text, person.user, self.now())
            await tx.drops.edit(edit)

    async def start_over(self, person: Person, drop_id: str) -> None:
        """Forget what was decided so far."""
        async with self.store.begin() as tx:
            drop, _ = await rejected(tx, person, drop_id, Action.mend)
            await tx.drops.forget_edits(drop.workspace, drop.id)

    async def finish(self, person: Person, drop_id: str) -> None:
        """Have the whole file checked with what was decided: `Drops.work` goes on from here."""
        async with self.store.begin() as tx:
            drop, _ = await rejected(tx, person, drop_id, Action.mend)
            if not await tx.drops.edits(drop.workspace, drop.id):
                raise Conflict("No row was changed.", remedy="Change or drop one first.")
            received = replace(drop, state=DropState.received)
            await tx.drops.save(received)
            await tell_drop(tx, received)


def errors_in(line: str, report: Report) -> list[Finding]:
    """What is wrong in one row, held to the format, tokenizer and limit of its file's report.

    What is private in it is no obstacle here: it is redacted or accepted for the file as a whole.
    """
    found: list[Finding] = []
    kind = "supervised" if report.format == "unknown" else report.format
    checker = Checker(Settings(kind, report.tokens.encoding, report.tokens.limit), found.extend)
    checker.feed(line.encode("utf-8", "surrogatepass") + b"\n", 0)
    return [one for one in found if one.severity == "error" and one.code not in PRIVATE_CODES]


def _why_not_one(error: Exception) -> str:
    """What is wrong in a text of several lines that isn't one JSON value."""
    if not isinstance(error, json.JSONDecodeError):
        return "This isn't one JSON object: it is nested too deeply."
    if error.msg == "Extra data":
        return (
            f"A second row begins in line {error.lineno}: this field holds one row, which is one JSON object."
        )
    return (
        f"This isn't one JSON object: line {error.lineno} can't be read from character {error.colno} on. "
        "A line break in a text is \\n."
    )


def _words(finding: Finding) -> str:
    return f"{finding.path}: {finding.message}" if finding.path else finding.message


def _one_line(text: str) -> str:
    """A row takes one line; line breaks between its values go, those inside a string are an error."""
    line = text.strip()
    if not line:
        raise Invalid({FIELD: "This is empty. To leave the row out, press Drop the row."})
    if "\n" not in line and "\r" not in line:
        return line
    try:
        json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Invalid({FIELD: _why_not_one(error)}) from None
    return " ".join(part.strip() for part in line.splitlines())
