"""The lines of a block: found in one pass over its bytes, and cut out only where a line is looked at."""

from __future__ import annotations

from functools import cache, cached_property
from itertools import pairwise
from typing import Any
from zlib import crc32

import ahocorasick_rs

_SHAPE = bytes.maketrans(
    b"123456789-BCDEFGHIJKLMNOPQRSTUVWXYZ" + bytes(range(128, 256)), b"000000000 " + b"A" * 25 + b"\x7f" * 128
)


class Lines:
    """The complete lines of a block whose first byte is at `offset` in the file.

    Line i is `block[starts[i] : starts[i + 1] - 1]`, its newline left out; the last may have none.
    """

    def __init__(self, block: bytes, offset: int) -> None:
        self.block = block
        self.offset = offset
        self.starts = [0, *[end for _, _, end in _newlines().find_matches_as_indexes(block)]]
        if self.starts[-1] != len(block):
            self.starts.append(len(block) + 1)

    @cached_property
    def shape(self) -> bytes:
        """The block with 0 for digits, A for capitals, a space for hyphens and DEL for all beyond ASCII."""
        return self.block.translate(_SHAPE)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, i: int) -> bytes:
        return self.block[self.starts[i] : self.starts[i + 1] - 1]

    def lengths(self) -> list[int]:
        """The length of each line in bytes."""
        return [end - start - 1 for start, end in pairwise(self.starts)]

    def sums(self) -> list[int]:
        """A checksum of 32 bits for each line."""
        view = memoryview(self.block)
        return [crc32(view[start : end - 1]) for start, end in pairwise(self.starts)]


@cache
def _newlines() -> Any:
    return ahocorasick_rs.BytesAhoCorasick([b"\n"])
