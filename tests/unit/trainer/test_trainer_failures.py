"""What a job's error says, whatever broke."""

import errno

import pytest

from trainer.engine.failures import Diverged, Unloadable, explain, without_paths


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


def full_disk_met_by_a_library() -> Exception:
    error = RuntimeError("unexpected pos 64 vs 0")
    error.__context__ = OSError(errno.ENOSPC, "No space left on device")
    return error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Unloadable("the base 'x' can't be loaded"), "invalid_model", "The job failed: the base 'x'"),
        (Diverged("the training loss became nan"), "training_diverged", "became nan"),
        (MemoryError(), "out_of_memory", "smaller batch size"),
        (OutOfMemoryError("CUDA"), "out_of_memory", "smaller batch size"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"),
            "out_of_memory",
            "smaller",
        ),
        (
            ImportError("libtorch_cpu.so: failed to map segment from shared object"),
            "out_of_memory",
            "smaller",
        ),
        (RuntimeError("unexpected pos 1059968 vs 1059856"), "disk_full", "Free some space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full", "Free some space"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "disk_full", "Free some space"),
        (full_disk_met_by_a_library(), "disk_full", "Free some space"),
        (KeyError("x"), "server_error", "KeyError: 'x'"),
    ],
)
def test_each_kind_of_error_has_its_code_and_words(error: Exception, code: str, words: str) -> None:
    found, message = explain(error)
    assert found == code
    assert words in message


def test_no_folder_of_the_server_is_told() -> None:
    said = "Repo id must be 'repo_name' or 'namespace/repo_name': '/srv/ft/jobs/1/model'. /a/b/c.json, a/b"
    kept = "Repo id must be 'repo_name' or 'namespace/repo_name': '[...]'. [...], a/b"
    assert without_paths(said) == kept
    assert without_paths("see https://hub.co/docs/x and 3/4/5") == "see https://hub.co/docs/x and 3/4/5"
    _, words = explain(FileNotFoundError(2, "No such file or directory", "/srv/ft/jobs/1/tokenizer"))
    assert "/srv" not in words
