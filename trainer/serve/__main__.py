"""The answering process: reads questions from its standard input, writes what it says to its standard output.

When the server is gone, standard input ends, and so does this process.
"""

import json
import os
import queue
import sys
import threading
from typing import Any


def _read(inbox: "queue.Queue[dict[str, Any]]") -> None:
    with os.fdopen(0, "rb") as lines:
        for line in lines:
            inbox.put(json.loads(line))
    os._exit(0)


def main() -> None:
    """Keep the pipe for answers, and let whatever a library prints go to the log."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()
    # Reading begins before the imports that take seconds: the server's writes must never wait for them.
    threading.Thread(target=_read, args=(inbox,), daemon=True).start()
    from trainer.serve.answering import Answering
    from trainer.serve.models import Models

    Answering(Models(int(sys.argv[1])), inbox, output, places=int(sys.argv[2])).run()


if __name__ == "__main__":
    main()
