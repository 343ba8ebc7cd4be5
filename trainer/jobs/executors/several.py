"""The command of a run that needs several processes: `python -m trainer.jobs.executors.several FOLDER`.

It runs on the cluster. Ray places one host on each node that the base asks for; a host starts the worker's
own command once for each GPU (once if there is none) and tells each process its number in torch's way. The
run ends with the first process; when another one or a node is lost, the run ends and a new one continues from
the last checkpoint.
"""

import fcntl
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import ray
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from trainer.folder import JobFolder
from trainer.jobs.executors.cluster import LOST, Needs, needs_of

LOOK_SECONDS = 0.2
#: How long the others may take to end once one process has ended.
GRACE_SECONDS = 10.0
#: Finding room takes a moment; only then is it worth a word.
PATIENCE_SECONDS = 5.0


def main() -> int:
    """Place the hosts, let them work; the exit status is the first one that isn't 0."""
    folder = JobFolder(Path(sys.argv[1]))
    needs = needs_of(folder)
    ray.init(log_to_driver=False)
    hosts = _placed(folder, needs)
    address = ray.get(hosts[0].address.remote())
    works = [host.work.remote(str(folder.path), number, needs, address) for number, host in enumerate(hosts)]
    status = 0
    while works and not status:
        done, works = ray.wait(works)
        status = _status(done[0])
    return status


def _placed(folder: JobFolder, needs: Needs) -> list[Any]:
    """One host on each node, once there is room for all of them."""
    bundle = {"CPU": float(needs.cpus * needs.each), **({"GPU": float(needs.gpus)} if needs.gpus else {})}
    group = placement_group([bundle] * needs.nodes, strategy="STRICT_SPREAD" if needs.nodes > 1 else "PACK")
    ready = group.ready()
    if not ray.wait([ready], timeout=PATIENCE_SECONDS)[0]:
        _tell(folder, f"Waiting until the cluster has room for {needs}")
    ray.get(ready)
    kind = ray.remote(num_cpus=bundle["CPU"], num_gpus=needs.gpus)(Host)
    return [
        kind.options(
            scheduling_strategy=PlacementGroupSchedulingStrategy(
                placement_group=group, placement_group_bundle_index=number
            )
        ).remote()
        for number in range(needs.nodes)
    ]


def _tell(folder: JobFolder, message: str) -> None:
    """Say something in the place of the first process, which doesn't run yet."""
    with (folder.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.repair()
        folder.append("note", level="info", message=message)


def _status(work: Any) -> int:
    try:
        return int(ray.get(work))
    except ray.exceptions.RayActorError:
        return LOST


class Host:
    """Starts and ends the processes of one node."""

    def address(self) -> tuple[str, int]:
        """Where the processes meet: this node, and a port that is free on it."""
        with socket.socket() as probe:
            probe.bind(("", 0))
            here: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
            return here, probe.getsockname()[1]

    def work(self, folder: str, number: int, needs: Needs, address: tuple[str, int]) -> int:
        """Run this node's processes to their end; the exit status is the first one that isn't 0."""
        processes = [
            start(folder, number * needs.each + local, local, needs.processes, address)
            for local in range(needs.each)
        ]
        try:
            return end_of(processes)
        finally:
            for process in processes:
                process.kill()
                process.wait()


def start(
    folder: str, rank: int, local: int, world: int, address: tuple[str, int]
) -> "subprocess.Popen[bytes]":
    """The worker's own command as one of several; only the first writes into the log that people read."""
    path = Path(folder) / ("worker.log" if rank == 0 else f"worker-{rank}.log")
    numbers = {"RANK": rank, "LOCAL_RANK": local, "WORLD_SIZE": world, "MASTER_PORT": address[1]}
    environment = {**os.environ, **{name: str(value) for name, value in numbers.items()}}
    with path.open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "trainer.engine", "train", folder],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**environment, "MASTER_ADDR": address[0]},
        )


def end_of(processes: list["subprocess.Popen[bytes]"]) -> int:
    """Wait for all, but no longer than a grace once one has ended."""
    ended_at = None
    while True:
        codes = [process.poll() for process in processes]
        bad = next((code for code in codes if code), 0)
        if None not in codes:
            return bad
        if bad or any(code == 0 for code in codes):
            ended_at = ended_at or time.monotonic()
            if time.monotonic() - ended_at > GRACE_SECONDS:
                return bad
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
