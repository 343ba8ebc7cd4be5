"""Splitting: even labels, groups kept together, the same rows for the same seed."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import chat, good
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.datasets import check_file
from tuning.datasets.commands import main_redact, main_split
from tuning.datasets.groups import CannotSplit
from tuning.datasets.redact import redact_file
from tuning.datasets.split import Part, split_file

EXAMPLES = Path(__file__).parents[3] / "examples"
_WORDS = list(
    product(
        ("red", "blue", "green", "small"),
        ("cable", "plug", "lamp", "fuse", "lens"),
        ("kit", "box"),
        ("Oslo", "Lima"),
    )
)


def rows_of(part: Part) -> list[dict[str, Any]]:
    return [json.loads(line) for line in part.path.read_text().splitlines()]


def test_labels_are_spread_evenly_and_every_row_is_in_one_part(tmp_path: Path):
    parts = split_file(EXAMPLES / "news_train.jsonl", tmp_path, validation=0.25, heldout=0.125)
    assert [(part.name, part.rows) for part in parts] == [("train", 80), ("validation", 32), ("heldout", 16)]
    assert [set(part.labels.values()) for part in parts] == [{20}, {8}, {4}]
    lines = [line for part in parts for line in part.path.read_bytes().splitlines()]
    assert Counter(lines) == Counter((EXAMPLES / "news_train.jsonl").read_bytes().splitlines())
    assert check_file(parts[1].path, against=parts[0].path).codes == {"few_rows": 1}


def test_the_same_seed_gives_the_same_rows_whatever_their_order(write, tmp_path: Path):
    rows = [good(n) for n in range(100)]
    folders = [tmp_path / name for name in ("one", "two", "three")]
    chosen = []
    for folder, order, seed in zip(folders, (rows, rows[::-1], rows), (1, 1, 2), strict=True):
        folder.mkdir()
        parts = split_file(write(*order), folder, validation=0.2, heldout=0, seed=seed)
        chosen.append({row["messages"][1]["content"] for row in rows_of(parts[1])})
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(chosen[0]) == 20


def test_rows_with_one_prompt_stay_together(write, tmp_path: Path):
    rows = [chat(("user", f"Question {n % 20}?"), ("assistant", f"Answer {n}.")) for n in range(100)]
    parts = split_file(write(*rows), tmp_path, validation=0.2, heldout=0.2)
    prompts = [{row["messages"][0]["content"] for row in rows_of(part)} for part in parts]
    assert [part.rows for part in parts] == [60, 20, 20]
    assert not prompts[0] & prompts[1]
    assert not (prompts[0] | prompts[1]) & prompts[2]


def test_rows_that_are_nearly_the_same_stay_together(write, tmp_path: Path):
    asks = [f"Which {a} {b} comes with the {c} that we sell in {d}?" for a, b, c, d in _WORDS]
    rows = [
        chat(("user", f"{ask}{please}"), ("assistant", f"It is number {n} of the list, and it fits."))
        for n, ask in enumerate(asks)
        for please in ("", " Please tell me.")
    ]
    parts = split_file(write(*rows), tmp_path / "parts", validation=0.2, heldout=0.2, seed=5)
    assert [part.rows for part in parts] == [96, 32, 32]
    for part in parts[1:]:
        assert "leaked_row" not in check_file(part.path, against=parts[0].path).codes


def test_rows_of_one_template_are_split_all_the_same(write, tmp_path: Path):
    asks = [f"Please read the long text below with care and tell me the code of item {n}." for n in range(60)]
    rows = [chat(("user", ask), ("assistant", f"The code is {n}.")) for n, ask in enumerate(asks)]
    parts = split_file(write(*rows), tmp_path / "parts", validation=0.2, heldout=0.2)
    assert [part.rows for part in parts] == [36, 12, 12]


def test_a_key_that_is_trained_on_is_no_group(write, tmp_path: Path):
    path = write(*[good(n) for n in range(30)])
    for key in ("messages", "tools", "preferred_output"):
        with pytest.raises(CannotSplit, match="part of what is trained on"):
            split_file(path, tmp_path / "parts", group_by=key)
    assert not (tmp_path / "parts").exists()


def test_a_part_of_an_earlier_split_is_not_left_beside_the_new_ones(write, tmp_path: Path):
    path = write(*[good(n) for n in range(30)])
    first = split_file(path, tmp_path / "parts")
    with pytest.raises(CannotSplit, match=r"heldout\.jsonl is of an earlier split: delete it"):
        split_file(path, tmp_path / "parts", heldout=0)
    first[2].path.unlink()
    assert [part.name for part in split_file(path, tmp_path / "parts", heldout=0)] == ["train", "validation"]


def test_without_its_group_a_row_keeps_its_bytes(tmp_path: Path):
    row = b'{"user": %d, "messages": [{"role":"user", "content":"n\\u00e4h %d"},'
    row += b' {"role":"assistant","content":"x"}],  "reference": [1e400, 0.12345678901234567890]}'
    path = tmp_path / "exact.jsonl"
    path.write_bytes(b"".join(row % (n, n) + b"\n" for n in range(30)))
    parts = split_file(path, tmp_path, group_by="user")
    lines = {line for part in parts for line in part.path.read_bytes().splitlines()}
    wanted = b'{"messages": [{"role":"user", "content":"n\\u00e4h 7"}, {"role":"assistant","content":"x"}], '
    assert wanted + b'"reference": [1e400, 0.12345678901234567890]}' in lines


def test_rows_with_one_prompt_stay_together_whatever_their_groups(write, tmp_path: Path):
    rows = [
        {**chat(("user", f"Question {n % 30}?"), ("assistant", f"Answer {n}.")), "customer": n}
        for n in range(60)
    ]
    parts = split_file(write(*rows), tmp_path, validation=0.2, heldout=0.2, group_by="customer")
    asked = [{row["messages"][0]["content"] for row in rows_of(part)} for part in parts]
    assert sum(map(len, asked)) == 30 == len(set().union(*asked))
    chain = [{**row, "customer": (n + 1) // 2} for n, row in enumerate(sorted(rows, key=str))]
    with pytest.raises(CannotSplit, match="too few rows or groups"):
        split_file(write(*chain), tmp_path, group_by="customer")


def test_packed_and_wide_files_are_split_and_redacted_like_any_other(write, tmp_path: Path):
    told = chat(("user", "I am ada@engines.io"), ("assistant", "Hello!"))
    plain = write(told, *(good(n) for n in range(40)), name="set").read_text()
    forms = {
        "set.jsonl.gz": gzip.compress(plain.encode()),
        "wide.jsonl": plain.encode("utf-16"),
        "bom.jsonl": b"\xef\xbb\xbf" + plain.encode(),
    }
    for name, data in forms.items():
        source, target = tmp_path / name, tmp_path / "clean.jsonl"
        source.write_bytes(data)
        parts = split_file(source, tmp_path / "new" / "folder", validation=0.25, heldout=0)
        assert sum(part.rows for part in parts) == 41
        assert parts[0].path.name == f"{name.split('.')[0]}.train.jsonl"
        assert check_file(parts[0].path).codes.keys() <= {"few_rows", "email_address", "missing_system"}
        assert (redact_file(source, target).rows, redact_file(source, target).unreadable) == (1, [])
        assert b"[EMAIL]" in target.read_bytes()
        assert b"ada@" not in target.read_bytes()


def test_rows_that_a_split_leaves_out_are_told(write, tmp_path: Path):
    out = io.StringIO()
    assert main_split(write(b"{", *(good(n) for n in range(40))), tmp_path / "parts", out=out) == 1
    assert "Left out 1 rows without readable messages" in out.getvalue()


def test_a_key_of_the_rows_can_name_their_group_and_is_left_out(write, tmp_path: Path):
    rows = [{**good(n), "customer": n % 10} for n in range(100)]
    parts = split_file(write(*rows), tmp_path, validation=0.2, heldout=0.1, group_by="customer")
    assert [part.rows for part in parts] == [70, 20, 10]
    assert all(set(row) == {"messages"} for part in parts for row in rows_of(part))
    with pytest.raises(CannotSplit, match="'shop'"):
        split_file(write(*rows), tmp_path, group_by="shop")


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=3, max_size=30),
    share=st.sampled_from([0.1, 0.2, 0.3]),
    seed=st.integers(0, 99),
)
def test_no_group_is_ever_torn(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], share: float, seed: int
):
    folder = tmp_path_factory.mktemp("split")
    source = folder / "set.jsonl"
    rows = [
        chat(("user", f"q{group}"), ("assistant", f"a{group} {n}"))
        for group, size in enumerate(sizes)
        for n in range(size)
    ]
    source.write_text("\n".join(map(json.dumps, rows)))
    try:
        parts = split_file(source, folder, validation=share, heldout=0, seed=seed)
    except CannotSplit:
        return
    prompts = [{row["messages"][0]["content"] for row in rows_of(part)} for part in parts]
    assert not prompts[0] & prompts[1]
    assert sum(part.rows for part in parts) == len(rows)


@pytest.mark.parametrize("shares", [(0.0, 0.0), (1.0, 0.0), (0.6, 0.5), (-0.1, 0.5)])
def test_shares_that_make_no_sense_are_refused(write, tmp_path: Path, shares: tuple[float, float]):
    with pytest.raises(CannotSplit, match="Shares"):
        split_file(write(*(good(n) for n in range(9))), tmp_path, validation=shares[0], heldout=shares[1])


def test_too_few_rows_are_refused_and_nothing_is_written(write, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    for count in (2, 4):
        with pytest.raises(CannotSplit, match="too few"):
            split_file(write(*(good(n) for n in range(count))), out)
    assert list(out.iterdir()) == []


def test_the_commands_tell_what_they_wrote(write, tmp_path: Path):
    out, err = io.StringIO(), io.StringIO()
    source = write(*(good(n) for n in range(40)), chat(("user", "I am ada@engines.io"), ("assistant", "Hi")))
    assert main_split(source, tmp_path, out=out, err=err) == 0
    assert "rows.train.jsonl: 33 rows" in out.getvalue()
    assert main_split(tmp_path / "missing", tmp_path, out=out, err=err) == 2
    assert main_redact(source, tmp_path / "clean.jsonl", out=out, err=err) == 0
    assert "1 row changed; replaced email_address 1" in out.getvalue()
    assert main_redact(tmp_path / "missing", tmp_path / "x", out=out, err=err) == 2
