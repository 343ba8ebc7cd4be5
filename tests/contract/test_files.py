"""What the domain may rely on of the files' folder: whole or not there, once, and no leftovers."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from storage import KeptFiles, open_files
from storage.errors import DiskFull
from storage.process import Process, this_process

BYTES = b'{"messages": []}\n'
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> KeptFiles:
    return open_files(tmp_path)


def made(files: KeptFiles, name: str = "drop_1") -> Path:
    path = files.temporary(name)
    path.write_bytes(BYTES)
    return path


async def test_a_file_is_kept_under_its_hash_and_not_left_in_the_making(
    files: KeptFiles, tmp_path: Path
) -> None:
    temporary = made(files)
    kept = await files.keep(temporary, SHA256)
    assert kept == files.path(SHA256) == tmp_path / "files" / SHA256[:2] / SHA256
    assert kept.read_bytes() == BYTES
    assert not temporary.exists()


async def test_the_same_bytes_are_kept_once(files: KeptFiles, tmp_path: Path) -> None:
    names = [f"drop_{number}" for number in range(4)]
    await asyncio.gather(*(files.keep(made(files, name), SHA256) for name in names))
    found = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert found == [files.path(SHA256)]
    assert found[0].read_bytes() == BYTES


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "", "a\0b", "x" * 500, "ü/ß"])
def test_a_name_leads_nowhere_else(files: KeptFiles, tmp_path: Path, name: str) -> None:
    path = files.temporary(name)
    assert path.resolve().parent.parent == (tmp_path / "files" / "temporary").resolve()
    path.write_bytes(BYTES)


@pytest.mark.parametrize("sha256", ["", "../" * 21 + "a", SHA256.upper(), SHA256[:-1]])
def test_only_a_hash_is_a_place(files: KeptFiles, sha256: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        files.path(sha256)


def test_what_a_dead_process_left_in_the_making_is_removed_at_the_next_start(tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    dead = KeptFiles(tmp_path / "files", replace(this_process(), pid=child.pid, nonce="1"))
    ours = open_files(tmp_path)
    far = KeptFiles(tmp_path / "files", Process("other-host", 1, "2"))
    forgotten = KeptFiles(tmp_path / "files", Process("other-host", 1, "1"))
    paths = [made(files) for files in (dead, ours, far, forgotten)]
    os.utime(paths[3].parent, (0, 0))
    open_files(tmp_path)
    assert [path.exists() for path in paths] == [False, True, True, False]


async def test_a_kept_file_survives_the_next_start(tmp_path: Path) -> None:
    files = open_files(tmp_path)
    await files.keep(made(files), SHA256)
    assert open_files(tmp_path).path(SHA256).read_bytes() == BYTES


@pytest.mark.parametrize("call", ["fsync", "replace"])
async def test_a_full_disk_is_said_to_be_full_and_leaves_nothing_half(
    files: KeptFiles, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    temporary = made(files)
    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(DiskFull, match=r"disk is full.* MB left"):
            await files.keep(temporary, SHA256)
    assert not files.path(SHA256).exists()
    await files.keep(temporary, SHA256)
    assert files.path(SHA256).read_bytes() == BYTES


async def test_another_trouble_with_the_disk_is_not_called_a_full_one(files: KeptFiles) -> None:
    with pytest.raises(FileNotFoundError):
        await files.keep(files.temporary("never-written"), SHA256)


async def test_what_is_kept_is_listed_counted_and_removed(files: KeptFiles) -> None:
    await files.keep(made(files), SHA256)
    made(files, "drop_2")
    assert [sha256 for sha256, _ in files.kept()] == [SHA256]
    assert files.used() == 2 * len(BYTES)
    files.remove(SHA256)
    files.remove(SHA256)
    assert list(files.kept()) == []
