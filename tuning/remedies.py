"""What is done about a rejected file as a whole: redacted, accepted as it is, or converted.

The wish is stored with the drop, which is then received once more: `Drops.work` does it under its lease,
and again after a kill. Secrets and personal data stay here until somebody redacts or answers for them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tuning.datasets import PRIVATE_CODES
from tuning.datasets.report import Report
from tuning.datasets.shapes import names_column, unknown_column
from tuning.errors import Conflict, Invalid
from tuning.ids import request_id
from tuning.policy import Action
from tuning.ports import Clock, DatasetFiles, Reworker, Store, Transaction
from tuning.records import Acceptance, Drop, DropState, Offer, Person, Remedy, RemedyKind, Update, Version
from tuning.rejected import rejected
from tuning.updates import DROP_CARD, NOTICE, tell_drop

log = logging.getLogger(__name__)

ACCEPTED = "private_accepted"
#: An offer names so many columns at most.
ALL_COLUMNS = 200


def private_codes(report: Report) -> dict[str, int]:
    """How many secrets and personal data of each kind a report counts."""
    return {code: report.codes[code] for code in PRIVATE_CODES if report.codes.get(code)}


def only_private(report: Report) -> bool:
    """Whether nothing but secrets and personal data keeps the file from being kept."""
    found = private_codes(report)
    return bool(found) and sum(found.values()) == report.errors


def within(report: Report, accepted: Mapping[str, int]) -> bool:
    """Whether all errors of a report are private ones, and no more of them than were accepted."""
    return only_private(report) and all(
        number <= accepted.get(code, 0) for code, number in private_codes(report).items()
    )


def acceptance(remedy: Remedy | None, report: Report) -> Acceptance | None:
    """Who answers for what is private in this file, if somebody does."""
    if remedy is None or remedy.kind is not RemedyKind.accept or not within(report, remedy.codes):
        return None
    return Acceptance(remedy.by, remedy.asked_at, private_codes(report))


def accepted_line(drop: Drop, version: Version, accepted: Acceptance) -> Update:
    """The line in the drop's thread that says who accepted what."""
    return Update(
        id=request_id("upd", ACCEPTED, version.id),
        workspace=drop.workspace,
        channel=drop.channel,
        kind=NOTICE,
        subject=version.id,
        created_at=accepted.at,
        payload={"kind": ACCEPTED, "by": accepted.by, "of": drop.filename, "codes": accepted.codes},
        thread_ts=drop.thread_ts,
        parent=None if drop.thread_ts else request_id("upd", DROP_CARD, drop.id),
        recipient=drop.user,
    )


@dataclass(frozen=True, slots=True)
class Remedies:
    """The use cases behind the buttons of a rejected file's card."""

    store: Store
    files: DatasetFiles
    reworker: Reworker
    now: Clock

    async def redact(self, person: Person, drop_id: str) -> None:
        """Have what is private replaced by placeholders."""
        await self._private(person, drop_id, RemedyKind.redact, Action.redact)

    async def accept(self, person: Person, drop_id: str) -> None:
        """Have the file kept with all that is private in it, on this person's word."""
        await self._private(person, drop_id, RemedyKind.accept, Action.accept)

    async def _private(self, person: Person, drop_id: str, kind: RemedyKind, action: Action) -> None:
        async with self.store.begin() as tx:
            drop, report = await rejected(tx, person, drop_id, action)
            if not only_private(report):
                raise Conflict(f"{drop.filename} has other errors too.", remedy="Fix those first.")
            remedy = Remedy(kind, person.user, self.now(), private_codes(report))
            if kind is RemedyKind.accept:
                # as it is: what was begun in the form doesn't count
                await tx.drops.forget_edits(drop.workspace, drop.id)
                log.info("%s accepts what is private in drop %s: %s", person.user, drop.id, remedy.codes)
            await _receive(tx, drop, remedy)

    async def convertible(self, person: Person, drop_id: str) -> Drop:
        """The drop of another format, when this person may have it converted."""
        async with self.store.begin() as tx:
            return await _convertible(tx, person, drop_id)

    async def preview(
        self, person: Person, drop_id: str, user: str, assistant: str, system: str
    ) -> tuple[Drop, Offer]:
        """The drop, and how its first rows would be converted with these texts; `trouble` says why not."""
        drop = await self.convertible(person, drop_id)
        offer = drop.offer or Offer("")
        if wrong := _wrong_templates(offer, user, assistant):
            return drop, replace(offer, preview=(), trouble=" ".join(wrong.values()))
        remedy = Remedy(
            RemedyKind.convert, person.user, self.now(), user=user, assistant=assistant, system=system
        )
        return drop, await self.reworker.preview(self.files.path(drop.sha256), remedy)

    async def convert(self, person: Person, drop_id: str, user: str, assistant: str, system: str) -> None:
        """Have the file converted; raises Invalid for templates that don't fit its columns."""
        async with self.store.begin() as tx:
            drop = await _convertible(tx, person, drop_id)
            if wrong := _wrong_templates(drop.offer or Offer(""), user, assistant):
                raise Invalid(wrong)
            remedy = Remedy(
                RemedyKind.convert, person.user, self.now(), user=user, assistant=assistant, system=system
            )
            await _receive(tx, drop, remedy)


async def _receive(tx: Transaction, drop: Drop, remedy: Remedy) -> None:
    received = replace(drop, state=DropState.received, problem="", remedy=remedy)
    await tx.drops.save(received)
    await tell_drop(tx, received)


async def _convertible(tx: Transaction, person: Person, drop_id: str) -> Drop:
    drop, _ = await rejected(tx, person, drop_id, Action.convert)
    if drop.offer is None:
        raise Conflict(f"{drop.filename} needs no conversion any more.")
    return drop


def _wrong_templates(offer: Offer, user: str, assistant: str) -> dict[str, str]:
    """What is wrong, by field; empty templates leave it to the shape that was recognised."""
    given = {"user": user, "assistant": assistant}
    if not user and not assistant:
        return {} if offer.shape else {"user": "Say which column is asked, as in {question}."}
    wrong = {name: "Fill in both templates, or none." for name, text in given.items() if not text.strip()}
    for name, text in given.items():
        unknown = unknown_column(text, offer.columns)
        if unknown and len(offer.columns) < ALL_COLUMNS:
            wrong[name] = f"There is no column {unknown[:60]}."
        elif text.strip() and not unknown and not names_column(text, offer.columns):
            wrong[name] = "Name a column in braces, as in {question}."
    return wrong
