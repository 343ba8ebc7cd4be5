"""Telling a full disk from other errors, in whatever words the library that met it says so."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# The last two are torch's, whose writer doesn't say why it could not write.
WORDS = (
    "no space left",
    *(f"os error {number}" for number in FULL),
    "unexpected pos",
    "pytorchstreamwriter failed",
)


def is_full(error: BaseException) -> bool:
    """Whether this error, or one that it came from, is a disk or quota without room."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL:
            return True
        if any(words in str(cause).lower() for words in WORDS):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
