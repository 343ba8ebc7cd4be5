"""What a version was made of: the file as it was dropped stays beside it, with what was done to it.

Why not as a version of its own: a version can always be trained on, split and sent to the backend, and a
table or a file with errors can't. Redacted bytes are the exception that is not kept: whoever has secrets
taken out of a file doesn't want them to stay on the bot's disk.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from tuning.errors import FtBotError
from tuning.ports import Comparer, DatasetFiles
from tuning.records import Drop, Remedy, RemedyKind, Source, Step

log = logging.getLogger(__name__)

_STEPS = {RemedyKind.convert: Step.converted, RemedyKind.redact: Step.redacted}


def made_of(drop: Drop, remedy: Remedy | None, edits: Mapping[int, str | None]) -> Source | None:
    """The source of what this drop's bytes become by these edits and this remedy."""
    steps = (Step.mended,) if edits else ()
    if remedy and (step := _STEPS.get(remedy.kind)):
        steps = (*steps, step)
    if not steps:
        return drop.source
    before = drop.source or Source(drop.filename, drop.size, drop.sha256, ())
    redacted = Step.redacted in steps
    dropped = {own_row(drop, row) for row, text in edits.items() if text is None}
    return replace(
        before,
        sha256="" if redacted else before.sha256,
        steps=tuple(dict.fromkeys((*before.steps, *steps))),
        dropped=tuple(sorted(dropped.union(before.dropped))),
    )


def own_row(drop: Drop, row: int) -> int:
    """The line that a row of a drop's bytes has in its person's own file, some being dropped."""
    for dropped in drop.source.dropped if drop.source else ():
        row += dropped <= row
    return row


def row_here(drop: Drop, own: int) -> int | None:
    """The line that a row of the person's own file has now; None when it was dropped."""
    dropped = drop.source.dropped if drop.source else ()
    return None if own in dropped else own - sum(row < own for row in dropped)


def held(drop: Drop) -> tuple[str, ...]:
    """The bytes that a drop keeps from being removed."""
    return (drop.sha256, drop.findings, drop.source.sha256 if drop.source else "")


async def counted(
    source: Source | None, drop: Drop, digest: str, comparer: Comparer, files: DatasetFiles
) -> Source | None:
    """The source with how many rows differ from it in the new bytes; `drop` is as it was before.

    A table's rows can't be compared with what they were converted to.
    """
    before = drop.source.sha256 if drop.source else drop.sha256
    if source is None or Step.converted in source.steps or not before:
        return source
    try:
        return replace(source, diff=await comparer.compare(files.path(before), files.path(digest)))
    except FtBotError as error:
        log.warning("a file can't be compared with its source: %s", error)
        return source
