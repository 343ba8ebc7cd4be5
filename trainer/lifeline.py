"""How a worker learns that it has to end, without being told by a signal.

On the server's machine the server keeps the write end of the worker's standard input open and never writes
to it; when the server dies, even by kill -9, the operating system closes it. On a cluster the worker
outlives the server and looks into its folder: it may work while the file `run` there names its own run.
"""

import os
import threading
import time

from trainer.folder import JobFolder

#: The environment variable with the name of a run on a cluster.
RUN = "FT_TRAINER_RUN"
LOOK_SECONDS = 0.25


def hold() -> None:
    """End this process as soon as the server does. A job continues later from its last checkpoint."""
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def hold_in(folder: JobFolder) -> None:
    """End this process as soon as the server does, or on a cluster when the run may not go on."""
    run = os.environ.get(RUN)
    if run is None:
        hold()
    else:
        threading.Thread(target=_look, args=(folder, run), name="lifeline", daemon=True).start()


def _wait() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


def _look(folder: JobFolder, run: str) -> None:
    while True:
        try:
            found = folder.run()
        except OSError:
            # A shared folder may be away for a moment; who can't read it can't write to it either.
            found = (run, True)
        if found != (run, True):
            os._exit(3)
        time.sleep(LOOK_SECONDS)
