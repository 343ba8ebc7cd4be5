"""Workers forked from a process that has the libraries loaded; slow for their import."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.trainer_process import ROOT, alive, until
from trainer.jobs import forks
from trainer.jobs.forks import Forked, ForkServer, Worker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not forks.possible(), reason="workers are forked on Linux without a GPU only"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    made = ForkServer(tmp_path_factory.mktemp("forks") / "log", threads=1, idle_seconds=60)
    yield made
    made.close()


def start(server: ForkServer, folder: Path) -> Worker:
    worker = server.start("trainer.engine", "train", str(folder), log=folder.parent / "log", threads=1)
    assert isinstance(worker, Worker)
    return worker


def held(server: ForkServer, folder: Path) -> Worker:
    """A worker that has begun and waits for ever: what it would write to is a pipe that nobody reads."""
    os.mkfifo(folder / "lock")
    worker = start(server, folder)
    until(lambda: worker.poll() is not None or worker.process, 30, "the fork")
    assert isinstance(worker.process, Forked)
    return worker


def test_the_exit_status_and_the_last_words_of_a_forked_worker_are_kept(
    server: ForkServer, tmp_path: Path
) -> None:
    worker = start(server, tmp_path / "missing")
    until(lambda: worker.poll() is not None, 30, "the worker's end")
    assert worker.poll() == worker.wait() == 1
    assert "No such file or directory" in (tmp_path / "log").read_text()
    assert isinstance(worker.process, Forked)


def test_a_forked_worker_is_gone_when_it_was_killed(server: ForkServer, tmp_path: Path) -> None:
    worker = held(server, tmp_path)
    worker.kill()
    assert worker.wait() == -signal.SIGKILL
    assert not alive(worker.process.pid)


def test_a_forked_worker_ends_with_its_lifeline(server: ForkServer, tmp_path: Path) -> None:
    worker = held(server, tmp_path)
    os.dup2(os.open(os.devnull, os.O_WRONLY), worker.process.lifeline)
    until(lambda: worker.poll() is not None, 5, "the worker's end")
    assert worker.poll() == 3


def test_a_worker_that_was_killed_before_it_began_never_begins(tmp_path: Path) -> None:
    server = ForkServer(tmp_path / "server.log", threads=1, idle_seconds=60)
    worker = start(server, tmp_path)
    worker.kill()
    assert (worker.poll(), worker.wait(), worker.process) == (-signal.SIGKILL, -signal.SIGKILL, None)
    loading = server.process
    server.socket.close()
    assert loading.wait(timeout=10) == 3
    server.close()


def test_without_work_the_process_ends_and_gives_its_memory_back() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    without_libraries = "from trainer.engine import forkserver as f; f._load = lambda _: None; f.main()"
    command = [sys.executable, "-c", without_libraries, str(theirs.fileno()), "0.05"]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=(theirs.fileno(),))
    theirs.close()
    assert ours.recv(100) == b'{"ready": true}'
    assert ours.recv(100) == b""
    assert process.wait(timeout=10) == 0
    ours.close()


def test_a_process_that_cannot_load_the_libraries_ends_with_the_reason(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    without_memory = (
        "import sys; sys.modules['trainer.engine.preference'] = None\n"
        "from trainer.engine import forkserver; forkserver.main()"
    )
    command = [sys.executable, "-c", without_memory, str(theirs.fileno()), "60"]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE)
    theirs.close()
    assert process.wait(timeout=10) == 1
    assert b"trainer.engine.preference" in process.stderr.read()
    process.stderr.close()
    ours.close()


def test_a_worker_does_not_wait_for_ever_for_a_process_that_never_gets_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forks, "LOADING_SECONDS", 0.0)
    server = ForkServer(tmp_path / "server.log", threads=1, idle_seconds=60)
    loading: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(server, "listen", lambda: loading.append(server.process))
    worker = start(server, tmp_path / "missing")
    assert isinstance(worker.process, subprocess.Popen)
    assert loading[0].returncode == -signal.SIGKILL
    assert worker.wait() == 1


def test_a_worker_outlives_the_process_that_forked_it(server: ForkServer, tmp_path: Path) -> None:
    worker = held(server, tmp_path)
    os.kill(server.process.pid, signal.SIGKILL)
    until(lambda: not server.alive(), 5, "the end of the process that forks")
    assert worker.poll() is None
    assert alive(worker.process.pid)
    worker.kill()
    assert worker.wait() == -signal.SIGKILL
