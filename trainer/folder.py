"""A job's folder: the only contract between the server and the processes that work for it.

    spec.json      what to do, written once by the server
    command        "pause", written by the server, removed when the job goes on
    run            the name of the one run on a cluster that may work here, and "revoked" when it has to end
    journal.jsonl  what happened, appended by the worker, read by the server from a byte offset
    checkpoints/   checkpoint-N folders; one counts only when it holds the file `complete`
    unwanted       the steps whose checkpoints were deleted as models, written by the server
    damaged-N/     a checkpoint that could not be read any more
    start/         the model that a job starts from, if another job made it
    model/         the result; the journal's outcome is written after it is whole
    worker.log     what the worker's libraries printed

A line of the journal is written in one call and flushed to the disk before anything builds on it. A line that
a kill cut short has no newline: the reader leaves it alone and the next worker removes it.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer import disk

#: What of a checkpoint only further training needs.
TRAINING_STATE = ("optimizer.pt", "scheduler.pt", "rng_state*.pth", "training_args.bin")


class JobFolder:
    """Paths of one job's folder and the few operations on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.model = path / "model"
        self.journal = path / "journal.jsonl"
        self.log = path / "worker.log"
        self.results = path / "results.csv"

    def write_spec(self, spec: dict[str, Any]) -> None:
        """Create the folder with its spec."""
        self.path.mkdir(parents=True, exist_ok=True)
        replace_file(self.path / "spec.json", json.dumps(spec, indent=1).encode())

    def spec(self) -> dict[str, Any]:
        """What to do."""
        spec: dict[str, Any] = json.loads((self.path / "spec.json").read_bytes())
        return spec

    def command(self) -> str | None:
        """What the server wants of a running worker."""
        try:
            return (self.path / "command").read_text() or None
        except FileNotFoundError:
            return None

    def set_command(self, command: str | None) -> None:
        """Leave a word for the worker, or take it back."""
        if command is None:
            (self.path / "command").unlink(missing_ok=True)
        else:
            replace_file(self.path / "command", command.encode())

    def run(self) -> tuple[str, bool] | None:
        """The name of the run that may work here, and whether it still may."""
        try:
            name, _, revoked = (self.path / "run").read_text().partition(" ")
        except FileNotFoundError:
            return None
        return name, not revoked

    def set_run(self, name: str | None, *, revoked: bool = False) -> None:
        """Let a run work here and no other, or take that back."""
        if name is None:
            (self.path / "run").unlink(missing_ok=True)
        else:
            replace_file(self.path / "run", f"{name} revoked".encode() if revoked else name.encode())

    def unwanted(self) -> set[int]:
        """The steps whose checkpoints nobody wants as models any more."""
        try:
            return {int(step) for step in (self.path / "unwanted").read_text().split()}
        except FileNotFoundError:
            return set()

    def disown(self, step: int) -> None:
        """Have a checkpoint stay only for as long as the job may have to continue from it."""
        steps = sorted({*self.unwanted(), step})
        replace_file(self.path / "unwanted", " ".join(str(step) for step in steps).encode())

    def append(self, kind: str, **body: Any) -> None:
        """Add one record to the journal, on the disk before this returns."""
        line = json.dumps({"kind": kind, **body}, allow_nan=False, ensure_ascii=False) + "\n"
        with self.journal.open("ab") as file:
            # A library's words may hold half a character, which the database could not.
            file.write(line.encode(errors="replace"))
            file.flush()
            os.fsync(file.fileno())

    def repair(self) -> None:
        """Remove a last line that a kill cut short."""
        if self.journal.exists():
            data = self.journal.read_bytes()
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                os.truncate(self.journal, whole)

    def records(self, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """The whole lines from a byte offset on, each with the offset behind it."""
        if not self.journal.exists():
            return
        with self.journal.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                offset += len(line)
                yield offset, json.loads(line)

    def discard_unfinished(self) -> None:
        """Remove what was being written when something went wrong."""
        unfinished = [path for path in self.checkpoints.glob("*") if not (path / "complete").exists()]
        for path in [*unfinished, *self.path.glob("*.part")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end."""
        whole = [path for path in self.checkpoints.glob("checkpoint-*") if (path / "complete").exists()]
        return max(whole, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """The step in a checkpoint folder's name."""
    return int(checkpoint.name.rpartition("-")[2])


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that a reader or a crash sees the old one or the new one, never a part."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    disk.flush_name(path)
