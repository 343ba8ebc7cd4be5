"""Ray's Jobs API in the few words that the executor needs."""

import shlex
from dataclasses import dataclass
from typing import Any

import requests
from ray.job_submission import JobSubmissionClient

from trainer import lifeline
from trainer.folder import JobFolder
from trainer.jobs.executors import ENDED, RUNNING, WAITING, State
from trainer.jobs.executors.local import how_it_ended
from trainer.settings import Ray

ANSWER_SECONDS = 10.0
NO_FOLDER = 66
LOST = 75
NO_PYTHON = 127
#: Ray gave up on finding room, or on the node that it had found: nothing has run.
NEVER_BEGAN = {
    "JOB_SUPERVISOR_ACTOR_START_TIMEOUT",
    "JOB_SUPERVISOR_ACTOR_START_FAILURE",
    "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE",
}


class Unreachable(Exception):
    """The cluster did not answer."""


class Refused(Exception):
    """The cluster answered with an error; right after its start it does so to everything."""


class NeverBegan(Exception):
    """The cluster has ended a run that it had not begun, or doesn't know it."""


class _Client(JobSubmissionClient):
    """Ray's own client waits for ever."""

    def _do_request(self, *args: Any, **options: Any) -> Any:
        return super()._do_request(*args, timeout=ANSWER_SECONDS, **options)


@dataclass(frozen=True)
class Needs:
    """What a base asks of the cluster: on each of `nodes`, `gpus` and `cpus` for each process."""

    nodes: int
    gpus: int
    cpus: int

    @property
    def processes(self) -> int:
        """How many processes train one job together: one for each GPU, or one for each node."""
        return self.nodes * self.each

    @property
    def each(self) -> int:
        """How many of them a node has."""
        return max(1, self.gpus)

    def __str__(self) -> str:
        gpus = f"{self.gpus} GPU(s) and " if self.gpus else ""
        return f"{self.nodes} node(s) with {gpus}{self.cpus * self.each} CPU(s)"


def needs_of(folder: JobFolder) -> Needs:
    """What the job's base asks for."""
    base = folder.spec()["base"]
    return Needs(base["nodes"], base["gpus"], base["cpus"])


class Cluster:
    """Submit, look, stop; every call may take seconds, and raises Unreachable or Refused."""

    def __init__(self, settings: Ray) -> None:
        self.settings = settings
        self.client: JobSubmissionClient | None = None

    def submit(self, run: str, folder: JobFolder) -> None:
        """Ask for a run; asking twice is no harm, since its name is its identity."""
        try:
            self._ask("submit_job", submission_id=run, **order(self.settings, run, folder))
        except Refused as error:
            if "already exists" not in str(error):
                raise

    def look(self, run: str, folder: JobFolder) -> State:
        """Where a run stands; raises NeverBegan."""
        try:
            info = self._ask("get_job_info", run)
        except Refused as error:
            if "status code 404" in str(error):
                raise NeverBegan(run) from error
            raise
        if info.error_type in NEVER_BEGAN:
            raise NeverBegan(run)
        return state_of(info, folder)

    def stop(self, run: str) -> None:
        """Ask for a run's end; one that is over or unknown stays so."""
        try:
            self._ask("stop_job", run)
        except Refused as error:
            if "status code 404" not in str(error):
                raise

    def _ask(self, name: str, *args: Any, **options: Any) -> Any:
        try:
            self.client = self.client or _Client(self.settings.address)
            return getattr(self.client, name)(*args, **options)
        except (requests.RequestException, OSError) as error:
            self.client = None
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        except RuntimeError as error:
            raise Refused(str(error)) from error


def order(settings: Ray, run: str, folder: JobFolder) -> dict[str, Any]:
    """The request for a run: the worker's own command, or the one that places several of them.

    Whoever may look at the cluster sees what is in here, so no secret ever is.
    """
    needs = needs_of(folder)
    alone = needs.processes == 1
    module = "trainer.engine train" if alone else "trainer.jobs.executors.several"
    path, log = shlex.quote(str(folder.path)), shlex.quote(str(folder.log))
    command = f"{shlex.quote(settings.python)} -m {module} {path} >> {log} 2>&1"
    return {
        "entrypoint": f"cd {path} || exit {NO_FOLDER}; exec {command}",
        "entrypoint_num_cpus": needs.cpus if alone else None,
        "entrypoint_num_gpus": needs.gpus if alone else None,
        "runtime_env": {"env_vars": variables(run, needs)},
        "metadata": {"job": folder.path.name},
    }


def variables(run: str, needs: Needs) -> dict[str, str]:
    """The environment of a run's workers, beside what their node gives them."""
    return {
        lifeline.RUN: run,
        "OMP_NUM_THREADS": str(needs.cpus),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def state_of(info: Any, folder: JobFolder) -> State:
    """Ray's word for where a run stands, in ours."""
    status = str(info.status)
    if status == "PENDING":
        return State(WAITING, f"the cluster has no room yet for {needs_of(folder)}")
    if status == "RUNNING":
        return State(RUNNING)
    if status == "STOPPED":
        return State(ENDED, "it was stopped on the cluster")
    code = info.driver_exit_code
    if info.error_type == "JOB_SUPERVISOR_ACTOR_DIED" or code == LOST:
        return State(ENDED, "a node it ran on was lost")
    if code == NO_FOLDER:
        return State(ENDED, f"its node has no folder {folder.path.parent}, which all nodes must share")
    if code == NO_PYTHON:
        return State(ENDED, "its node has not the Python that trainer.toml names")
    return State(ENDED, how_it_ended(code) if code is not None else "an error of the cluster")
