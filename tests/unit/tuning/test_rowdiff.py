"""What changed between two versions: counted row by row, whatever their order and spelling."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuning.records import Diff
from tuning.rowdiff import compare
from tuning.rowfollow import follow

rows = st.lists(
    st.sampled_from([b'{"a": 1}', b'{"b": [1, 2]}', b'{"c": "x"}', b"not json", b"[]"]), max_size=12
)


def diff(folder: Path, old: list[bytes], new: list[bytes]) -> Diff:
    paths = folder / "old", folder / "new"
    for path, lines in zip(paths, (old, new), strict=True):
        path.write_bytes(b"".join(line + b"\n" for line in lines))
    return compare(*paths)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("abc", "abc", Diff(0, 0, 0)),
        ("abc", "abcd", Diff(1, 0, 0)),
        ("abc", "ac", Diff(0, 1, 0)),
        ("abc", "axc", Diff(0, 0, 1)),
        ("abc", "xbyz", Diff(1, 0, 2)),
        ("abc", "cba", Diff(0, 0, 0)),
        ("aab", "ab", Diff(0, 1, 0)),
        ("", "ab", Diff(2, 0, 0)),
        ("ab", "", Diff(0, 2, 0)),
        ("abc", "xyz", Diff(0, 0, 3)),
    ],
)
def test_rows_are_told_as_added_removed_or_changed(tmp_path: Path, old: str, new: str, told: Diff) -> None:
    assert diff(tmp_path, [c.encode() for c in old], [c.encode() for c in new]) == told


def test_the_order_of_keys_white_space_and_line_ends_dont_count(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b'{"a": 1, "b": "\\u00e9"}\n\n{"c": 2}\n')
    (tmp_path / "new").write_bytes(b'\xef\xbb\xbf{"b":"\xc3\xa9","a":1}\r\n  {"c":2}')
    assert compare(tmp_path / "old", tmp_path / "new") == Diff(0, 0, 0)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows, rows)
def test_the_counts_add_up_to_the_difference_of_the_two_bags(
    tmp_path: Path, old: list[bytes], new: list[bytes]
) -> None:
    found, before, after = diff(tmp_path, old, new), Counter(old), Counter(new)
    assert found.added + found.changed == (after - before).total()
    assert found.removed + found.changed == (before - after).total()
    assert min(found.added, found.removed, found.changed) >= 0


def test_nesting_without_end_is_compared_by_its_bytes(tmp_path: Path) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    assert diff(tmp_path, [deep, b"1"], [deep, json.dumps({"x": 1}).encode()]) == Diff(0, 0, 1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("abc", "abc", {1: 1, 2: 2, 3: 3}),
        ("abc", "bc", {2: 1, 3: 2}),
        ("abc", "axc", {1: 1, 2: 2, 3: 3}),
        ("abc", "xbyz", {1: 1, 2: 2, 3: 3}),
        ("abc", "cba", {1: 3, 2: 2, 3: 1}),
        ("aab", "xaba", {1: 2, 2: 4, 3: 3}),
        ("ab", "", {}),
        ("a\nb", "\nab", {1: 2, 3: 3}),
    ],
)
def test_rows_are_followed_to_where_they_stand_now(
    tmp_path: Path, old: str, new: str, told: dict[int, int]
) -> None:
    for name, rows in (("old", old), ("new", new)):
        (tmp_path / name).write_text("".join(c if c == "\n" else f"{c}\n" for c in rows))
    assert follow(tmp_path / "old", tmp_path / "new", range(1, 9)) == told
