"""What the journalist watches beside the metrics: the pace, a loss that runs away, and the disk."""

import json
import shutil
import time
from collections import deque
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from trainer import disk
from trainer.engine.failures import Diverged
from trainer.folder import JobFolder, replace_file, step_of

BEGINNING = 3
SEEN = 10
RUNAWAY = 1.5


@dataclass
class Pace:
    """How long a step takes, measured since this process began to train."""

    began: float = field(default_factory=time.monotonic)
    first_step: int = 0

    def finish(self, step: int, total: int) -> int | None:
        """Unix time at which the job will be done, as far as one can tell."""
        done = step - self.first_step
        if done < 1:
            return None
        return int(time.time() + (time.monotonic() - self.began) / done * (total - step)) + 1


class Watch:
    """Compares the mean of the last losses with the first ones of this process."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.last: deque[float] = deque(maxlen=SEEN)

    def look(self, loss: float, step: int) -> None:
        """Raise Diverged for a loss that is no number, or that grew well above where it began."""
        if not isfinite(loss):
            raise Diverged(f"the training loss became {loss} at step {step}. Try a smaller learning rate.")
        if len(self.first) < BEGINNING:
            self.first.append(loss)
        self.last.append(loss)
        began, now = sum(self.first) / len(self.first), sum(self.last) / len(self.last)
        if len(self.last) == SEEN and now > RUNAWAY * began + 1:
            message = f"the training loss rose from {began:.2f} to {now:.2f} by step {step}."
            raise Diverged(f"{message} Try a smaller learning rate.")


def seal(checkpoint: Path) -> None:
    """Put every file of a checkpoint on the disk, then mark it whole, with what it has to hold."""
    disk.flush(checkpoint)
    for folder in (checkpoint, checkpoint.parent):
        disk.flush_name(folder)
    replace_file(checkpoint / "complete", json.dumps(sizes(checkpoint)).encode())


def sizes(checkpoint: Path) -> dict[str, int]:
    """The size of each file of a checkpoint, by name."""
    return {path.name: path.stat().st_size for path in checkpoint.iterdir() if path.is_file()}


def discard_checkpoints(folder: JobFolder, keep: set[int]) -> None:
    """Remove the checkpoints that are neither promised nor the newest."""
    for checkpoint in folder.checkpoints.glob("checkpoint-*"):
        if step_of(checkpoint) not in keep:
            shutil.rmtree(checkpoint)
