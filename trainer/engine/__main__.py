"""One job's process: `python -m trainer.engine check|train FOLDER`.

Whatever happens, the journal's last record says how it ended; if there is none, the process was killed and
the server starts another, which continues from the last checkpoint.
"""

import errno
import fcntl
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from trainer import lifeline
from trainer.engine import checks, plan
from trainer.folder import JobFolder


def main() -> None:
    """Do one task for one job's folder."""
    task, path = sys.argv[1:]
    lifeline.hold()
    folder = JobFolder(Path(path))
    with (folder.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.repair()
        check(folder) if task == "check" else run(folder)


def check(folder: JobFolder) -> None:
    """Read the files and say whether they can be trained on."""
    spec = folder.spec()
    for param in ("training_file", "validation_file"):
        if spec[param] is None:
            continue
        try:
            fewest = checks.FEWEST if param == "training_file" else 1
            checks.read(Path(spec[param]), spec["method"], fewest)
        except checks.BadFile as error:
            kind = param.replace("_", " ")
            message = f"The job failed due to an invalid {kind}. {error}"
            code = error.code.replace("training_file", param)
            folder.append("outcome", outcome="failed", code=code, param=param, message=message)
            return
    folder.append("outcome", outcome="checked")


def run(folder: JobFolder) -> None:
    """Train, and turn what can go wrong into words."""
    os.nice(10)
    try:
        folder.append("outcome", **_trained(folder))
    except MemoryError:
        _fail(folder, "out_of_memory", "The machine ran out of memory. Try a smaller batch size or base.")
    except Exception as error:
        if type(error).__name__ == "OutOfMemoryError":
            _fail(folder, "out_of_memory", "The device ran out of memory. Try a smaller batch size or base.")
            return
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            words = "The disk of the trainer's machine is full. Free some space and start the job again."
            _fail(folder, "disk_full", words)
            return
        traceback.print_exc()
        words = f"The job failed on an error in its process, {type(error).__name__}: {error}"
        _fail(folder, "server_error", words[:500])


def _trained(folder: JobFolder) -> dict[str, Any]:
    spec = folder.spec()
    rows = checks.read(Path(spec["training_file"]), spec["method"])
    held_out = (
        checks.read(Path(spec["validation_file"]), spec["method"], 1) if spec["validation_file"] else []
    )
    hyper = plan.settle(spec["hyperparameters"], spec["base"], len(rows), spec["method"])
    if not any(record["kind"] == "hyperparameters" for _, record in folder.records()):
        words = plan.explain(hyper, spec["hyperparameters"], spec["base"], len(rows))
        folder.append("hyperparameters", values=hyper.as_dict(), message=words)
    # Only now: these imports take seconds, and what stands above should be told before.
    from trainer.engine import bases, data, watch
    from trainer.engine.train import train

    try:
        result = train(folder, rows, held_out, hyper)
    except (bases.Unloadable, data.TemplateError) as error:
        return {"outcome": "failed", "code": "invalid_model", "message": f"The job failed: {error}"}
    except watch.Diverged as error:
        return {"outcome": "failed", "code": "training_diverged", "message": f"The job was stopped: {error}"}
    outcome = "paused" if result.paused else "succeeded"
    return {"outcome": outcome, "trained_tokens": result.trained_tokens}


def _fail(folder: JobFolder, code: str, message: str) -> None:
    folder.append("outcome", outcome="failed", code=code, message=message)


if __name__ == "__main__":
    main()
