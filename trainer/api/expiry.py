"""What ends by itself: files with an `expires_after`, and uploads that nobody completed."""

import asyncio
import logging
import shutil

from trainer import ids
from trainer.errors import bad
from trainer.store import Store, Upload

#: The two fields of a form; in JSON they stand in one object.
FIELDS = ("expires_after[anchor]", "expires_after[seconds]")
LEAST, MOST = 3_600, 2_592_000
SWEEP_SECONDS = 2.0

log = logging.getLogger(__name__)


def seconds_of(anchor: object, seconds: object) -> int | None:
    """How long a file is wanted, from an `expires_after`; None when none was sent. Raises ApiError."""
    if anchor is None and seconds is None:
        return None
    if anchor != "created_at":
        raise bad("Invalid 'expires_after.anchor': must be 'created_at'.", FIELDS[0], "invalid_value")
    if isinstance(seconds, str) and seconds.isdecimal() and len(seconds) < 10:
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not LEAST <= seconds <= MOST:
        message = f"Invalid 'expires_after.seconds': must be an integer between {LEAST} and {MOST}."
        raise bad(message, FIELDS[1], "invalid_value")
    return seconds


def expire_uploads(store: Store) -> list[Upload]:
    """Mark the uploads that were not completed in time; returns them, for their bytes are still there."""
    late = [upload for upload in store.where(Upload, status="pending") if upload.expires_at <= ids.now()]
    for upload in late:
        store.change_upload(upload.id, status="expired")
    return late


async def sweep(store: Store) -> None:
    """One round: what has expired goes, with its bytes."""
    expire_uploads(store)
    for folder in store.uploads.iterdir():
        upload = store.find(Upload, folder.name)
        if upload is None or upload.status != "pending":
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    for file in store.expired_files(ids.now()):
        store.remove_file(file)


async def sweep_forever(store: Store) -> None:
    """Remove what a killed server was receiving; then round after round, until cancelled."""
    for path in store.files.glob("incoming-*"):
        path.unlink()
    while True:
        try:
            if store.is_there():
                await sweep(store)
        except Exception:
            log.exception("A round of expiry failed; the next one tries again")
        await asyncio.sleep(SWEEP_SECONDS)
