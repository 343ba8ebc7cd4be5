"""One job's process: `python -m trainer.engine check|train FOLDER`.

Whatever happens, the journal's last record says how it ended; if there is none, the process was killed and
the server starts another, which continues from the last checkpoint.
"""

import contextlib
import fcntl
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from trainer import disk, lifeline
from trainer.engine import checks, failures, plan, ranks
from trainer.folder import JobFolder


def main() -> None:
    """Do one task for one job's folder."""
    task, path = sys.argv[1:]
    work(task, Path(path))
    leave()


def leave(status: int = 0) -> NoReturn:
    """End at once: taking the libraries down in good order costs a second and changes nothing."""
    # The log may stand on a full disk.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def work(task: str, path: Path) -> None:
    """Do the task; where not even the journal finds room, the exit status says so."""
    try:
        _work(task, JobFolder(path))
    except OSError as error:
        if not disk.is_full(error):
            raise
        with contextlib.suppress(OSError):
            traceback.print_exc()
        leave(disk.UNSAID)


def _work(task: str, folder: JobFolder) -> None:
    """While the server lives, and never beside another process that works on the folder."""
    lifeline.hold_in(folder)
    if not ranks.first():
        run(ranks.Companion(folder.path))
        return
    with (folder.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.repair()
        ranks.forget_words(folder)
        check(folder) if task == "check" else run(folder)


def check(folder: JobFolder) -> None:
    """Read the files and say whether they can be trained on."""
    spec = folder.spec()
    for param in ("training_file", "validation_file"):
        if spec[param] is None:
            continue
        try:
            fewest = checks.FEWEST if param == "training_file" else 1
            checks.verify(Path(spec[param]), spec["method"], fewest)
        except checks.BadFile as error:
            kind = param.replace("_", " ")
            message = f"The job failed due to an invalid {kind}. {error}"
            code = error.code.replace("training_file", param)
            folder.append("outcome", outcome="failed", code=code, param=param, message=message)
            return
    folder.append("outcome", outcome="checked")


def run(folder: JobFolder) -> None:
    """Train, and turn what can go wrong into words."""
    os.nice(max(0, 10 - os.nice(0)))
    try:
        folder.append("outcome", **_trained(folder))
    except Exception as error:
        traceback.print_exc()
        code, message = _why(folder, error)
        # First make room: on a full disk the words themselves need some.
        folder.discard_unfinished()
        folder.repair()
        folder.append("outcome", outcome="failed", code=code, message=message)


def _why(folder: JobFolder, error: Exception) -> tuple[str, str]:
    """The code and the words for what went wrong; raises where this process is not the one to say so."""
    if ranks.is_broken(error):
        return ranks.words_of_others(folder)
    code, message = failures.explain(error)
    if not ranks.first():
        ranks.leave_words(folder, code, message)
        raise error
    return code, message


def _trained(folder: JobFolder) -> dict[str, Any]:
    spec = folder.spec()
    rows = checks.read(Path(spec["training_file"]), spec["method"])
    held_out = (
        checks.read(Path(spec["validation_file"]), spec["method"], 1) if spec["validation_file"] else []
    )
    hyper = plan.settle(spec["hyperparameters"], spec["base"], len(rows), spec["method"], ranks.world())
    if not any(record["kind"] == "hyperparameters" for _, record in folder.records()):
        words = plan.explain(hyper, spec["hyperparameters"], spec["base"], len(rows))
        folder.append("hyperparameters", values=hyper.as_dict(), message=words)
    # Only now: this import takes seconds, and what stands above should be told before.
    from trainer.engine.train import train

    result = train(folder, rows, held_out, hyper)
    outcome = "paused" if result.paused else "succeeded"
    return {"outcome": outcome, "trained_tokens": result.trained_tokens}


if __name__ == "__main__":
    main()
