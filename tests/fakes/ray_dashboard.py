"""Ray's Jobs API on a loopback port: runs what is submitted on this machine, and fails on demand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Dashboard:
    """What the cluster knows; a test may take its room, its nodes and its memory away."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.endings: dict[str, dict[str, Any]] = {}
        self.room = True
        self.refusals = 0
        self.submissions: list[str] = []

    def submit(self, order: dict[str, Any]) -> tuple[int, Any]:
        run = order["submission_id"]
        if self.refusals:
            self.refusals -= 1
            return 500, "No available agent to submit job, please try again later."
        if run in self.orders:
            return 500, f"ValueError: Job with submission_id {run} already exists."
        self.orders[run] = order
        self.submissions.append(run)
        self.fill()
        return 200, {"job_id": run, "submission_id": run}

    def fill(self) -> None:
        """Start what waits, if there is room."""
        for run, order in self.orders.items():
            if self.room and run not in self.processes and run not in self.endings:
                self.processes[run] = subprocess.Popen(
                    order["entrypoint"],
                    shell=True,
                    stdin=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    env={**os.environ, **order["runtime_env"]["env_vars"]},
                )

    def look(self, run: str) -> tuple[int, Any]:
        if run not in self.orders:
            return 404, f"Job {run} does not exist"
        details = {"type": "SUBMISSION", "submission_id": run, "entrypoint": "", **self.standing(run)}
        return 200, details

    def standing(self, run: str) -> dict[str, Any]:
        if run in self.endings:
            return self.endings[run]
        if run not in self.processes:
            return {"status": "PENDING"}
        code = self.processes[run].poll()
        if code is None:
            return {"status": "RUNNING"}
        error = {"error_type": "JOB_ENTRYPOINT_COMMAND_ERROR"} if code else {}
        return {"status": "FAILED" if code else "SUCCEEDED", "driver_exit_code": code, **error}

    def stop(self, run: str) -> tuple[int, Any]:
        if run not in self.orders:
            return 404, f"Job {run} does not exist"
        if run in self.processes and run not in self.endings:
            self.end(run, {"status": "STOPPED"})
        return 200, {"stopped": True}

    def end(self, run: str, how: dict[str, Any]) -> None:
        """The run's process is gone, and this is what is said of it."""
        if run in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.processes[run].pid, signal.SIGKILL)
            self.processes[run].wait()
        self.endings[run] = how

    def forget(self) -> None:
        """The head was started anew: its processes are gone, and it knows nothing."""
        for run in list(self.orders):
            self.end(run, {})
        self.orders, self.processes, self.endings = {}, {}, {}


class Handler(BaseHTTPRequestHandler):
    """The routes."""

    dashboard: Dashboard

    def do_GET(self) -> None:
        if self.path == "/api/version":
            self.answer(200, {"version": "4", "ray_version": "2.60.0", "ray_commit": "", "session_name": ""})
        else:
            self.answer(*self.dashboard.look(self.path.rpartition("/")[2]))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.endswith("/stop"):
            self.answer(*self.dashboard.stop(self.path.split("/")[-2]))
        else:
            self.answer(*self.dashboard.submit(json.loads(body)))

    def answer(self, status: int, body: Any) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextlib.contextmanager
def running_dashboard() -> Iterator[tuple[Dashboard, str]]:
    """A cluster without a cluster, and its address."""
    dashboard = Dashboard()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"dashboard": dashboard}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield dashboard, f"http://127.0.0.1:{server.server_port}"
    finally:
        dashboard.forget()
        server.shutdown()
        server.server_close()
        thread.join()
