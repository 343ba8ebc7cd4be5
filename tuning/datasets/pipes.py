"""Values over a pipe: each as its length in eight bytes and its pickle, only between our own processes."""

from __future__ import annotations

import os
import pickle
from typing import Any

_LENGTH = 8


def send(pipe: int, value: object) -> None:
    """Write a value. Raises BrokenPipeError when nobody will read it."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    left = memoryview(len(data).to_bytes(_LENGTH, "little") + data)
    while left:
        left = left[os.write(pipe, left) :]


def receive(pipe: int) -> Any:
    """Read a value. Raises EOFError when the other end is gone."""
    length = int.from_bytes(_exactly(pipe, _LENGTH), "little")
    return pickle.loads(_exactly(pipe, length))  # noqa: S301 - our own processes wrote it


def _exactly(pipe: int, count: int) -> bytes:
    pieces: list[bytes] = []
    while count:
        piece = os.read(pipe, min(count, 1 << 20))
        if not piece:
            raise EOFError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
