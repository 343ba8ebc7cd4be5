"""Packed files and UTF-16 become plain text, bounded, or a clear no."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from dataset_rows import good

from tuning.datasets.plain import Plain, is_plain, plain_file
from tuning.datasets.unpack import CannotConvert

TEXT = "".join(json.dumps(good(n) | {"note": "Grüße 😀"}, ensure_ascii=False) + "\n" for n in range(3))
MEGA = 1 << 20


def zipped(*names: str, content: bytes = TEXT.encode()) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("train.jsonl"))
    return out.getvalue()


def made_plain(tmp_path: Path, data: bytes, most: int = MEGA) -> tuple[Plain, bytes]:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert not is_plain(data[:4096])
    how = plain_file(path, path, most)
    assert list(tmp_path.iterdir()) == [path]
    return how, path.read_bytes()


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (gzip.compress(TEXT.encode()), Plain("gzip", "")),
        (zipped("train.jsonl"), Plain("zip", "")),
        (TEXT.encode("utf-16"), Plain("", "utf-16")),
        (TEXT.encode("utf-32"), Plain("", "utf-32")),
        (gzip.compress(b"\xfe\xff" + TEXT.encode("utf-16-be")), Plain("gzip", "utf-16")),
    ],
)
def test_what_is_inside_comes_out_as_utf8(tmp_path: Path, data: bytes, how: Plain) -> None:
    assert made_plain(tmp_path, data) == (how, TEXT.encode())


def test_utf16_without_a_mark_is_told_by_its_zero_bytes(tmp_path: Path) -> None:
    text = json.dumps(good()) + "\r\n"
    assert made_plain(tmp_path, text.encode("utf-16-be")) == (Plain("", "utf-16"), text.encode())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(b"0" * 2 * MEGA), "Unpacked it has more than 1 MB"),
        (zipped("a.jsonl", content=b"0" * 2 * MEGA), "Unpacked it has more than 1 MB"),
        (zipped("train.jsonl", "valid.csv"), "has 2 files that may be the data: `train.jsonl`, `valid.csv`"),
        (zipped(), "is empty"),
        (gzip.compress(TEXT.encode())[:40], "damaged"),
        (zipped("a.jsonl")[:60], "damaged"),
        (tarred(), "tar archive"),
        (lzma.compress(TEXT.encode()), "packed with xz"),
        (bz2.compress(TEXT.encode()), "packed with bzip2"),
        (TEXT.encode("utf-16")[:-1] + b"\xd8\xd8", "UTF-16 text is damaged"),
    ],
)
def test_what_can_not_be_opened_says_why_and_leaves_the_file_alone(
    tmp_path: Path, data: bytes, words: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(CannotConvert, match=words):
        plain_file(path, path, MEGA)
    assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("data", [TEXT.encode(), b"PAR1" + bytes(100), b"\xd0\xcf\x11\xe0" + bytes(100), b""])
def test_what_is_plain_or_no_text_is_left_alone(tmp_path: Path, data: bytes) -> None:
    assert is_plain(data)
    path = tmp_path / "file"
    path.write_bytes(data)
    assert plain_file(path, path, MEGA) == Plain()
    assert path.read_bytes() == data


def test_a_workbook_is_no_archive(tmp_path: Path) -> None:
    data = zipped("xl/workbook.xml", "[Content_Types].xml")
    assert made_plain(tmp_path, data) == (Plain(), data)
