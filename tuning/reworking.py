"""Doing what was asked for with a rejected file, and the words for when it can't be done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tuning.ports import Reworker
from tuning.records import Remedy, RemedyKind


async def reworked(reworker: Reworker, remedy: Remedy | None, path: Path) -> Remedy | None:
    """Put what the remedy makes of the file in its place; the remedy with what came of it."""
    if remedy is None or remedy.kind is RemedyKind.accept:
        return remedy
    if remedy.kind is RemedyKind.redact:
        return replace(remedy, codes=await reworker.redact(path, path))
    return await reworker.convert(path, path, remedy)


def failure(remedy: Remedy | None, problem: str) -> str:
    """What a card says when it could not be done."""
    if remedy is None:
        return f"Your changes are kept, but could not be checked: {problem}"
    return f"The file could not be {_DONE[remedy.kind]}, and is as it was: {problem}"


_DONE = {RemedyKind.redact: "redacted", RemedyKind.accept: "accepted", RemedyKind.convert: "converted"}
