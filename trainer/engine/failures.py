"""Why a job failed, as a code for programs and words that help a person."""

from trainer import disk

LONGEST = 500


class JobFailed(Exception):
    """An error that is the job's or the base's own, already in words for a person."""

    code = "server_error"


class Unloadable(JobFailed):
    """The base can't be loaded, or its chat template can't be used."""

    code = "invalid_model"


class Diverged(JobFailed):
    """The loss runs away; going on would only cost time."""

    code = "training_diverged"


def explain(error: Exception) -> tuple[str, str]:
    """The code and the message for whatever ended a job."""
    if isinstance(error, JobFailed):
        return error.code, f"The job failed: {error}"
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "out_of_memory", "The job failed: memory ran out. Try a smaller batch size or a smaller base."
    if disk.is_full(error):
        words = "the disk of the trainer's machine is full. Free some space and start the job again."
        return "disk_full", f"The job failed: {words}"
    words = f"The job failed on an error in its process, {type(error).__name__}: {error}"
    return "server_error", words[:LONGEST]
