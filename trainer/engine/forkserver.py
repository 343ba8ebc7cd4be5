"""A process that has loaded the libraries and forks a worker for each job, which so starts at once.

`python -m trainer.engine.forkserver SOCKET IDLE_SECONDS`: over the socket come {"task", "folder", "log"},
each with a file descriptor that becomes the worker's standard input, its lifeline; {"pid"} answers. Unasked
it says {"ready"} once, and {"pid", "status"} when a worker ended. Without work for so long, it ends and gives
its memory back. It computes nothing itself, because threads don't survive a fork.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

LONGEST = 65536
LOOK_MS = 100


def main() -> None:
    """Serve until the server is gone; its workers see that for themselves."""
    server, idle = socket.socket(fileno=int(sys.argv[1])), float(sys.argv[2])
    os.nice(10)
    _load(server)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    server.send(json.dumps({"ready": True}).encode())
    working = 0
    while True:
        readable, _, _ = select.select([server.fileno(), woken], [], [], None if working else idle)
        if not readable:
            return
        if woken in readable:
            os.read(woken, LONGEST)
            working -= _tell_ended(server)
        if server.fileno() in readable:
            data, descriptors, _, _ = socket.recv_fds(server, LONGEST, 1)
            if not data:
                return
            _fork(server, json.loads(data), descriptors[0], (woken, wake))
            working += 1


def _load(server: socket.socket) -> None:
    """Import what a job needs; ends this process when the server goes meanwhile."""
    loaded = threading.Event()
    watcher = threading.Thread(target=_watch, args=(server, loaded))
    watcher.start()
    try:
        import trainer.engine.preference
        import trainer.engine.supervised
        import trainer.engine.train  # noqa: F401
    finally:
        # Also when they can't be loaded: this process may not stay for the thread alone.
        loaded.set()
        watcher.join()
    # What was loaded stays; the collector of a worker need not look at it, and so doesn't copy its memory.
    gc.collect()
    gc.freeze()


def _watch(server: socket.socket, loaded: threading.Event) -> None:
    poll = select.poll()
    poll.register(server, 0)
    while not loaded.is_set():
        if poll.poll(LOOK_MS):
            os._exit(3)


def _tell_ended(server: socket.socket) -> int:
    """How many workers ended since it was last asked."""
    ended = 0
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended += 1
        server.send(json.dumps({"pid": pid, "status": os.waitstatus_to_exitcode(status)}).encode())


def _fork(server: socket.socket, order: dict[str, Any], lifeline: int, pipe: tuple[int, int]) -> None:
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        server.close()
        for descriptor in pipe:
            os.close(descriptor)
        _work(order, lifeline)
    os.close(lifeline)
    server.send(json.dumps({"pid": pid}).encode())


def _work(order: dict[str, Any], lifeline: int) -> NoReturn:
    """What a process started by itself would do; never returns into the loop above."""
    from trainer.engine import __main__ as engine

    try:
        os.setsid()
        os.dup2(lifeline, 0)
        os.close(lifeline)
        with Path(order["log"]).open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        engine.work(order["task"], Path(order["folder"]))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    engine.leave()


if __name__ == "__main__":
    main()
