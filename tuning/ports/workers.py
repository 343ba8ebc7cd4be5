"""Work that burns a processor: it is done in a process of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from tuning.datasets.progress import Progress
from tuning.datasets.report import Report
from tuning.records import Diff, Offer, Overlap, Remedy

CheckListener = Callable[[Progress], Awaitable[bool]]


class Checker(Protocol):
    """Checks a file in a process of its own, so that the event loop never waits for it."""

    async def check(
        self,
        path: Path,
        *,
        base: str | None = None,
        findings: Path | None = None,
        progress: CheckListener | None = None,
    ) -> Report:
        """The report; all findings go to the CSV file `findings` when it is named.

        `progress` is awaited with what is known so far, about once a second and never twice at a time; when
        it answers True, the check ends soon and its report is `partial`.
        """
        ...


class Reworker(Protocol):
    """Makes files out of files in a process of its own. Raises FileUnreadable with what to do."""

    async def redact(self, source: Path, target: Path) -> dict[str, int]:
        """Write a copy without what is private; how often each kind of it was replaced."""
        ...

    async def plain(self, source: Path, target: Path, most: int) -> tuple[str, str]:
        """Unpack a file and make it UTF-8: its packing and its encoding, empty where nothing was done.

        `most` bounds what is unpacked, in bytes.
        """
        ...

    async def preview(self, source: Path, remedy: Remedy | None = None) -> Offer:
        """How the file would be converted, with a remedy's templates where it has some."""
        ...

    async def convert(self, source: Path, target: Path, remedy: Remedy) -> Remedy:
        """Write the rows as JSONL; the remedy with how many there are and how many were left out."""
        ...

    async def split(
        self, source: Path, folder: Path, *, validation: float, heldout: float, seed: int
    ) -> list[tuple[str, Path]]:
        """Write the parts into the folder: their names with their files."""
        ...


class Leaks(Protocol):
    """Looks for validation rows in training data in a process of its own. Raises FileUnreadable."""

    async def find(self, training: Path, validation: Path) -> Overlap: ...


class Comparer(Protocol):
    """Compares two versions in a process of its own."""

    async def compare(self, old: Path, new: Path) -> Diff: ...

    async def follow(self, old: Path, new: Path, rows: Sequence[int]) -> dict[int, int]:
        """The lines of the new file in which these lines of the old one stand, the same or changed."""
        ...
