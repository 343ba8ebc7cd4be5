"""Starts a job's worker by a fork of a process that has the libraries loaded: `trainer/engine/forkserver.py`.

The libraries take seconds to load; so they take them once. Where a worker can't be forked, it is started as a
process by itself: on other systems than Linux, on a machine with GPUs (a driver doesn't survive a fork), and
while the administrator keeps no such process.
"""

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer.jobs import child
from trainer.jobs.child import Process

LONGEST = 65536
ANSWER_SECONDS = 5.0
LOOK_SECONDS = 0.1
#: A process that has not loaded the libraries by then never will.
LOADING_SECONDS = 300.0
GPUS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")

log = logging.getLogger(__name__)


def possible() -> bool:
    """Whether a worker may be forked on this machine."""
    return sys.platform == "linux" and not any(Path(device).exists() for device in GPUS)


class ForkServer:
    """The process that forks, if one is kept; a new one is started when it has ended for lack of work."""

    def __init__(self, log_file: Path, threads: int, idle_seconds: float) -> None:
        self.log_file = log_file
        self.threads = threads
        self.idle_seconds = idle_seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.socket: socket.socket | None = None
        self.ready = False
        self.ended: dict[int, int] = {}

    def start(self, module: str, task: str, folder: str, *, log: Path, **options: Any) -> Process:
        """As child.start: a worker for one task of one job's folder."""

        def alone() -> Process:
            return child.start(module, task, folder, log=log, **options)

        # A check needs none of the libraries: it is over before a fork would be.
        if task == "check" or self.idle_seconds <= 0 or not possible():
            return alone()
        self.load()
        return Worker(self, {"task": task, "folder": folder, "log": str(log)}, alone)

    def load(self) -> None:
        """Have the process run; it takes seconds until it is ready."""
        if self.idle_seconds <= 0 or not possible() or self.alive():
            return
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(ANSWER_SECONDS)
        with theirs:
            self.process = child.start(
                "trainer.engine.forkserver",
                str(theirs.fileno()),
                str(self.idle_seconds),
                threads=self.threads,
                log=self.log_file,
                keep=(theirs.fileno(),),
            )
        self.socket, self.ready = ours, False

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def listen(self) -> None:
        """Take note of what it has said until now."""
        while self.socket and select.select([self.socket], [], [], 0)[0] and self._hear():
            pass

    def _hear(self) -> dict[str, Any] | None:
        """The next thing it says; None once it is gone."""
        if self.socket is None:
            return None
        data = self.socket.recv(LONGEST)
        said: dict[str, Any] | None = json.loads(data) if data else None
        if said and "status" in said:
            self.ended[said["pid"]] = said["status"]
        elif said and "ready" in said:
            self.ready = True
        return said

    def fork(self, order: dict[str, Any], lifeline: int) -> int:
        """The new worker's process id; raises OSError when the process is gone or doesn't answer."""
        if self.socket is None:
            raise OSError("there is no process to fork")
        socket.send_fds(self.socket, [json.dumps(order).encode()], [lifeline])
        while said := self._hear():
            if said.keys() == {"pid"}:
                return int(said["pid"])
        raise OSError("the process that forks has ended")

    def close(self) -> None:
        """End the process. Its workers go on: each has a lifeline of its own."""
        if self.process is not None:
            child.kill(self.process)
        if self.socket is not None:
            self.socket.close()
        self.process = self.socket = None


class Forked:
    """A worker that is no child of ours: the system tells that it is gone, the process that forked it how."""

    stdin = None

    def __init__(self, server: ForkServer, order: dict[str, Any]) -> None:
        self.server = server
        self.parent = server.process
        self.returncode: int | None = None
        end, self.lifeline = os.pipe()
        try:
            self.pid = server.fork(order, end)
        except OSError:
            os.close(self.lifeline)
            raise
        finally:
            os.close(end)
        self.handle = _handle(self.pid)

    def poll(self) -> int | None:
        """The exit status once it is known; that of a worker whose parent died too is taken for a kill's."""
        if self.returncode is None and (self.handle is None or select.select([self.handle], [], [], 0)[0]):
            self.server.listen()
            orphan = self.server.process is not self.parent or not self.server.alive()
            self.returncode = self.server.ended.pop(self.pid, -signal.SIGKILL if orphan else None)
            if self.returncode is not None:
                self._forget()
        return self.returncode

    def kill(self) -> None:
        """SIGKILL, unless it is gone."""
        if self.handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def wait(self) -> int:
        """Wait until it is gone."""
        if self.handle is not None:
            select.select([self.handle], [], [])
        while (code := self.poll()) is None:
            time.sleep(LOOK_SECONDS / 10)
        return code

    def _forget(self) -> None:
        os.close(self.lifeline)
        if self.handle is not None:
            os.close(self.handle)
        self.handle = None


def _handle(pid: int) -> int | None:
    """What stands for a process even when its number is used again; None when it has ended already."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


class Worker:
    """A forked worker, with the manners of a subprocess.Popen; begins when the fork server is ready."""

    stdin = None

    def __init__(self, server: ForkServer, order: dict[str, Any], alone: Callable[[], Process]) -> None:
        self.server = server
        self.order = order
        self.alone = alone
        self.deadline = time.monotonic() + LOADING_SECONDS
        self.process: Process | None = None
        self.returncode: int | None = None
        self.poll()

    def poll(self) -> int | None:
        """The exit status, or minus the signal, once it has ended."""
        if self.process is None and self.returncode is None:
            self._begin()
        if self.process is not None:
            self.returncode = self.process.poll()
        return self.returncode

    def kill(self) -> None:
        """End it now."""
        if self.process is None:
            self.returncode = -signal.SIGKILL
        else:
            self.process.kill()

    def wait(self) -> int:
        """Wait until it has ended."""
        while self.process is None and self.returncode is None:
            time.sleep(LOOK_SECONDS)
            self.poll()
        if self.process is not None:
            self.returncode = self.process.wait()
        return self.returncode or 0

    def _begin(self) -> None:
        self.server.listen()
        if self.server.ready and self.server.alive():
            try:
                self.process = Forked(self.server, self.order)
                return
            except OSError as error:
                log.warning("No worker could be forked (%s); starting one by itself", error)
                self.server.close()
        if self.server.alive() and not self.server.ready and time.monotonic() >= self.deadline:
            log.warning(
                "The process that forks isn't ready after %d s; starting a worker by itself", LOADING_SECONDS
            )
            self.server.close()
        if not self.server.alive():
            self.process = self.alone()
