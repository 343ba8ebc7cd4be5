"""Which checkpoint a job goes on from; one that is damaged is put aside and does not end the job."""

import json
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer import disk
from trainer.engine import ranks
from trainer.engine.failures import JobFailed, out_of_memory
from trainer.engine.journalist import Journalist
from trainer.engine.watch import sizes
from trainer.folder import JobFolder, step_of


class Damaged(Exception):
    """A checkpoint can't be read."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__(f"{checkpoint.name} can't be read")
        self.checkpoint = checkpoint


def newest(folder: JobFolder) -> Path | None:
    """The newest checkpoint that has all its files as they were written."""
    while (last := folder.last_checkpoint()) and not is_whole(last):
        put_aside(folder, last)
    return last


def is_whole(checkpoint: Path) -> bool:
    """Whether nothing of a checkpoint is missing or cut short."""
    try:
        written = json.loads((checkpoint / "complete").read_bytes() or b"{}")
    except ValueError:
        return False
    found = sizes(checkpoint)
    return all(found.get(name) == size for name, size in written.items())


def put_aside(folder: JobFolder, checkpoint: Path) -> None:
    """Go on without a checkpoint; what is left of it stays until the job is over."""
    aside = folder.path / f"damaged-{step_of(checkpoint)}"
    shutil.rmtree(aside, ignore_errors=True)
    checkpoint.rename(aside)
    disk.flush_name(aside)
    last = folder.last_checkpoint()
    where = f"step {step_of(last)}" if last else "the start"
    message = f"The checkpoint of step {step_of(checkpoint)} is damaged; going back to {where}"
    folder.append("note", topic=aside.name, level="warn", message=message)


@contextmanager
def suspecting(checkpoint: Path | None, journalist: Journalist) -> Iterator[None]:
    """Raise Damaged for what goes wrong before the first step after a checkpoint was read.

    Several processes can't begin again by themselves, and memory or room is no fault of the checkpoint.
    """
    try:
        yield
    except Exception as error:
        known = isinstance(error, JobFailed) or out_of_memory(error) or disk.is_full(error)
        if checkpoint is None or journalist.stepped or known or ranks.world() > 1:
            raise
        traceback.print_exc()
        raise Damaged(checkpoint) from error
