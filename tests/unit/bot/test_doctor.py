"""`ft-bot doctor`: finds each fault, says what to do about it, and is content when all is well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.doctor import examine, manifest
from bot.settings import Settings
from sandbox.client import Control
from sandbox.server import Sandbox
from storage import migrate
from tests.fakes.backend import FakeBackend
from tests.fakes.bot_process import environment
from tests.fakes.stage import ROOT


class Patient:
    """Settings that can be spoilt, and what the doctor says of them."""

    def __init__(self, env: dict[str, str], sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        self.env, self.sandbox, self._capsys = env, sandbox, capsys

    def settings(self, **changed: str) -> Settings:
        values: dict[str, Any] = {name.lower(): value for name, value in (self.env | changed).items()}
        return Settings(_env_file=None, **values)

    async def told(self, **changed: str) -> tuple[int, str]:
        """(exit code, the lines about what is wrong)."""
        self._capsys.readouterr()
        code = await examine(self.settings(**changed))
        lines = self._capsys.readouterr().out.splitlines()
        return code, "\n".join(line for line in lines if line.startswith(("FAIL", "      ->")))


@pytest.fixture
async def patient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Patient]:
    """Everything is well at first."""
    backend = FakeBackend()
    async with Sandbox(manifest=manifest()) as sandbox, backend.serve() as url:
        patient = Patient(environment(sandbox, url, backend, tmp_path), sandbox, capsys)
        settings = patient.settings()
        settings.ft_data_dir.mkdir()
        await migrate(settings.database_url)
        yield patient


async def test_it_is_content_when_all_is_well(patient: Patient) -> None:
    assert await patient.told() == (0, "")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, ["bot token", "invalid_auth", "OAuth & Permissions"]),
        ({"SLACK_BOT_TOKEN": ""}, ["bot token", "SLACK_BOT_TOKEN is not set", "OAuth & Permissions"]),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, ["app token", "invalid_auth", "connections:write"]),
        ({"SLACK_API_URL": "http://127.0.0.1:9/api/"}, ["bot token", "ClientConnectorError"]),
        ({"OPENAI_API_KEY": "sk-wrong-wrong"}, ["backend", "OPENAI_API_KEY"]),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, ["backend", "127.0.0.1:9", "OPENAI_BASE_URL"]),
        ({"FT_DATABASE_URL": "sqlite:///{folder}/new.db"}, ["database", "ft-bot migrate"]),
        ({"FT_DATABASE_URL": "postgres://ft:hunter2222@127.0.0.1:9/ft"}, ["database", "can't be reached"]),
        ({"FT_DATABASE_URL": "mysql://host/name"}, ["database", "postgresql://"]),
        ({"FT_DATA_DIR": "/dev/null/data"}, ["disk", "/dev/null", "FT_DATA_DIR"]),
    ],
)
async def test_each_fault_is_found_with_its_remedy(
    patient: Patient, tmp_path: Path, changed: dict[str, str], words: list[str]
) -> None:
    spoilt = {name: value.format(folder=tmp_path) for name, value in changed.items()}
    code, told = await patient.told(**spoilt)
    assert code == 1
    assert all(word in told for word in words), told
    assert "      -> " in told
    assert not any(secret in told for secret in ("xoxb-wrong", "xapp-wrong", "sk-wrong", "hunter2222"))


async def test_a_missing_scope_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    less = yaml.safe_load((ROOT / "manifest.yml").read_text())
    less["oauth_config"]["scopes"]["bot"].remove("files:read")
    backend = FakeBackend()
    async with Sandbox(manifest=less) as sandbox, backend.serve() as url:
        code, told = await Patient(environment(sandbox, url, backend, tmp_path), sandbox, capsys).told()
    assert code == 1
    assert "scopes: missing files:read" in told
    assert "reinstall the app" in told


async def test_a_clock_that_is_off_is_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime, timedelta

    class Fast(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=4)

    monkeypatch.setattr("bot.doctor.datetime", Fast)
    code, told = await patient.told()
    assert code == 1
    assert "clock: 2" in told
    assert "NTP" in told


async def test_it_changes_nothing(patient: Patient, tmp_path: Path) -> None:
    await patient.told(
        FT_DATABASE_URL=f"sqlite:///{tmp_path}/none/new.db", FT_DATA_DIR=str(tmp_path / "other")
    )
    assert not (tmp_path / "other").exists()
    async with Control(patient.sandbox.url) as control:
        assert {e["name"] for e in await control.exchanges("call")} <= {"auth.test", "apps.connections.open"}
