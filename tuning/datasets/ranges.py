"""Reading a file in stretches: a stretch owns the lines that begin in it, and memory stays bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

READ = 1 << 19
LOOK = 1 << 13
LONGEST_ROW = 32 << 20
LAST_SHARE = 8
"""Towards the end a stretch is so many times shorter than what is left."""
BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Complete lines and where they begin; `skipped` is the length of a line too long to be read."""

    data: bytes
    offset: int
    skipped: int = 0


def ramp(size: int, step: int) -> list[tuple[int, int]]:
    """Stretches of at most `step` bytes that cover a file of `size` bytes, in order.

    Short ones first, so that something is known early, and short ones last, so that no process waits long
    for the others.
    """
    least = length = max(1, step // 16)
    stretches, start = [], 0
    while start < size:
        for _ in range(2):
            end = min(size, start + min(length, max(least, (size - start) // LAST_SHARE)))
            if start < end:
                stretches.append((start, end))
            start = end
        length = min(step, 2 * length)
    return stretches


def blocks(file: int, start: int, end: int) -> Iterator[Block]:
    """The lines that begin in [start, end), in blocks so small that what is made of them stays in cache.

    A block's end is looked for first, so that its bytes are read once and never copied.
    """
    begin = start if start == 0 else _after_newline(file, start - 1, end)
    while begin < end:
        last = min(begin + READ, end) - 1
        after = _after_newline(file, last, last + LONGEST_ROW, step=LOOK)
        if after <= begin:  # the file has shrunk
            return
        if after < last + LONGEST_ROW:
            yield Block(data := os.pread(file, after - begin, begin), begin)
            if len(data) < after - begin:
                return
            begin = after
            continue
        data = os.pread(file, last - begin, begin)
        if cut := data.rfind(b"\n") + 1:
            yield Block(data[:cut], begin)
        begin += cut
        after = _after_newline(file, last, os.fstat(file).st_size)
        yield Block(b"", begin, after - begin)
        begin = after


def _after_newline(file: int, position: int, end: int, step: int = READ) -> int:
    """Where the first line that begins after `position` begins, or where the file ends, but `end` at most."""
    while position < end:
        chunk = os.pread(file, min(step, end - position), position)
        if not chunk:
            return position
        if (found := chunk.find(b"\n")) >= 0:
            return position + found + 1
        position += len(chunk)
        step = READ
    return end
