"""Why a job failed, as a code for programs and words that help a person."""

import errno
import re

from trainer import disk

LONGEST = 500
#: An absolute path of several parts; the slashes of an address follow a letter, a colon or each other.
PATH = re.compile(r"(?<![\w:/.~-])/(?:[^\s'\"/:]+/)+[^\s'\",:]*")
NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "std::bad_alloc",
    "failed to map segment",
)


class JobFailed(Exception):
    """An error that is the job's or the base's own, already in words for a person."""

    code = "server_error"


class Unloadable(JobFailed):
    """The base can't be loaded, or its chat template can't be used."""

    code = "invalid_model"


class Unteachable(JobFailed):
    """The training file is well-formed, and yet there is nothing in it that this base could learn."""

    code = "invalid_training_file"


class Diverged(JobFailed):
    """The loss runs away; going on would only cost time."""

    code = "training_diverged"


def out_of_memory(error: BaseException) -> bool:
    """Whether this error, or one that it came from, is a lack of memory, in whatever words it says so."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or type(cause).__name__ == "OutOfMemoryError":
            return True
        if isinstance(cause, OSError) and cause.errno == errno.ENOMEM:
            return True
        if any(words in str(cause).lower() for words in NO_MEMORY):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def without_paths(words: str) -> str:
    """A library's words less the folders of this machine, which concern nobody who asks for a job."""
    return PATH.sub("[...]", words)


def explain(error: Exception) -> tuple[str, str]:
    """The code and the message for whatever ended a job."""
    if isinstance(error, JobFailed):
        return error.code, f"The job failed: {error}"
    if out_of_memory(error):
        return "out_of_memory", "The job failed: memory ran out. Try a smaller batch size or a smaller base."
    if disk.is_full(error):
        return "disk_full", f"The job failed: {disk.ADVICE}"
    words = f"The job failed on an error in its process, {type(error).__name__}: {without_paths(str(error))}"
    return "server_error", words[:LONGEST]
