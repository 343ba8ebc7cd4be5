"""The executors that the settings ask for: files are always checked on this machine."""

from pathlib import Path

from trainer.jobs.executors import Executor
from trainer.jobs.executors.local import LocalExecutor, threads
from trainer.jobs.forks import ForkServer
from trainer.settings import Settings


def chosen(settings: Settings, logs: Path) -> tuple[Executor, Executor]:
    """The executor that checks files, and the one that trains; the libraries begin to load if they may."""
    training = settings.training
    forks = ForkServer(logs / "forks.log", threads(training), 60 * training.loaded_minutes)
    local = LocalExecutor(training, forks=forks)
    if settings.training.executor == "local":
        if local.places:
            forks.load()
        return local, local
    # Only now: who trains on this machine needs no Ray.
    from trainer.jobs.executors.ray_jobs import RayExecutor

    return local, RayExecutor(settings.ray)
