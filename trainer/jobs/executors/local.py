"""Workers as processes of this machine, each with a GPU of its own where the administrator named some."""

import logging
import os
from collections.abc import Callable

from trainer import disk
from trainer.jobs import child
from trainer.jobs.child import Process
from trainer.jobs.executors import ENDED, RUNNING, State, Task
from trainer.jobs.forks import ForkServer
from trainer.settings import Training

log = logging.getLogger(__name__)
Start = Callable[..., Process]


class LocalExecutor:
    """Owns the processes; none outlives the server. With a fork server they don't wait for imports."""

    def __init__(
        self, training: Training, start: Start = child.start, forks: ForkServer | None = None
    ) -> None:
        self.places: int | None = len(training.devices) or training.concurrent
        self.training = training
        self.forks = forks
        self.begin: Start = forks.start if forks else start
        self.processes: dict[str, Process] = {}
        self.devices: dict[str, str] = {}

    def start(self, task: Task) -> None:
        """Start the process; it stands in the folder that no worker elsewhere may go on."""
        task.folder.set_run(None)
        device = self._device(task.job) if task.kind == "train" else None
        path, worker_log = str(task.folder.path), task.folder.log
        self.processes[task.job] = self.begin(
            "trainer.engine", task.kind, path, threads=threads(self.training), log=worker_log, device=device
        )

    def adopt(self, task: Task) -> bool:
        """There is nothing to take over: the workers of a server that died ended with it."""
        return False

    def poll(self, job: str) -> State:
        """Running, or ended by a signal or with a status."""
        code = self.processes[job].poll()
        if code is None:
            return State(RUNNING)
        return State(ENDED, how_it_ended(code), full=code == disk.UNSAID)

    def stop(self, job: str) -> None:
        """Kill the process, which is gone when this returns."""
        child.kill(self.processes[job])

    def forget(self, job: str) -> None:
        """Close what is left of the process, and free its GPU."""
        child.kill(self.processes.pop(job))
        self.devices.pop(job, None)

    def close(self) -> None:
        """Kill all processes."""
        for job in list(self.processes):
            self.forget(job)
        if self.forks is not None:
            self.forks.close()

    def _device(self, job: str) -> str | None:
        """A GPU that no other job has; None where the administrator named none."""
        devices = self.training.devices
        free = [device for device in devices if device not in self.devices.values()]
        if devices:
            self.devices[job] = (free or list(devices))[0]
        return self.devices.get(job)


def threads(training: Training) -> int:
    """The processors of one worker: what the settings say, or all but one."""
    return training.threads or max(1, (os.cpu_count() or 2) - 1)


def how_it_ended(code: int) -> str:
    """A process's return code in words."""
    if code >= 0:
        return f"exit status {code}"
    return f"signal {-code}, often a lack of memory" if code == -9 else f"signal {-code}"
