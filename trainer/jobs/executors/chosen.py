"""The executors that the settings ask for: files are always checked on this machine."""

from trainer.jobs.executors import Executor
from trainer.jobs.executors.local import LocalExecutor
from trainer.settings import Settings


def chosen(settings: Settings) -> tuple[Executor, Executor]:
    """The executor that checks files, and the one that trains."""
    local = LocalExecutor(settings.training)
    return local, local
