"""A real Ray cluster of some nodes on this machine: a head without room, and nodes with one CPU each.

It lives in a process of its own that obeys lines on its standard input and ends with it; a test asks for it
through `running_cluster`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEMORY = 80 * 2**20
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # keeps Ray on the loopback address
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # a lost node is noticed in some seconds instead of eighteen
    "RAY_health_check_initial_delay_ms": "500",
    "RAY_health_check_period_ms": "500",
}


class RayCluster:
    """The test's end: add a node, kill one."""

    def __init__(self, temporary: str) -> None:
        port, agent = free_ports(2)
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.ray_cluster", str(port), str(agent), temporary],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT, "RAY_TMPDIR": temporary},
        )
        assert json.loads(self.process.stdout.readline()) == "ready"

    def ask(self, *words: str) -> str:
        """Give an order and wait until it is done."""
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def add(self) -> str:
        """One more node; returns its id."""
        return self.ask("add")

    def kill(self, node: str) -> None:
        """kill -9 to all of a node's processes."""
        self.ask("kill", node)

    def close(self) -> None:
        """End everything."""
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


@contextlib.contextmanager
def running_cluster(nodes: int) -> Iterator[RayCluster]:
    """A cluster with so many nodes beside the head."""
    # Ray makes sockets below it, whose paths may not be long.
    # It also writes into RAY_TMPDIR/ray, which it doesn't make.
    temporary = tempfile.mkdtemp(prefix="ray-")
    (Path(temporary) / "ray").mkdir()
    cluster = RayCluster(temporary)
    try:
        for _ in range(nodes):
            cluster.add()
        yield cluster
    finally:
        cluster.close()
        shutil.rmtree(temporary, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, so that several clusters may run at a time."""
    with contextlib.ExitStack() as open_ones:
        probes = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def serve(port: int, agent: int, temporary: str) -> None:
    """The cluster's end."""
    from ray.cluster_utils import Cluster

    common = {"node_ip_address": "127.0.0.1", "object_store_memory": MEMORY, "temp_dir": temporary}
    dashboard = {"include_dashboard": True, "dashboard_host": "127.0.0.1", "dashboard_port": port}
    head = {"num_cpus": 0, "dashboard_agent_listen_port": agent, **dashboard}
    cluster = Cluster(initialize_head=True, head_node_args={**common, **head})
    nodes = {}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        order, *names = json.loads(line)
        if order == "add":
            node = cluster.add_node(num_cpus=1, **common)
            nodes[node.node_id] = node
            print(json.dumps(node.node_id), flush=True)
        else:
            cluster.remove_node(nodes.pop(names[0]), allow_graceful=False)
            print(json.dumps("killed"), flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
