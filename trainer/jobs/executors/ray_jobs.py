"""Workers on a Ray cluster: Ray finds the nodes, we say what is to run and remember its name.

A run's name is written into the job's folder before Ray hears of it. So a server that was killed at any
moment knows what it may have started, and asking Ray again for the same name starts nothing twice. The
worker looks into its folder too: when the name there is another one or is revoked, it ends at once, whether
or not Ray could reach it. Ray's client may take seconds, so a thread talks to it; `poll` tells what it said.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from trainer import ids
from trainer.folder import JobFolder
from trainer.jobs.executors import ENDED, WAITING, State, Task
from trainer.jobs.executors.cluster import Cluster, NeverBegan, Refused, Unreachable
from trainer.settings import Ray

LOOK_SECONDS = 1.0
HURRY_SECONDS = 0.2
CLOSE_SECONDS = 2.0
#: Ray says "pending" of every run for a moment; only then is it worth a word.
PATIENCE_SECONDS = 5.0
#: Before a run that the cluster gave up without beginning it is submitted again.
PAUSE_SECONDS = 5.0

log = logging.getLogger(__name__)


class Jobs(Protocol):
    """What is asked of a cluster."""

    def submit(self, run: str, folder: JobFolder) -> None: ...
    def look(self, run: str, folder: JobFolder) -> State: ...
    def stop(self, run: str) -> None: ...


@dataclass
class Run:
    """One submission to Ray."""

    name: str
    folder: JobFolder
    asked_for: bool = False
    submitted: bool = False
    stopping: bool = False
    stop_sent: bool = False
    state: State = field(default_factory=lambda: State(WAITING))
    since: float = field(default_factory=time.monotonic)
    not_before: float = 0.0


class RayExecutor:
    """Remembers the runs; one thread carries wishes to the cluster and news back."""

    def __init__(self, settings: Ray, jobs: Jobs | None = None) -> None:
        self.places: int | None = None
        self.address = settings.address
        self.jobs = jobs or Cluster(settings)
        self.runs: dict[str, Run] = {}
        self.reachable = True
        self.closed = False
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.thread: threading.Thread | None = None

    def start(self, task: Task) -> None:
        """Write a new name into the folder, then have it submitted."""
        self._follow(task.job, self._named(task.folder))

    def adopt(self, task: Task) -> bool:
        """Go on with the run that the folder names; whether it was ever submitted is for Ray to say."""
        known = task.folder.run()
        if known is None:
            return False
        name, allowed = known
        self._follow(task.job, Run(name, task.folder, asked_for=True, stopping=not allowed))
        return True

    def poll(self, job: str) -> State:
        """What the cluster last said."""
        run = self.runs[job]
        early = time.monotonic() - run.since < PATIENCE_SECONDS
        return State(WAITING) if run.state.phase == WAITING and early else run.state

    def stop(self, job: str) -> None:
        """Take the run's name back: its worker ends by itself, and sooner when Ray tells it too."""
        with self.lock:
            run = self.runs[job]
            run.folder.set_run(run.name, revoked=True)
            run.stopping = True
        self.wake.set()

    def forget(self, job: str) -> None:
        """Free the folder for the next run."""
        self.runs.pop(job).folder.set_run(None)

    def close(self) -> None:
        """Stop looking; the runs go on."""
        self.closed = True
        self.wake.set()
        if self.thread is not None:
            # It may hang in a request, and the system ends it with the server.
            self.thread.join(timeout=CLOSE_SECONDS)

    def look(self) -> None:
        """One pass over all runs."""
        for job, run in list(self.runs.items()):
            try:
                self._advance(job, run)
                self.reachable = True
            except Refused as error:
                log.warning("The Ray cluster refused a request for %s: %s", run.name, str(error)[:500])
                run.not_before = time.monotonic() + LOOK_SECONDS
            except Unreachable as error:
                if self.reachable:
                    log.warning("The Ray cluster at %s can't be reached: %s", self.address, error)
                self.reachable = False
                self._tell_waiting("the Ray cluster can't be reached")
                return

    def _tell_waiting(self, words: str) -> None:
        for run in list(self.runs.values()):
            if run.state.phase == WAITING:
                run.state = State(WAITING, words)

    def _named(self, folder: JobFolder) -> Run:
        run = Run(f"{folder.path.name}-{ids.new('', 6)}", folder)
        folder.set_run(run.name)
        return run

    def _follow(self, job: str, run: Run) -> None:
        self.runs[job] = run
        if self.thread is None:
            self.thread = threading.Thread(target=self._go, name="ray", daemon=True)
            self.thread.start()
        self.wake.set()

    def _go(self) -> None:
        while not self.closed:
            hurry = any(run.stopping or run.state.phase == WAITING for run in list(self.runs.values()))
            self.wake.wait(HURRY_SECONDS if hurry and self.reachable else LOOK_SECONDS)
            self.wake.clear()
            try:
                self.look()
            except Exception:
                log.exception("A look at the Ray cluster failed; the next one tries again")

    def _advance(self, job: str, run: Run) -> None:
        if run.state.phase == ENDED or time.monotonic() < run.not_before:
            return
        if run.stopping:
            self._end(run)
        elif not run.submitted:
            run.asked_for = True
            self.jobs.submit(run.name, run.folder)
            run.submitted = True
        else:
            self._ask(job, run)

    def _ask(self, job: str, run: Run) -> None:
        try:
            run.state = self.jobs.look(run.name, run.folder)
        except NeverBegan:
            if run.state.phase != WAITING:
                run.state = State(ENDED, "the cluster was started anew")
                return
            with self.lock:
                if not run.stopping:
                    self.runs[job] = self._named(run.folder)
                    self.runs[job].since = run.since
                    self.runs[job].not_before = time.monotonic() + PAUSE_SECONDS

    def _end(self, run: Run) -> None:
        """A run that waits for room is over at once: should it get room later, its worker sees the folder."""
        if not run.asked_for:
            run.state = State(ENDED)
            return
        if not run.stop_sent:
            self.jobs.stop(run.name)
            run.stop_sent = True
        try:
            found = self.jobs.look(run.name, run.folder)
        except NeverBegan:
            found = State(ENDED)
        run.state = State(ENDED) if found.phase == WAITING else found
