"""Where files are written: through links, into pipes, and errors have the target's name."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tuning.datasets.atomic import writing


def test_a_link_is_followed_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "rows.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(real)
    for text in (b"one", b"two"):
        with writing(link) as file:
            file.write(text)
        assert (real.read_bytes(), link.is_symlink()) == (text, True)
    assert [path.name for path in real.parent.iterdir()] == ["rows.jsonl"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with writing(pipe) as file:
        file.write(b"rows")
    reader.join()
    assert (read, pipe.is_fifo()) == ([b"rows"], True)


def test_errors_name_the_target(tmp_path: Path) -> None:
    for target in (tmp_path / "none" / "rows.jsonl", tmp_path, Path(".")):
        with pytest.raises(OSError, match="folder") as caught, writing(target):
            pass
        assert caught.value.filename == str(target)


def test_a_full_disk_is_told_of_the_target(tmp_path: Path) -> None:
    target = tmp_path / "rows.jsonl"
    with pytest.raises(OSError, match="full") as caught, writing(target):
        raise OSError(errno.ENOSPC, "full")
    assert (caught.value.filename, list(tmp_path.iterdir())) == (str(target), [])


def test_a_process_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import time; from pathlib import Path\n"
        "from tuning.datasets.atomic import ended_softly, writing\n"
        f"with ended_softly(), writing(Path({str(tmp_path / 'rows.jsonl')!r})):\n    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    while not list(tmp_path.iterdir()) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
