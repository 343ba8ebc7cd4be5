"""Files that people ask for: a version's rows, what it was made of, a picture of its lengths, one bad row.

A picture asked for on a dropped file's card goes into that card's thread, once. All else goes to the asking
person alone, under a message of its own, each time that it is asked for.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from tuning.dropped import sha256_of
from tuning.errors import Conflict, NotFound
from tuning.ids import request_id
from tuning.policy import Action, require
from tuning.ports import Clock, DatasetFiles, Store, Transaction
from tuning.records import Dataset, Person, Update, Version, at_version
from tuning.rejected import no_bytes, rejected
from tuning.rows import copy_row
from tuning.sizes import size as words
from tuning.sources import own_row
from tuning.updates import DROP_CARD, NOTICE
from tuning.versions import no_dataset

log = logging.getLogger(__name__)

ASKED_FILE = "asked_file"
#: The kind of notice under which a file is sent.
ASKED = "file_asked"
#: A file is read into memory to be sent.
MOST_BYTES = 50_000_000


class What(StrEnum):
    """What can be asked for."""

    rows = "rows"
    original = "original"
    histogram = "histogram"
    row = "row"


@dataclass(frozen=True, slots=True)
class Downloads:
    """The use case behind the buttons "Download", "Original" and "Histogram"."""

    store: Store
    files: DatasetFiles
    now: Clock

    async def ask(self, person: Person, what: What, version_id: str, key: str, drop_id: str = "") -> bool:
        """Owe a file; whether it goes to the person alone. `key` is unlike for each press."""
        async with self.store.begin() as tx:
            version = await tx.datasets.version(person.workspace, version_id)
            dataset = await tx.datasets.get(person.workspace, version.dataset_id) if version else None
            if version is None or dataset is None:
                raise no_dataset()
            if what is not What.histogram:
                require(person, Action.download, dataset, dataset.name)
                log.info("%s asked for the %s of %s@%s", person.user, what, dataset.name, version.number)
            payload = self._payload(what, dataset, version, key)
            card = await tx.updates.card(DROP_CARD, drop_id) if drop_id else None
            if card and what is What.histogram:
                await tx.updates.add(_file(person, card, f"{version.id} {what}", payload))
                return False
            await self._to_person(tx, person, payload, key)
        return True

    async def row(self, person: Person, drop_id: str, number: int, key: str) -> None:
        """Owe one row of a rejected file to whoever may mend it."""
        async with self.store.begin() as tx:
            drop, _ = await rejected(tx, person, drop_id, Action.mend)
        mark = request_id("key", drop.id, key)[4:10]
        temporary = self.files.temporary(f"{drop.id}-{mark}")
        try:
            await asyncio.to_thread(copy_row, self.files.path(drop.sha256), temporary, number)
        except FileNotFoundError:
            raise no_bytes(drop) from None
        digest = await asyncio.to_thread(sha256_of, temporary)
        size = await asyncio.to_thread(lambda: temporary.stat().st_size)
        await self.files.keep(temporary, digest)
        own = own_row(drop, number)
        of = f"row {own:,} of {drop.filename}"
        self._sendable(digest, size, of)
        name = f"{PurePath(drop.filename).stem[:60]}-row-{own}-{mark}.json"
        payload = {"kind": ASKED, "what": str(What.row), "of": of, "version_id": drop.id}
        log.info("%s asked for a row of drop %s", person.user, drop.id)
        async with self.store.begin() as tx:
            await self._to_person(tx, person, payload | {"filename": name, "sha256": digest}, key)

    def _payload(self, what: What, dataset: Dataset, version: Version, key: str) -> dict[str, str]:
        of = at_version(dataset.name, version.number)
        payload = {"kind": ASKED, "what": str(what), "of": of, "version_id": version.id}
        mark = request_id("key", version.id, key)[4:10]
        match what:
            case What.histogram:
                return payload | {"filename": f"{dataset.name}-v{version.number}-tokens-{mark}.png"}
            case What.rows:
                self._sendable(version.sha256, version.size, of)
                name = f"{dataset.name}-v{version.number}-{mark}.jsonl"
                return payload | {"filename": name, "sha256": version.sha256}
            case What.original:
                source = version.source
                if source is None or not source.sha256:
                    raise NotFound(f"The file that {of} was made of isn't kept.")
                self._sendable(source.sha256, source.size, of)
                path = PurePath(source.filename)
                name = f"{path.stem[:60]}-{mark}{path.suffix[:12]}"
                return payload | {"filename": name, "sha256": source.sha256}
            case What.row:
                raise ValueError("a row is asked for by its number")

    def _sendable(self, sha256: str, size: int, of: str) -> None:
        if size > MOST_BYTES:
            raise Conflict(
                f"The file of {of} has {words(size)}; I send up to {words(MOST_BYTES)}.",
                remedy=f"The administrator finds it in FT_DATA_DIR under files/{sha256[:2]}/{sha256[:12]}….",
            )
        if not self.files.path(sha256).exists():
            raise NotFound("The dataset's file isn't on this machine's disk.")

    async def _to_person(self, tx: Transaction, person: Person, payload: dict[str, str], key: str) -> None:
        root = Update(
            id=request_id("upd", ASKED, person.user, key),
            workspace=person.workspace,
            channel=person.user,
            kind=NOTICE,
            subject=payload["version_id"],
            created_at=self.now(),
            payload=payload,
            recipient=person.user,
        )
        await tx.updates.add(root)
        await tx.updates.add(_file(person, root, key, payload))


def _file(person: Person, under: Update, key: str, payload: dict[str, str]) -> Update:
    """A file in the thread of this message."""
    return Update(
        id=request_id("upd", ASKED_FILE, under.id, key),
        workspace=under.workspace,
        channel=under.channel,
        kind=ASKED_FILE,
        subject=payload["version_id"],
        created_at=under.created_at,
        payload=payload,
        thread_ts=under.thread_ts,
        parent=under.id,
        recipient=person.user,
    )
