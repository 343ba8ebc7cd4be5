"""trainer.toml and the command line."""

from pathlib import Path

import pytest

from tests.fakes.trainer_process import TrainerProcess
from trainer import settings
from trainer.__main__ import main
from trainer.addresses import is_loopback


def test_the_shipped_settings_offer_the_tiny_base() -> None:
    assert settings.load().bases["tiny-chat"].tuning == "full"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[limits]\nfile_bites = 1\n[bases.a]\nsource = 'tiny'", "limits.file_bites is not a setting"),
        ("organization = 'x'", "no [bases.NAME] section"),
        ("[bases.a]\nsource = 'tiny'\ntuning = 'half'", 'must be "full" or "lora"'),
        ("[bases.a]\ntuning = 'full'", "source"),
        ("[training]\nexecutor = 'slurm'\n[bases.a]\nsource = 'tiny'", 'must be "local" or "ray"'),
        ("[bases.a]\nsource = 'tiny'\nnodes = 0", "bases.a.nodes must be a whole number from 1, not 0"),
        ("[bases.a]\nsource = 'tiny'\ngpus = 0.5", "bases.a.gpus must be a whole number from 0, not 0.5"),
        ("[bases]\na = 3", "bases.a must be a section of settings, not 3"),
        ("bases = 3", "bases must be a section of settings, not 3"),
        ("[", "rows.toml"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "rows.toml"
    path.write_text(text)
    with pytest.raises(settings.SettingsError) as error:
        settings.load(path)
    assert words in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[serving]\nplaces = 0", "serving.places must be a whole number from 1, not 0"),
        ("[serving]\nplaces = 'x'", "serving.places must be a whole number from 1, not 'x'"),
        ("[serving]\nplaces = true", "serving.places must be a whole number from 1, not True"),
        ("[serving]\nvllm_options = ['--a', 1]", "serving.vllm_options must be a list of texts"),
        ("[serving]\nengine = ['auto']", "serving.engine must be text"),
        ("[training]\nconcurrent = 0", "training.concurrent must be a whole number from 1, not 0"),
        ("[training]\nrestarts = -1", "training.restarts must be a whole number from 0, not -1"),
        ("[training]\ncheckpoint_seconds = 'a'", "training.checkpoint_seconds must be a number from 0"),
        ("[training]\ncheckpoint_seconds = nan", "training.checkpoint_seconds must be a number from 0"),
        ("[bases.a]\nsource = 'tiny'\nbatch_size = 0", "bases.a.batch_size must be a whole number from 1"),
        ("[bases.a]\nsource = 'tiny'\ncontext = 0", "bases.a.context must be a whole number from 1, not 0"),
        ("[bases.a]\nsource = 'tiny'\npacking = 'yes'", "bases.a.packing must be true or false, not 'yes'"),
        ("[bases.a]\nsource = 'tiny'\nlearning_rate = 'x'", "bases.a.learning_rate must be a number above 0"),
        ("[bases.a]\nsource = 'tiny'\nlearning_rate = 0", "bases.a.learning_rate must be a number above 0"),
        ("[bases.a]\nsource = 3", "bases.a.source must be text, not 3"),
        ("organization = 3", "organization must be text, not 3"),
        ("serving = 3", "serving must be a section of settings, not 3"),
        ("[webhooks]\nurl = 'x'", "webhooks must be sections like [[webhooks]]"),
        ("[servings]\nplaces = 1", "servings is not a section; known are bases, limits"),
    ],
)
def test_a_value_of_a_wrong_kind_or_without_sense_is_refused_by_name(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "rows.toml"
    path.write_text(f"{text}\n[bases.b]\nsource = 'tiny'")
    with pytest.raises(settings.SettingsError) as error:
        settings.load(path)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("example.org", False)],
)
def test_loopback_is_told_from_the_world(host: str, local: bool) -> None:
    assert is_loopback(host) == local


def test_listening_to_the_world_needs_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FT_TRAINER_API_KEY", raising=False)
    assert main(["--host", "0.0.0.0", "--port", "0", "--home", str(tmp_path)]) == 2
    assert "set FT_TRAINER_API_KEY first" in capsys.readouterr().err


def test_two_servers_never_share_a_home(trainer: TrainerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--home", str(trainer.home)]) == 2
    assert "another trainer already uses" in capsys.readouterr().err
