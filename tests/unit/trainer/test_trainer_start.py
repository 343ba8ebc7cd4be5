"""What `ft-bot trainer` says when something is not there."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import openai
import pytest

from tests.fakes.raw_http import send
from tests.fakes.trainer_process import ROOT, running_trainer
from trainer.__main__ import main
from trainer.extras import TRAINER
from trainer.jobs import child

RAY = "[training]\nexecutor = 'ray'\n[ray]\nfolder = '{}'\n[bases.a]\nsource = 'tiny'\n"


def start(home: Path, config: str = "") -> int:
    options = ["--port", "0", "--home", str(home)]
    if config:
        path = home.with_name("trainer.toml")
        path.write_text(config)
        options += ["--config", str(path)]
    return main(options)


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert start(tmp_path / "home") == 2
    said = capsys.readouterr().err
    assert said == "trainer: not installed: torch. Run pip install 'ft-bot[trainer]', then start again.\n"
    assert not (tmp_path / "home").exists()


def test_a_base_installation_gets_as_far_as_these_words(tmp_path: Path) -> None:
    blocked = f"import sys; sys.modules.update(dict.fromkeys({TRAINER!r}))"
    code = f"{blocked}; from trainer.__main__ import main; sys.exit(main(sys.argv[1:]))"
    options = ["--port", "0", "--home", str(tmp_path / "home")]
    done = subprocess.run([sys.executable, "-c", code, *options], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("trainer: not installed: accelerate, datasets, jinja2, ")


def test_without_the_extra_for_a_cluster_it_says_so_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert start(tmp_path / "home", RAY.format("")) == 2
    assert "pip install 'ft-bot[trainer,ray]'" in capsys.readouterr().err


def test_a_shared_folder_that_is_not_mounted_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(tmp_path / "home", RAY.format(tmp_path / "nowhere")) == 2
    assert f"ray.folder {tmp_path / 'nowhere'} is not there" in capsys.readouterr().err


def test_jobs_that_stand_in_the_home_are_not_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (tmp_path / "home" / "jobs" / "ftjob-a").mkdir(parents=True)
    assert start(tmp_path / "home", RAY.format(shared)) == 2
    said = capsys.readouterr().err
    assert f"{tmp_path / 'home' / 'jobs'} holds jobs already: move them to {shared}" in said


def test_a_worker_gets_no_secret_but_the_one_for_gated_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FT_TRAINER_API_KEY", "SLACK_BOT_TOKEN", "WEBHOOK_SECRET", "DB_PASSWORD", "HF_TOKEN"):
        monkeypatch.setenv(name, "s3cret")
    given = child.environment(threads=1)
    assert [name for name, value in given.items() if value == "s3cret"] == ["HF_TOKEN"]


def test_a_damaged_database_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "trainer.db").write_bytes(b"no database " * 1000)
    assert start(home) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{home / 'trainer.db'} is damaged" in said
    assert "put a backup in its place, or move it away" in said


def test_a_home_that_is_removed_under_the_server_is_told_to_all_and_once_to_the_log(tmp_path: Path) -> None:
    with running_trainer(tmp_path / "home", idle=True) as trainer:
        job = trainer.client().fine_tuning.jobs
        shutil.move(tmp_path / "home", tmp_path / "elsewhere")
        for path in ("/healthz", "/v1/models"):
            answer = send(trainer.url, "GET", path)
            assert (answer.status, answer.error["code"]) == (503, "home_missing")
        with pytest.raises(openai.InternalServerError, match="was removed while it ran"):
            job.create(model="tiny-chat", training_file="file-1")
        time.sleep(0.7)
        shutil.move(tmp_path / "elsewhere", tmp_path / "home")
        assert send(trainer.url, "GET", "/healthz").status == 200
    log = (tmp_path / "home.log").read_text()
    assert log.count("is gone: no job goes on until it is back") == 1
    assert "Traceback" not in log
