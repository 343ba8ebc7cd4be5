"""A rejected file, mended row by row: each bad row is changed or left out, and the whole is checked again.

Edits are on record as they are made. `finish` receives the drop once more, and `Drops.work` does the
rest, under its lease and again after a kill.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuning.datasets import PRIVATE_CODES
from tuning.datasets.checker import Checker, Settings
from tuning.datasets.report import Finding, Report
from tuning.errors import Conflict, Invalid
from tuning.findings import bad_rows
from tuning.policy import Action
from tuning.ports import Clock, DatasetFiles, Store
from tuning.records import Drop, DropState, Edit, Person
from tuning.rejected import no_bytes, rejected
from tuning.rows import Row, row_at
from tuning.updates import tell_drop

#: The field of the form that holds a row's text.
FIELD = "row"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is wrong, and why; it is the `position`-th of `total` that the report names."""

    drop: Drop
    row: Row
    findings: Sequence[Finding]
    position: int
    total: int


@dataclass(frozen=True, slots=True)
class Mended:
    """No bad row is left to show: what became of them."""

    drop: Drop
    changed: int
    left_out: int
    untouched: int


@dataclass(frozen=True, slots=True)
class Mending:
    """The use cases around a rejected file."""

    store: Store
    files: DatasetFiles
    now: Clock

    async def step(self, person: Person, drop_id: str, after: int = 0) -> BadRow | Mended:
        """The first bad row behind row `after` that nothing was decided on; the end when there is none."""
        async with self.store.begin() as tx:
            drop, report = await rejected(tx, person, drop_id, Action.mend)
            edits = {edit.row: edit for edit in await tx.drops.edits(drop.workspace, drop.id)}
        bad = bad_rows(report)
        for position, (number, (offset, findings)) in enumerate(bad.items(), 1):
            if number > after and number not in edits:
                return BadRow(drop, await self._row(drop, number, offset), findings, position, len(bad))
        left_out = sum(edit.text is None for edit in edits.values())
        return Mended(drop, len(edits) - left_out, left_out, len(bad.keys() - edits.keys()))

    async def _row(self, drop: Drop, number: int, offset: int) -> Row:
        try:
            return await asyncio.to_thread(row_at, self.files.path(drop.sha256), number, offset)
        except FileNotFoundError:
            raise no_bytes(drop) from None

    async def save(self, person: Person, drop_id: str, number: int, text: str) -> None:
        """Take this text for a row; raises Invalid with what is still wrong in it."""
        async with self.store.begin() as tx:
            drop, report = await rejected(tx, person, drop_id, Action.mend)
        line = _one_line(text)
        if errors := await asyncio.to_thread(errors_in, line, report):
            raise Invalid({FIELD: " ".join(_words(error) for error in errors)})
        await self._decide(person, drop, number, line)

    async def leave_out(self, person: Person, drop_id: str, number: int) -> None:
        """Take a row out of the file."""
        async with self.store.begin() as tx:
            drop, _ = await rejected(tx, person, drop_id, Action.mend)
        await self._decide(person, drop, number, None)

    async def _decide(self, person: Person, drop: Drop, number: int, text: str | None) -> None:
        async with self.store.begin() as tx:
            fresh, report = await rejected(tx, person, drop.id, Action.mend)
            if fresh.sha256 != drop.sha256 or number not in bad_rows(report):
                raise Conflict("The file was checked again meanwhile.", remedy="Press Fix rows on its card.")
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
        raise Invalid(
            {FIELD: f"This isn't one JSON object: {error}. A line break in a text is \\n."}
        ) from None
    return " ".join(part.strip() for part in line.splitlines())
