"""Which file of an archive is the data."""

from __future__ import annotations

import pytest

from tuning.datasets.members import data_members


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["README.md", "train.jsonl"], ["train.jsonl"]),
        (["a/", "a/LICENSE", "a/train.csv", "__MACOSX/a/._train.csv", "a/.DS_Store"], ["a/train.csv"]),
        (["train.jsonl", "dataset_info.json"], ["train.jsonl"]),
        (["info.json", "prepare.py"], ["info.json"]),
        (["train.jsonl", "prepare.py", "notes.txt"], ["train.jsonl"]),
        (["train.jsonl", "valid.csv"], ["train.jsonl", "valid.csv"]),
        (["rows.txt"], ["rows.txt"]),
        (["rows"], ["rows"]),
        (["one.txt", "two.txt", "readme"], ["one.txt", "two.txt"]),
        (["readme.txt"], ["readme.txt"]),
        (["readme.jsonl", "README"], ["readme.jsonl"]),
        ([".hidden/train.jsonl", "rows.jsonl"], ["rows.jsonl"]),
        ([".rows.jsonl"], [".rows.jsonl"]),
        (["a/", "__MACOSX/._a"], []),
    ],
)
def test_the_data_is_told_from_what_lies_beside_it(names: list[str], found: list[str]) -> None:
    assert data_members(names) == found
