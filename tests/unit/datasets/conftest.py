"""Shared by the dataset tests: files of small rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import good

from tuning.datasets import Report, check_file

WriteRows = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteRows:
    """Write rows (objects, or bytes as they are) to a file, one a line."""

    def write_rows(*rows: Any, name: str = "rows.jsonl", end: bytes = b"\n") -> Path:
        lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        path = tmp_path / name
        path.write_bytes(b"".join(line + end for line in lines))
        return path

    return write_rows


@pytest.fixture
def check_rows(write: WriteRows) -> Callable[..., Report]:
    """Check rows padded with good ones, so that only what the test is about is found."""

    def check(*rows: Any, fill: int = 60, **how: Any) -> Report:
        return check_file(write(*rows, *(good(n) for n in range(fill))), **how)

    return check
