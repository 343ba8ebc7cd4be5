"""Several processes that train one job together, each on its share of every batch.

Who starts them tells each its number through torch's own environment variables (`RANK`, `WORLD_SIZE`...).
Only the first one speaks: it holds the folder's lock, writes the journal and the model; and what has to be
the same everywhere, such as the step to go on from or a wish to pause, is what the first one says.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trainer.folder import JobFolder, replace_file

BROKEN = ("gloo", "nccl", "connection", "socket", "tcpstore", "store->")
WORDS_SECONDS = 3.0


class CompanionLost(Exception):
    """Another process of this job is gone; the job goes on later from its last checkpoint."""


class Companion(JobFolder):
    """The job's folder as all but the first process see it: there to be read."""

    def append(self, kind: str, **body: Any) -> None:
        """The first process tells."""

    def discard_unfinished(self) -> None:
        """The first process tidies up."""

    def repair(self) -> None:
        """The first process tidies up."""


def rank() -> int:
    """This process's number, from 0."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """How many processes train this job."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def first() -> bool:
    """Whether this process speaks for all; it does when it is alone."""
    return rank() == 0


def join(gpu: bool) -> None:
    """Wait until all processes are there."""
    if world() > 1:
        import torch

        if gpu:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        torch.distributed.init_process_group("nccl" if gpu else "gloo")


def wait() -> None:
    """Go on when all are here."""
    if world() > 1:
        import torch

        torch.distributed.barrier()


def agreed(value: int) -> int:
    """What the first process says, for all of them."""
    if world() == 1:
        return value
    import torch

    said = torch.tensor([value], device="cuda" if torch.distributed.get_backend() == "nccl" else "cpu")
    torch.distributed.broadcast(said, 0)
    return int(said)


@contextmanager
def the_first_first() -> Iterator[None]:
    """What is made or downloaded once is there when the others look for it."""
    if not first():
        wait()
    yield
    if first():
        wait()


def arguments(batch_size: int) -> dict[str, Any]:
    """What the Trainer has to know of the others; `batch_size` counts the rows of all together."""
    share: dict[str, Any] = {"per_device_train_batch_size": batch_size // world()}
    if world() > 1:
        import torch

        share["ddp_backend"] = torch.distributed.get_backend()
        share["ddp_find_unused_parameters"] = False
    return share


def is_broken(error: Exception) -> bool:
    """Whether an error says no more than that the others can't be reached."""
    return world() > 1 and isinstance(error, RuntimeError) and any(w in str(error).lower() for w in BROKEN)


def leave_words(folder: JobFolder, code: str, message: str) -> None:
    """All but the first process leave here why they failed."""
    replace_file(_words(folder), json.dumps({"code": code, "message": message}).encode())


def words_of_others(folder: JobFolder) -> tuple[str, str]:
    """Why another process failed; raises CompanionLost if none says so in time."""
    deadline = time.monotonic() + WORDS_SECONDS
    while time.monotonic() < deadline:
        if _words(folder).exists():
            said = json.loads(_words(folder).read_bytes())
            return said["code"], said["message"]
        time.sleep(0.1)
    raise CompanionLost


def forget_words(folder: JobFolder) -> None:
    """What an earlier run left does not count."""
    _words(folder).unlink(missing_ok=True)


def _words(folder: JobFolder) -> Any:
    return folder.path / "companion.json"
