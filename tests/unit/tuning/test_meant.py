"""Which dropped files are taken for training data, by their names and their first bytes."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.views.views_samples import thrifty
from tuning.dropped import free_name
from tuning.meant import HEAD_BYTES, begins_like_data, told_by_name, worth_a_look
from tuning.records import SharedFile

ROW = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
LOG = b"".join(
    json.dumps({"level": "info", "at": n, "message": "started"}).encode() + b"\n" for n in range(9)
)
LIST = b'[\n  {"question": "a", "answer": "b"}\n]'


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", b"")
        for name, content in members.items():
            archive.writestr(f"folder/{name.replace('_', '.')}", content)
    return out.getvalue()


def tarred(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(ROW)
        archive.addfile(info, io.BytesIO(ROW))
    return out.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "a.jsonl",
        "A.NDJSON",
        "a.csv",
        "a.xls",
        "a.json",
        "train.jsonl.gz",
        "a.csv.zip",
        "a.jsonl.zst",
        "a.tsv",
    ],
)
def test_a_name_tells(name: str) -> None:
    assert told_by_name(name)


@pytest.mark.parametrize(
    "name", ["a.txt", "a", "a.gz", "a.zip", "a.log", "jsonl", "a.jsonl.py", "a.tar.gz", ""]
)
def test_a_name_tells_nothing(name: str) -> None:
    assert not told_by_name(name)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("rows.txt", ROW),
        ("rows", ROW),
        ("rows.txt", b"\xef\xbb\xbf\r\n" + ROW),
        ("rows.txt", ROW.decode().encode("utf-16")),
        ("rows.txt", ROW.decode().encode("utf-16-le")),
        ("rows.txt", LIST),
        ("rows", b'[{"a": 1}, {"a": 2}]'),
        ("rows.txt", b"# my rows\n" + ROW * 3),
        ("rows.txt", b'{"messages": [\n' + ROW * 3),
        ("rows.dat", LOG),
        ("rows.bak", ROW * 3),
        ("rows.log", ROW * 3),
        ("rows.gz", gzip.compress(ROW * 3)),
        ("rows.txt.gz", gzip.compress(LIST)),
        ("rows", gzip.compress(ROW * 50_000)[:HEAD_BYTES]),
        ("rows.zip", zipped(train_jsonl=b"anything")),
        ("rows.zip", zipped(table_csv=b"a,b\n")),
        ("rows.zip", zipped(rows_txt=ROW)),
        ("rows.zip", zipped(rows_json=LIST)),
        ("rows.zip", zipped(README_md=b"# Rows\n", LICENSE=b"MIT\n", train_jsonl=ROW)),
        ("rows.zip", zipped(prepare_py=b"import os\n", train_jsonl=ROW, valid_jsonl=ROW)),
        ("rows.tgz", tarred("train.jsonl")),
    ],
)
def test_data_is_recognised_by_how_it_begins(name: str, head: bytes) -> None:
    assert begins_like_data(name, head)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("notes.txt", b"hello, world\n"),
        ("notes.txt", "hallo, w\u00f6rld\n".encode("utf-16")),
        ("app.txt", b"[2026-11-25 18:00:01] INFO started\n[2026-11-25 18:00:02] INFO ready\n"),
        ("setup", b"[section]\nname = value\n"),
        ("app.log", LOG),
        ("app.log.gz", gzip.compress(LOG)),
        ("logs.zip", zipped(app_log=LOG)),
        ("app.log", b'[2026-11-25] {"a": 1}\n'),
        ("letter.rtf", b"{\\rtf1\\ansi hello}"),
        ("letter", b"{\\rtf1\\ansi hello}"),
        ("page.txt", b"{% extends 'base.html' %}\n"),
        ("book.ipynb", b'{\n "cells": [\n'),
        ("main.py", b"import os\n"),
        ("main.c", b"{ int a; }\n"),
        ("app.js", b'[{"a": 1}].map(print)\n'),
        ("values.yaml", b'{"a": 1}\n'),
        ("photo", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("photos.zip", zipped(photo_png=b"\x89PNG\r\n\x1a\n")),
        ("code.zip", zipped(readme_md=b"# Code\n", main_py=b"import os\n", train_jsonl=ROW)),
        ("words.zip", zipped(readme_md=b"# Words\n")),
        ("code.zip", zipped(package_json=b'{\n  "name": "app"\n}\n')),
        ("letter.docx", zipped(Content_Types_xml=b"<?xml version='1.0'?>")),
        ("code.tar.gz", tarred("setup.py")),
        ("damaged.gz", b"\x1f\x8b\x08" + bytes(50)),
        ("damaged.zip", b"PK\x03\x04" + b"\xff" * 60),
        ("empty.txt", b""),
        ("empty", b"\n\n"),
    ],
)
def test_chatter_logs_images_and_code_are_left_alone(name: str, head: bytes) -> None:
    assert not begins_like_data(name, head)


def test_other_media_are_not_even_looked_into() -> None:
    assert not worth_a_look(SharedFile("F1", "rows", 10, "image/png", ""))
    assert worth_a_look(SharedFile("F1", "rows", 10**9, "application/zip", ""))


@thrifty
@given(
    st.text(max_size=20),
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"[{"]),
)
def test_nothing_that_somebody_drops_makes_it_stumble(name: str, head: bytes, magic: bytes) -> None:
    assert begins_like_data(name, magic + head) in (True, False)
    assert told_by_name(name) in (True, False)


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("News 2026.jsonl", "news-2026"),
        ("train.jsonl.gz", "train"),
        ("my.rows.zip", "my.rows"),
        ("rows", "rows"),
        ("v1.2", "v1.2"),
        (".jsonl", "jsonl"),
        ("???", "dataset"),
        ("Ünïcödé.jsonl", "unicode"),
        ("日本語.jsonl", "dataset"),
    ],
)
def test_a_dataset_is_named_after_its_file(filename: str, name: str) -> None:
    assert free_name(filename, []) == name


def test_a_second_name_is_no_longer_than_the_form_for_renaming_takes() -> None:
    first = free_name("x" * 60 + ".jsonl", [])
    assert (len(first), free_name("x" * 60 + ".jsonl", [first])) == (40, "x" * 38 + "-2")
