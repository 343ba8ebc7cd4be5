"""Runs `vllm serve` and makes sure that none of its processes outlives the server, even after kill -9.

    python -m trainer.serve.vllm.guard vllm serve ...

The first line of standard input holds variables for vLLM's environment as JSON: its key among them, which so
never stands on a command line. The end of standard input means that the server is gone. vLLM's installation
has its own libraries: our PYTHONPATH would put ours before them.
"""

import json
import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the command of the arguments until it or the server ends; then end the whole process group."""
    variables = json.loads(sys.stdin.buffer.readline() or b"{}")
    threading.Thread(target=_wait_for_the_server_s_end, daemon=True).start()
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        status = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL, env={**inherited, **variables})  # noqa: S603
        print(f"vLLM ended with status {status}", file=sys.stderr, flush=True)
    except OSError as error:
        print(f"vLLM can't be started: {error}", file=sys.stderr, flush=True)
    _end()


def _wait_for_the_server_s_end() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    _end()


def _end() -> None:
    """This process leads its group: see `trainer.jobs.child.start`."""
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
