"""Reading a file in stretches: a stretch owns the lines that begin in it, and memory stays bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

READ = 1 << 19
LONGEST_ROW = 32 << 20
BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Complete lines and where they begin; `skipped` is the length of a line too long to be read."""

    data: bytes
    offset: int
    skipped: int = 0


def split(size: int, step: int) -> list[tuple[int, int]]:
    """Stretches of `step` bytes that cover a file of `size` bytes."""
    return [(start, min(start + step, size)) for start in range(0, size, step)]


def ramp(size: int, step: int) -> list[tuple[int, int]]:
    """Stretches that cover a file of `size` bytes: short ones first, so that something is known early."""
    stretches, start, length = [], 0, max(1, step // 16)
    while start < size:
        stretches += [(at, min(at + length, size)) for at in (start, start + length) if at < size]
        start, length = start + 2 * length, min(step, 2 * length)
    return stretches


def blocks(file: int, start: int, end: int) -> Iterator[Block]:
    """The lines that begin in [start, end), in blocks so small that what is made of them stays in cache."""
    begin = start if start == 0 else _after_newline(file, start - 1, end)
    carry = b""
    position = begin
    while begin < end:
        chunk = os.pread(file, READ, position)
        position += len(chunk)
        data = carry + chunk
        cut = _cut(data, begin, end) if chunk else len(data)
        if cut:
            yield Block(data[:cut], begin)
            begin += cut
        carry = data[cut:]
        if not chunk:
            return
        if len(carry) > LONGEST_ROW:
            after = _after_newline(file, position, os.fstat(file).st_size)
            yield Block(b"", begin, after - begin)
            begin = position = after
            carry = b""


def _cut(data: bytes, begin: int, end: int) -> int:
    """How much of `data`, which begins at `begin`, is complete lines that begin before `end`."""
    if begin + len(data) <= end:
        return data.rfind(b"\n") + 1
    return data.find(b"\n", max(0, end - 1 - begin)) + 1 or (data.rfind(b"\n", 0, end - begin) + 1)


def _after_newline(file: int, position: int, end: int) -> int:
    """Where the first line that begins after `position` begins; `end` if there is no newline before it."""
    while position < end:
        chunk = os.pread(file, min(READ, end - position), position)
        if not chunk:
            return end
        if (found := chunk.find(b"\n")) >= 0:
            return position + found + 1
        position += len(chunk)
    return end
