"""The service that trains and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tuning.records import BackendFile, BackendJob, BackendModel, Checkpoint, Delta, Event, Plan

#: Is told how many bytes of a file, or of a part, were handed over so far.
Sent = Callable[[int], None]


class Backend(Protocol):
    """A service that speaks the OpenAI fine-tuning wire. Writes are sent once, never retried inside."""

    async def upload(self, path: Path, filename: str, sent: Sent | None = None) -> BackendFile:
        """Send a file with purpose fine-tune, streamed from disk."""
        ...

    async def begin_upload(self, filename: str, size: int) -> tuple[str, datetime]:
        """Announce a file that comes in parts: the upload's id, and until when it can be completed.

        Raises BackendNotFound when the backend takes no files in parts.
        """
        ...

    async def send_part(
        self, upload_id: str, path: Path, start: int, size: int, sent: Sent | None = None
    ) -> str:
        """Send `size` bytes of a file from `start` on, streamed from disk; the part's id."""
        ...

    async def complete_upload(self, upload_id: str, parts: Sequence[str]) -> BackendFile:
        """Make a file of these parts, in this order."""
        ...

    async def cancel_upload(self, upload_id: str) -> None:
        """Give up an upload in parts; one that is over already is fine."""
        ...

    async def find_files(self, filename: str) -> list[BackendFile]:
        """All files with exactly this name."""
        ...

    async def delete_file(self, file_id: str) -> None:
        """Delete a file; one that is gone already is fine."""
        ...

    async def create_job(
        self, plan: Plan, *, training_file: str, validation_file: str | None, metadata: dict[str, str]
    ) -> BackendJob: ...

    async def find_jobs(self, metadata: dict[str, str], *, since: datetime) -> list[BackendJob]:
        """Jobs created after `since` whose metadata hold these pairs, if the backend can filter or not."""
        ...

    async def job(self, backend_id: str) -> BackendJob: ...

    async def cancel_job(self, backend_id: str) -> BackendJob: ...

    async def events(self, backend_id: str, known: frozenset[str]) -> list[Event]:
        """Events that are not in `known`, oldest first; stops paging at the first page of known ones."""
        ...

    async def checkpoints(self, backend_id: str) -> list[Checkpoint]:
        """Oldest first; a backend without checkpoints has none."""
        ...

    async def models(self) -> list[BackendModel]: ...

    async def delete_model(self, model: str) -> None:
        """Delete a fine-tuned model; one that is gone already is fine."""
        ...

    def answer(self, model: str, question: str, *, system: str | None) -> AsyncIterator[Delta]:
        """Stream a chat completion; the last delta carries the token counts when the backend tells them."""
        ...
