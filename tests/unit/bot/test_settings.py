"""The settings: from the environment and `.env`, all faults told at once, no secret shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings, SettingsWrong, read_settings

ROOT = Path(__file__).resolve().parents[3]
TOKENS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_SIGNING_SECRET": "0123456789abcdef",
    "OPENAI_API_KEY": "sk-0123456789",
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_all_that_is_missing_is_named_at_once_with_where_to_find_it() -> None:
    with pytest.raises(SettingsWrong) as caught:
        read_settings("run")
    words = str(caught.value)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "OPENAI_API_KEY"):
        assert f"{name} is missing. Find it here: " in words
    assert "SLACK_SIGNING_SECRET" not in words
    assert ".env.example" in words


def test_http_needs_the_signing_secret_and_no_app_token() -> None:
    with pytest.raises(SettingsWrong) as caught:
        read_settings("serve")
    assert "SLACK_SIGNING_SECRET is missing" in str(caught.value)
    assert "SLACK_APP_TOKEN" not in str(caught.value)


def test_what_is_wrong_and_what_is_missing_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, FT_POLL_SECONDS="often", FT_LOG_LEVEL="LOUD", SLACK_API_URL="slack.com/api")
    with pytest.raises(SettingsWrong) as caught:
        read_settings("run")
    words = str(caught.value)
    for name in ("FT_POLL_SECONDS: ", "FT_LOG_LEVEL: ", "SLACK_API_URL: ", "SLACK_BOT_TOKEN is missing"):
        assert name in words


def test_a_backend_of_ones_own_may_do_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **{**TOKENS, "OPENAI_API_KEY": "", "OPENAI_BASE_URL": "http://127.0.0.1:8081/v1"})
    assert read_settings("run").openai_base_url == "http://127.0.0.1:8081/v1"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SLACK_BOT_TOKEN=xoxb-file\nFT_ADMINS=U1, U2\nUNKNOWN=1\n")
    assert read_settings().slack_bot_token.get_secret_value() == "xoxb-file"
    assert read_settings().ft_admins == {"U1", "U2"}
    given(monkeypatch, SLACK_BOT_TOKEN="xoxb-environment")
    assert read_settings().slack_bot_token.get_secret_value() == "xoxb-environment"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, FT_POLL_SECONDS="", FT_DATA_DIR="", SLACK_API_URL="")
    settings = read_settings()
    assert settings.ft_poll_seconds == 10
    assert settings.slack_api_url == "https://slack.com/api/"


def test_a_key_is_taken_without_the_blanks_that_copying_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_BOT_TOKEN=" xoxb-1\n", OPENAI_API_KEY="sk-1 ")
    settings = read_settings()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"
    assert settings.openai_api_key.get_secret_value() == "sk-1"


def test_an_unreadable_file_is_told() -> None:
    Path(".env").write_bytes(b"SLACK_BOT_TOKEN=\xff\xfe\n")
    with pytest.raises(SettingsWrong, match=r"\.env can't be read"):
        read_settings()


def test_settings_are_frozen_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **TOKENS)
    settings = read_settings("run")
    with pytest.raises(ValidationError):
        settings.ft_poll_seconds = 1  # type: ignore[misc]
    assert not any(secret in repr(settings) for secret in TOKENS.values())
    assert set(settings.secrets) == set(TOKENS.values())


def test_the_database_is_a_file_in_the_data_folder_unless_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings().database_url == f"sqlite:///{tmp_path}/data/ft-bot.db"
    given(monkeypatch, FT_DATABASE_URL="postgresql://host/name")
    assert read_settings().database_url == "postgresql://host/name"


def test_the_example_explains_exactly_the_settings_that_there_are() -> None:
    text = (ROOT / ".env.example").read_text()
    named = re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_the_example_s_defaults_are_the_real_ones(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    uncommented = re.sub(r"^#([A-Z_]+=)", r"\1", text, flags=re.MULTILINE)
    (tmp_path / "example").write_text(uncommented)
    assert Settings(_env_file=tmp_path / "example").model_dump() == Settings(_env_file=None).model_dump()
