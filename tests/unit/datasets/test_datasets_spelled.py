"""However a file spells its texts, what is private in them is found, and redacting takes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from dataset_rows import chat, good
from hypothesis import given, settings
from hypothesis import strategies as st
from test_datasets_named import DRAWN, KEY_TEXTS, PASSWORD_TEXTS, WORD
from test_datasets_private import PRIVATE, PUBLIC, VENDORS
from test_datasets_samples import AMOUNTS, NOBODYS, PHONES

from tuning.datasets import check_file
from tuning.datasets.private import CODES, find
from tuning.datasets.redact import redact_file

ASCII = str.maketrans({char: f"\\u{ord(char):04X}" for char in "+'&<>"})


def plainly(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def in_ascii(text: str) -> str:
    return json.dumps(text)


def as_php(text: str) -> str:
    return json.dumps(text).replace("/", "\\/")


def as_net(text: str) -> str:
    return json.dumps(text).replace('\\"', "\\u0022").translate(ASCII)


def all_escaped(text: str) -> str:
    units = text.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)) + '"'


WRITERS = [plainly, in_ascii, as_php, as_net, all_escaped]
TEXTS = [
    *(text for text, _, _ in PRIVATE),
    *(f"the key is {prefix}{rest}" for prefix, rest in VENDORS.items()),
    *(text % WORD for text in PASSWORD_TEXTS),
    *(text % DRAWN for text in KEY_TEXTS),
    *PHONES,
    "postgres://admin:Zk4mQ9xT2w@db.corp.net/prod",
    "+33\u00a01\u00a042\u00a068\u00a053\u00a000",
    "4539\u202f8122\u202f0746\u202f3183",
    "536\u201190\u20114399",
]
OTHERS = [
    *PUBLIC,
    *AMOUNTS,
    *NOBODYS,
    "",
    "\\",
    "\\\\",
    "\\/",
    '"',
    "'",
    "é",
    "12 ",
    "日本",
    "\n",
    "C:\\u0040x\\",
]


def written(text: str, writer: Callable[[str], str]) -> bytes:
    row = json.dumps(chat(("system", "Be brief."), ("user", "@"), ("assistant", "ok")))
    return row.replace('"@"', writer(text)).encode()


def file_of(folder: str, rows: list[bytes]) -> Path:
    path = Path(folder) / "rows.jsonl"
    path.write_bytes(b"\n".join([*rows, *(json.dumps(good(n)).encode() for n in range(12))]))
    return path


@pytest.mark.parametrize("writer", WRITERS)
def test_every_way_of_writing_is_read_as_the_same_text(writer: Callable[[str], str]):
    with TemporaryDirectory() as folder:
        path = file_of(folder, [written(text, writer) for text in TEXTS])
        found = [(f.row, f.code) for f in check_file(path, keep=9999).findings if f.code in CODES]
        wanted = [(row, code) for row, text in enumerate(TEXTS, 1) for code in {h.code for h in find(text)}]
        assert sorted(found) == sorted(wanted)
        redact_file(path, Path(folder) / "clean.jsonl")
        assert not set(check_file(Path(folder) / "clean.jsonl").codes) & set(CODES)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.sampled_from([*TEXTS, *OTHERS, *OTHERS]), min_size=1, max_size=5), st.sampled_from(WRITERS)
)
def test_the_check_finds_exactly_what_is_private_in_the_text(pieces: list[str], writer: Callable[[str], str]):
    text = " ".join(pieces)
    with TemporaryDirectory() as folder:
        report = check_file(file_of(folder, [written(text, writer)]))
    assert {code for code in report.codes if code in CODES} == {hit.code for hit in find(text)}
