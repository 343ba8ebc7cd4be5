"""Printing for people and pipes."""

from __future__ import annotations

import os
from typing import TextIO


def print_all(text: str, out: TextIO) -> None:
    """Print; a reader that went away early, such as `head`, is no error."""
    try:
        print(text, file=out, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
