"""Mutated rows and files: whatever comes, the answer is a report."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import good
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_datasets_rules import FINE, TOOL, call, calling, graded, preference

from bench.datasets_fuzz import run
from tuning.datasets import check_file
from tuning.datasets.checker import Checker, Settings
from tuning.datasets.report import Finding, Format
from tuning.datasets.rules import RULES

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["<|endoftext|>", "user"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
SEEDS: list[Any] = [*FINE, preference(), graded(1), calling(call("a"), call("b"))]
FORMATS: list[Format] = ["supervised", "dpo", "reinforcement", "unknown"]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a value."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        found.append((value, key))
        found.extend(places(child))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good row with a few of its values replaced, removed, doubled or renamed, then perhaps torn."""
    row = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 3))):
        spots = places(row)
        if not spots:
            break
        holder, key = draw(st.sampled_from(spots))
        change = draw(st.sampled_from(["replace", "remove", "double", "rename"]))
        if change == "remove":
            del holder[key]
        elif change == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif change == "rename" and isinstance(holder, dict):
            holder[draw(st.text(max_size=5))] = holder.pop(key)
        else:
            holder[key] = draw(JSON)
    line = json.dumps(row, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        return line
    cut = draw(st.integers(0, len(line)))
    return line[:cut] + draw(st.binary(max_size=4)) + line[cut + draw(st.integers(0, 4)) :]


def check_lines(block: bytes, kind: Format, limit: int = 100) -> Checker:
    checker = Checker(Settings(format=kind, encoding="o200k_base", limit=limit))
    checker.feed(block, 0)
    return checker


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(mutated(), min_size=1, max_size=6), kind=st.sampled_from(FORMATS))
def test_mutated_rows_never_raise_and_every_finding_is_of_a_known_rule(lines: list[bytes], kind: Format):
    tally = check_lines(b"\n".join(lines) + b"\n", kind).tally
    assert tally.rows <= tally.lines
    for finding in tally.findings:
        assert finding.code in RULES
        assert finding.row is not None
        assert 1 <= finding.row <= tally.lines
        finding.message.encode()
        finding.path.encode()


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(line=mutated())
def test_the_fast_path_says_what_the_exact_one_says(line: bytes):
    fast, slow = (Checker(Settings(format="supervised", encoding="o200k_base", limit=50)) for _ in range(2))
    slow._fast = False
    for checker in (fast, slow):
        checker.feed(line, 0)
    assert fast.tally == slow.tally


PLAIN = json.dumps(good()).encode()
BESIDE = [
    PLAIN,
    PLAIN + PLAIN,
    b"",
    b" ",
    PLAIN + b"\r",
    json.dumps(good(1), separators=(",", ":")).encode(),
    PLAIN.replace(b'"role"', b'"role": "user", "role"', 1),
    PLAIN.replace(b'"content"', b'"content": "", "content"', 1),
    PLAIN.replace(b'{"messages"', b'{"messages": [], "messages"'),
    PLAIN.replace(b"Be brief.", b"content"),
    PLAIN.replace(b"Be brief.", "\u3000".encode()),
    PLAIN.replace(b"Answer 0.", b" "),
    PLAIN.replace(b"Be brief.", "Sei knapp: 3 Sätze.".encode()),
    PLAIN[:30],
    PLAIN[30:],
    json.dumps({"messages": good()["messages"][1:]}).encode(),
]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    lines=st.lists(mutated() | st.sampled_from(BESIDE) | st.just(PLAIN), max_size=8),
    whole=st.booleans(),
    keep=st.sampled_from([1, 20]),
)
def test_rows_that_are_checked_together_get_what_each_gets_alone(lines: list[bytes], whole: bool, keep: int):
    how = Settings(format="supervised", encoding="o200k_base", limit=50, keep=keep)
    found: list[list[Finding]] = [[], []]
    together, alone = (Checker(how, every.extend) for every in found)
    alone._fast = False
    block = b"\n".join(lines) + b"\n" * whole
    for checker in (together, alone):
        checker.feed(block, 0)
    assert together.tally == alone.tally
    assert found[0] == found[1]
    quiet, bounded = (Checker(how) for _ in range(2))
    bounded._fast = False
    for checker in (quiet, bounded):
        checker.feed(block, 0)
    assert quiet.tally == bounded.tally


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_a_file(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(data)
    assert not check_file(path).ok


def test_hostile_rows_are_findings(tmp_path: Path):
    path = tmp_path / "hostile.jsonl"
    deep = b'{"a":' * 100_000
    rows = [
        deep,
        b"[" * 100_000,
        json.dumps({**good(), "tools": [TOOL] * 5000}).encode(),
        b'{"messages": ['
        + b'{"role": "user", "content": "a"},' * 50_000
        + b'{"role": "assistant", "content": "b"}]}',
        json.dumps(calling(call(arguments="[" * 50_000))).encode(),
        json.dumps(calling(call(arguments='{"n": ' + "9" * 5000 + "}"))).encode(),
        b'{"messages": 1' + b"0" * 6000 + b"}",
        b"{" + b",".join(b'"k%d": 1' % n for n in range(20_000)) + b"}",
        b'{"' + b"k" * 1_000_000 + b'": 1}',
    ]
    path.write_bytes(b"\n".join(rows))
    report = check_file(path)
    assert {f.row for f in report.findings if f.severity == "error"} >= {1, 2, 3, 5, 6, 7, 8, 9}
    assert max(len(f.message) + len(f.path) for f in report.findings) < 600


def test_the_fuzzing_bench_keeps_its_promises_on_a_few_rows_and_files(tmp_path: Path):
    by_row, by_file = run(500, 60, 7, tmp_path)
    assert (by_row.files, by_file.files, by_row.refused + by_file.refused) == (5, 60, 0)
    assert len(by_row.codes) > 30
    assert {"packed", "not_jsonl", "bom"} <= set(by_file.codes)
