"""Doing what was asked for with a rejected file, and the words for when it can't be done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tuning.datasets.report import Report
from tuning.errors import FtBotError
from tuning.ports import Reworker
from tuning.records import Offer, Remedy, RemedyKind


async def reworked(reworker: Reworker, remedy: Remedy | None, path: Path) -> Remedy | None:
    """Put what the remedy makes of the file in its place; the remedy with what came of it."""
    if remedy is None or remedy.kind is RemedyKind.accept:
        return remedy
    if remedy.kind is RemedyKind.redact:
        return replace(remedy, codes=await reworker.redact(path, path))
    return await reworker.convert(path, path, remedy)


async def offered(reworker: Reworker, report: Report, path: Path) -> Offer | None:
    """How a file of another format would be converted; None for one that is JSONL already."""
    if report.looks_like is None:
        return None
    try:
        return await reworker.preview(path)
    except FtBotError as error:
        return Offer("", trouble=f"{error.message} {error.remedy}".strip())


def told(remedy: Remedy | None) -> str:
    """What was done to a file that can't be kept all the same."""
    if remedy is None or remedy.kind is not RemedyKind.convert:
        return ""
    left_out = f", {remedy.skipped:,} records left out ({'; '.join(remedy.skips)})" if remedy.skipped else ""
    return f"It was converted: {remedy.rows:,} rows{left_out}."


def failure(remedy: Remedy | None, problem: str) -> str:
    """What a card says when it could not be done."""
    if remedy is None:
        return f"Your changes are kept, but could not be checked: {problem}"
    return f"The file could not be {_DONE[remedy.kind]}, and is as it was: {problem}"


_DONE = {RemedyKind.redact: "redacted", RemedyKind.accept: "accepted", RemedyKind.convert: "converted"}
