"""Work for a worker that needs no training, and what a test sees of the worker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.fakes.trainer_process import until
from trainer import settings as trainer_settings
from trainer.folder import JobFolder
from trainer.jobs.executors import Executor, Task

SECONDS = 40


def task(path: Path, name: str, *, endless: bool = False) -> Task:
    """A training that fails at once on its file, or waits for ever for a file that nobody writes."""
    folder = JobFolder(path / name)
    base = trainer_settings.load().bases["tiny-chat"].as_dict()
    file = folder.path / "training.jsonl"
    folder.write_spec(
        {"training_file": str(file), "validation_file": None, "method": "supervised", "base": base}
    )
    os.mkfifo(file) if endless else file.write_text("{}\n")
    return Task(name, "train", folder)


def phase(executor: Executor, job: str, wanted: str) -> Any:
    def reached() -> Any:
        state = executor.poll(job)
        return state if state.phase == wanted else None

    return until(reached, SECONDS, f"{job} {wanted}")


def worker(folder: JobFolder) -> int:
    """The process that holds the folder's lock."""

    def found() -> int | None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"trainer.engine" in command and str(folder.path).encode() in command:
                return int(process.name)
        return None

    return until(found, SECONDS, "the worker")
